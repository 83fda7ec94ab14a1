import Vocabulary

/// The configurations of one kind of resource, by name.
package struct ConfigCatalogue: Sendable {
    /// `topic` or `broker`, for messages.
    package let kind: String
    package private(set) var definitions: [String: ConfigDefinition] = [:]
    /// Sorted.
    package private(set) var names: [String] = []

    package static let topic = ConfigCatalogue("topic") { $0.addTopicConfigs() }
    package static let broker = ConfigCatalogue("broker") {
        $0.addBrokerBasics()
        $0.addBrokerNetwork()
        $0.addBrokerLog()
        $0.addBrokerReplication()
        $0.addBrokerGroups()
        $0.addBrokerSecurity()
        $0.addBrokerQuorum()
        $0.addBrokerMetadataLog()
        $0.addZooKeeper()
        $0.addBrokerLater()
    }

    /// What `name` is. A broker's may stand behind a listener's and a mechanism's name, as in
    /// `listener.name.internal.ssl.keystore.location` (KIP-103, KIP-226).
    package subscript(name: String) -> ConfigDefinition? {
        if let definition = definitions[name] { return definition }
        guard name.hasPrefix("listener.name.") else { return nil }
        var rest = name.dropFirst("listener.name.".utf8.count)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if let definition = definitions[String(rest)], definition.reach != .readOnly { return definition }
        }
        return nil
    }

    /// Checks one property.
    ///
    /// - Throws: also for a name that does not exist.
    package func validate(_ name: String, _ value: String) throws(ConfigError) {
        guard let definition = self[name] else { throw ConfigError("Unknown \(kind) config name: \(name)") }
        try definition.validate(value)
    }

    private init(_ kind: String, _ fill: (inout ConfigCatalogue) -> Void) {
        self.kind = kind
        fill(&self)
        names = definitions.keys.sorted()
    }

    mutating func add(
        _ name: String, _ type: ConfigType, _ defaultValue: String?, _ validator: ConfigValidator = .any,
        _ importance: ConfigDefinition.Importance = .medium, reach: ConfigDefinition.Reach = .readOnly,
        _ effect: ConfigDefinition.Effect = .now, sensitive: Bool = false,
        from synonyms: [ConfigSynonym] = [],
        does documentation: String
    ) {
        invariant(definitions[name] == nil, "\(kind) config \(name) is defined twice")
        definitions[name] = ConfigDefinition(
            name: name, type: type, defaultValue: defaultValue, validator: validator, importance: importance,
            reach: reach, effect: effect, isSensitive: sensitive || type == .password, synonyms: synonyms,
            documentation: documentation)
    }
}
