import Metadata

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

    /// `host:port,host:port`, or nothing.
    mutating func addresses(_ name: String, listener: String, like example: String) -> [Listener] {
        if bad.contains(name) { return [] }
        return list(name).compactMap { item in
            if let found = Listener("\(listener)://\(item)") { return found }
            add(name, "'\(item)' is not host:port, like \(example)")
            return nil
        }
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
        if isOfKafkasZooKeeper(name) {
            return "'\(name)' is not needed: the cluster needs no ZooKeeper; remove the line"
        }
        let near = ConfigCatalogue.broker.names
            .map { (name: $0, distance: distance(name, $0)) }
            .filter { $0.distance <= max(2, name.count / 5) }
            .min { $0.distance < $1.distance }
        return "unknown property '\(name)'" + (near.map { "; did you mean '\($0.name)'?" } ?? "")
    }

    /// Kafka's own properties of the time when it needed a ZooKeeper. What else begins with `zookeeper.` is ours.
    private static func isOfKafkasZooKeeper(_ name: String) -> Bool {
        [
            "zookeeper.connect", "zookeeper.connection.timeout.ms", "zookeeper.session.timeout.ms",
            "zookeeper.set.acl", "zookeeper.max.in.flight.requests", "zookeeper.clientCnxnSocket",
            "zookeeper.metadata.migration.enable",
        ].contains(name) || name.hasPrefix("zookeeper.ssl.")
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
