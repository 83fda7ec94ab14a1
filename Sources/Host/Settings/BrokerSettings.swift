package import Broker
import CLinux
import Glibc
import Metadata
import Vocabulary

/// What a configuration file says, checked and typed: all a broker needs to start.
package struct BrokerSettings: Sendable {
    package var nodeID: Int32
    package var clusterID: String?
    package var listeners: [Listener]
    /// As clients are told; a port of 0 stands for the one that the listener of that name got.
    package var advertised: [Listener]
    package var logDirs: [String]
    /// Nil: no HTTP.
    package var httpListener: Listener?
    package var backlog: Int32
    package var connectionsMax: Int
    package var connectionsPerAddressMax: Int
    package var connectionsPerAddressOverrides: [String: Int]
    /// Threads that open and recover logs at the start.
    package var recoveryThreads: Int
    package var reactor: ReactorSettings
    /// What the loops use; endpoints follow once the listeners are open.
    package var broker: BrokerConfig
    /// Set by the operator, accepted, and without effect yet.
    package var withoutEffect: [String]

    /// - Throws: every problem there is, with its place.
    package init(_ properties: Properties) throws(SettingsProblems) {
        var reader = SettingsReader(properties)
        reader.checkAll()
        nodeID = Int32(clamping: reader.int("node.id", or: "broker.id"))
        clusterID = reader.text("cluster.id")
        listeners = reader.listeners("listeners") ?? []
        advertised = reader.listeners("advertised.listeners") ?? listeners
        let dirs = reader.list("log.dirs")
        logDirs = dirs.isEmpty ? reader.list("log.dir") : dirs
        httpListener = reader.address("http.listener")
        backlog = Int32(clamping: reader.int("socket.listen.backlog.size"))
        connectionsMax = reader.int("max.connections")
        connectionsPerAddressMax = reader.int("max.connections.per.ip")
        connectionsPerAddressOverrides = reader.counts("max.connections.per.ip.overrides")

        recoveryThreads = max(
            Self.cores, min(64, reader.int("num.recovery.threads.per.data.dir") * logDirs.count))

        var reactor = ReactorSettings()
        let threads = reader.int("num.network.threads")
        reactor.dataLoops = min(LoopID.countMax, threads > 0 ? threads : Self.cores)
        let idleMs = reader.int("connections.max.idle.ms")
        reactor.idleNanoseconds =
            Int64(idleMs < 0 || idleMs > Self.yearMs ? Self.yearMs : max(1, idleMs)) * 1_000_000
        reactor.sendBufferBytes = Int32(clamping: reader.int("socket.send.buffer.bytes"))
        reactor.receiveBufferBytes = Int32(clamping: reader.int("socket.receive.buffer.bytes"))
        self.reactor = reactor

        var broker = BrokerConfig()
        broker.nodeID = BrokerID(nodeID)
        broker.rack = reader.text("broker.rack")
        broker.dataLoops = reactor.dataLoops
        broker.socketRequestMaxBytes = reader.int("socket.request.max.bytes")
        broker.fetchMaxBytes = reader.int("fetch.max.bytes")
        broker.fetchSessionSlots = reader.int("max.incremental.fetch.session.cache.slots")
        broker.autoCreateTopics = reader.isOn("auto.create.topics.enable")
        broker.requestPartitionsMax = reader.int("max.request.partition.size.limit")
        broker.diskMinFreeBytes = Int64(reader.int("log.dir.min.free.bytes"))
        broker.diskThrottleFreeBytes = Int64(reader.int("log.dir.throttle.free.bytes"))
        for property in properties.properties { broker.properties[property.name] = property.value }
        self.broker = broker
        withoutEffect = properties.properties.map(\.name).filter {
            ConfigCatalogue.broker[$0]?.effect == .later
        }

        checkListeners(&reader)
        if logDirs.isEmpty { reader.add("log.dirs", "names no directory") }
        if Set(logDirs).count != logDirs.count { reader.add("log.dirs", "names a directory twice") }
        if !reader.problems.isEmpty { throw SettingsProblems(problems: reader.problems) }
    }

    private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
    private static let yearMs = 366 * 24 * 3_600_000

    private func checkListeners(_ reader: inout SettingsReader) {
        let protocols = reader.pairs("listener.security.protocol.map")
        for listener in listeners {
            let known = protocols[listener.name]
            if known == nil {
                reader.add("listeners", "\(listener.name) has no protocol in listener.security.protocol.map")
            } else if known != "PLAINTEXT" {
                reader.add(
                    "listeners", "\(listener.name) asks for \(known!), which is not built yet; use PLAINTEXT")
            }
        }
        for listener in advertised {
            if !listeners.contains(where: { $0.name == listener.name }) {
                reader.add("advertised.listeners", "\(listener.name) is not one of 'listeners'")
            }
            if listener.host == "0.0.0.0" || listener.host == "::" {
                reader.add(
                    "advertised.listeners",
                    "clients cannot connect to \(listener.host); set advertised.listeners to an address they can reach"
                )
            }
        }
    }
}

/// All that is wrong with a configuration: one line each.
package struct SettingsProblems: Error, Sendable, CustomStringConvertible {
    package let problems: [SettingsProblem]
    package init(problems: [SettingsProblem]) { self.problems = problems }
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Reads typed values and gathers what is wrong with them.
struct SettingsReader {
    private let properties: Properties
    private(set) var problems: [SettingsProblem]
    private var bad: Set<String> = []

    init(_ properties: Properties) {
        self.properties = properties
        problems = properties.problems
    }

    mutating func add(_ name: String, _ message: String) {
        problems.append(
            SettingsProblem(
                place: properties.property(name)?.place ?? "default", message: "\(name): \(message)"))
    }

    /// Every property against the catalogue: unknown names, and values of a wrong type or out of range.
    mutating func checkAll() {
        for property in properties.properties {
            do throws(ConfigError) {
                guard let definition = ConfigCatalogue.broker[property.name] else {
                    problems.append(
                        SettingsProblem(place: property.place, message: Self.unknown(property.name)))
                    continue
                }
                try definition.validate(property.value)
            } catch {
                bad.insert(property.name)
                problems.append(SettingsProblem(place: property.place, message: error.message))
            }
        }
    }

    /// The value in force: the operator's, or the default. Nil also where the operator's is bad.
    func text(_ name: String) -> String? {
        if bad.contains(name) { return ConfigCatalogue.broker[name]?.defaultValue }
        return properties[name] ?? ConfigCatalogue.broker[name]?.defaultValue
    }

    func int(_ name: String, or older: String? = nil) -> Int {
        if let older, properties[name] == nil, properties[older] != nil { return int(older) }
        return Int(text(name) ?? "") ?? 0
    }

    func isOn(_ name: String) -> Bool { text(name)?.lowercased() == "true" }
    func list(_ name: String) -> [String] { ConfigDefinition.list(text(name) ?? "") }

    mutating func listeners(_ name: String) -> [Listener]? {
        guard let text = text(name), !text.isEmpty else { return nil }
        switch Listener.list(text) {
        case .success(let list): return list
        case .failure(let problem):
            add(name, problem.message)
            return nil
        }
    }

    /// `host:port`, or nothing.
    mutating func address(_ name: String) -> Listener? {
        guard let text = text(name), !text.isEmpty else { return nil }
        if let listener = Listener("HTTP://\(text)") { return listener }
        add(name, "'\(text)' is not host:port, like 127.0.0.1:8080")
        return nil
    }

    /// `a:1,b:2`
    func pairs(_ name: String) -> [String: String] {
        var found: [String: String] = [:]
        for item in list(name) {
            guard let colon = item.lastIndex(of: ":") else { continue }
            found[String(item[..<colon]).uppercased()] = String(item[item.index(after: colon)...])
                .uppercased()
        }
        return found
    }

    mutating func counts(_ name: String) -> [String: Int] {
        var found: [String: Int] = [:]
        for item in list(name) {
            guard let colon = item.lastIndex(of: ":"), let count = Int(item[item.index(after: colon)...]),
                count >= 0
            else {
                add(name, "'\(item)' is not address:count")
                continue
            }
            found[String(item[..<colon])] = count
        }
        return found
    }

    // MARK: - Suggestions

    private static func unknown(_ name: String) -> String {
        if let topic = ConfigCatalogue.topic[name] {
            let broker = topic.brokerSynonym.map { "; for all topics set '\($0)'" } ?? ""
            return "'\(name)' is a topic's configuration, not a broker's\(broker)"
        }
        if name.hasPrefix("zookeeper.") {
            return "'\(name)' is not needed: the cluster needs no ZooKeeper; remove the line"
        }
        let near = ConfigCatalogue.broker.names
            .map { (name: $0, distance: distance(name, $0)) }
            .filter { $0.distance <= max(2, name.count / 5) }
            .min { $0.distance < $1.distance }
        return "unknown property '\(name)'" + (near.map { "; did you mean '\($0.name)'?" } ?? "")
    }

    /// How many letters must be put in, taken out or changed (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.utf8)
        var row = Array(0...b.count)
        for (i, letter) in a.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let cost = min(diagonal + (letter == b[j] ? 0 : 1), row[j] + 1, row[j + 1] + 1)
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[b.count]
    }
}
