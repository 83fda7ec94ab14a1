package import Broker
import CLinux
import Glibc
import Metadata
import Vocabulary

/// What a configuration file says, checked and typed: all a broker needs to start.
package struct BrokerSettings: Sendable {
    package var nodeID: Int32
    package var clusterID: String?
    /// For clients.
    package var listeners: [Listener]
    /// As clients are told; a port of 0 stands for the one that the listener of that name got.
    package var advertised: [Listener]
    /// For the quorum's other replicas: those of `listeners` that `controller.listener.names` names.
    package var controllerListeners: [Listener]
    /// As the other replicas are told; nil: there is none.
    package var controllerAdvertised: Listener?
    package var zookeeperListeners: [Listener]
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
        let all = reader.listeners("listeners") ?? []
        let told = reader.listeners("advertised.listeners") ?? all
        let forReplicas = reader.list("controller.listener.names").map { $0.uppercased() }
        listeners = all.filter { !forReplicas.contains($0.name) }
        advertised = told.filter { !forReplicas.contains($0.name) }
        controllerListeners = all.filter { forReplicas.contains($0.name) }
        controllerAdvertised = Self.first(forReplicas, of: told) ?? Self.first(forReplicas, of: all)
        zookeeperListeners = reader.addresses(
            "zookeeper.listeners", listener: ZooKeeperSettings.listenerName, like: "127.0.0.1:2181")
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
        broker.quorum = reader.quorum(of: broker.nodeID, listensAt: controllerAdvertised)
        broker.zookeeper = reader.zookeeper()
        for property in properties.properties { broker.properties[property.name] = property.value }
        self.broker = broker
        withoutEffect = properties.properties.map(\.name).filter {
            ConfigCatalogue.broker[$0]?.effect == .later
        }

        checkListeners(&reader, advertised: told)
        if logDirs.isEmpty { reader.add("log.dirs", "names no directory") }
        if Set(logDirs).count != logDirs.count { reader.add("log.dirs", "names a directory twice") }
        if !reader.problems.isEmpty { throw SettingsProblems(problems: reader.problems) }
    }

    private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
    private static let yearMs = 366 * 24 * 3_600_000

    /// The listener that the earliest of `names` names.
    private static func first(_ names: [String], of listeners: [Listener]) -> Listener? {
        names.lazy.compactMap { name in listeners.first { $0.name == name } }.first
    }

    private func checkListeners(_ reader: inout SettingsReader, advertised told: [Listener]) {
        let protocols = reader.pairs("listener.security.protocol.map")
        let forReplicas = Set(controllerListeners.map(\.name))
        if listeners.isEmpty, !controllerListeners.isEmpty {
            reader.add("listeners", "names no listener for clients: all are in controller.listener.names")
        }
        if forReplicas.contains(ZooKeeperSettings.listenerName) {
            reader.add(
                "controller.listener.names",
                "\(ZooKeeperSettings.listenerName) is what zookeeper.listeners is called; take another name")
        }
        for listener in listeners + controllerListeners {
            // As in Kafka, the replicas' listener may go without an entry in the map.
            let known = protocols[listener.name] ?? (forReplicas.contains(listener.name) ? "PLAINTEXT" : nil)
            if known == nil {
                let hint =
                    listener.name == "CONTROLLER"
                    ? "; if it is for the quorum, name it in controller.listener.names" : ""
                reader.add(
                    "listeners", "\(listener.name) has no protocol in listener.security.protocol.map\(hint)")
            } else if known != "PLAINTEXT" {
                reader.add(
                    "listeners", "\(listener.name) asks for \(known!), which is not built yet; use PLAINTEXT")
            }
        }
        for listener in told
        where !(listeners + controllerListeners).contains(where: { $0.name == listener.name }) {
            reader.add("advertised.listeners", "\(listener.name) is not one of 'listeners'")
        }
        for listener in told where listener.host == "0.0.0.0" || listener.host == "::" {
            reader.add(
                "advertised.listeners",
                "\(forReplicas.contains(listener.name) ? "replicas" : "clients") cannot connect to \(listener.host); set "
                    + "advertised.listeners to an address they can reach")
        }
    }
}

/// All that is wrong with a configuration: one line each.
package struct SettingsProblems: Error, Sendable, CustomStringConvertible {
    package let problems: [SettingsProblem]
    package init(problems: [SettingsProblem]) { self.problems = problems }
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
