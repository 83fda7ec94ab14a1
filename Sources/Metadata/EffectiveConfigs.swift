import HashTreeCollections
package import Vocabulary

/// A configuration's value in force, and where it comes from: what DescribeConfigs answers.
package struct ResolvedConfig: Sendable, Equatable {
    package let name: String
    package let type: ConfigType
    /// Nil: there is none. Sensitive values are here in clear; answers must hide them.
    package let value: String?
    package let source: ConfigSource
    /// All places that give a value, the one in force first.
    package let synonyms: [Candidate]
    package let isReadOnly: Bool
    package let isSensitive: Bool
    package let documentation: String

    package init(
        name: String, type: ConfigType, value: String?, source: ConfigSource, synonyms: [Candidate],
        isReadOnly: Bool, isSensitive: Bool, documentation: String
    ) {
        self.name = name
        self.type = type
        self.value = value
        self.source = source
        self.synonyms = synonyms
        self.isReadOnly = isReadOnly
        self.isSensitive = isSensitive
        self.documentation = documentation
    }

    /// A place that gives a value, under the name it has there.
    package struct Candidate: Sendable, Equatable {
        package let name: String
        package let value: String?
        package let source: ConfigSource

        package init(name: String, value: String?, source: ConfigSource) {
            self.name = name
            self.value = value
            self.source = source
        }
    }
}

/// Finds the values in force: the topic's own, then what was set at run time for this broker, then for all brokers,
/// then the configuration file, then the default. Source: KIP-226.
package struct EffectiveConfigs: Sendable {
    package let image: ClusterImage
    /// Whose file and whose dynamic values count; a topic's values may differ from broker to broker.
    package let broker: BrokerID
    /// The configuration file's properties.
    package let staticProperties: [String: String]
    /// What was set at run time, the stronger first; mostly nothing.
    private let dynamic: [(source: ConfigSource, values: TreeDictionary<String, String>)]

    package init(image: ClusterImage, broker: BrokerID, staticProperties: [String: String]) {
        self.image = image
        self.broker = broker
        self.staticProperties = staticProperties
        dynamic = [
            (.dynamicBroker, image.config(.broker(broker))),
            (.dynamicDefaultBroker, image.config(.brokerDefault)),
        ].filter { !$0.values.isEmpty }
    }

    /// All of a topic's configuration, by name. A topic that does not exist has the defaults.
    package func topic(_ topic: String) -> [ResolvedConfig] {
        ConfigCatalogue.topic.names.map { self.topic(topic, $0) }
    }

    package func topic(_ topic: String, _ name: String) -> ResolvedConfig {
        guard let definition = ConfigCatalogue.topic[name] else { invariantFailed("no topic config \(name)") }
        return resolve(definition, own: image.configs[.topic(topic)]?[name], from: definition.synonyms)
    }

    /// Only a topic's value in force, without where it comes from.
    package func topicValue(_ topic: String, _ name: String) -> String? {
        image.configs[.topic(topic)]?[name] ?? self.topic("", name).value
    }

    /// All of the broker's configuration, by name.
    package func allOfBroker() -> [ResolvedConfig] { ConfigCatalogue.broker.names.map { self.broker($0) } }

    package func broker(_ name: String) -> ResolvedConfig {
        guard let definition = ConfigCatalogue.broker[name] else {
            invariantFailed("no broker config \(name)")
        }
        return resolve(definition, own: nil, from: [ConfigSynonym(name)] + definition.synonyms)
    }

    /// What was set at run time for all brokers, and nothing else.
    package func dynamicDefaults() -> [ResolvedConfig] {
        let values = image.config(.brokerDefault)
        return values.keys.sorted().compactMap { name in
            guard let definition = ConfigCatalogue.broker[name], let value = values[name] else { return nil }
            return Self.described(
                definition, [.init(name: name, value: value, source: .dynamicDefaultBroker)], value)
        }
    }

    /// A broker's boolean in force.
    package func isOn(_ name: String) -> Bool {
        ConfigDefinition.trimmed(broker(name).value ?? "").lowercased() == "true"
    }

    /// A broker's number in force; 0 where there is none.
    package func number(_ name: String) -> Int { Int(ConfigDefinition.trimmed(broker(name).value ?? "")) ?? 0 }

    /// A broker's text in force; nil where there is none.
    package func text(_ name: String) -> String? { broker(name).value }

    /// A broker's list in force.
    package func list(_ name: String) -> [String] { ConfigDefinition.list(broker(name).value ?? "") }

    // MARK: Helpers

    /// - Parameter names: the broker configurations that may give the value, the strongest first.
    private func resolve(
        _ definition: ConfigDefinition, own: String?, from names: [ConfigSynonym]
    ) -> ResolvedConfig {
        var found: [ResolvedConfig.Candidate] = []
        var inForce: String?
        func offer(_ name: String, _ value: String, _ source: ConfigSource, factor: Int64 = 1) {
            if found.isEmpty { inForce = factor == 1 ? value : Self.scaled(value, by: factor) }
            found.append(.init(name: name, value: value, source: source))
        }
        if let own { offer(definition.name, own, .topic) }
        for layer in dynamic {
            for name in names {
                if let value = layer.values[name.name] {
                    offer(name.name, value, layer.source, factor: name.factor)
                }
            }
        }
        for name in names {
            if let value = staticProperties[name.name] {
                offer(name.name, value, .staticBroker, factor: name.factor)
            }
        }
        for name in names {
            guard let value = ConfigCatalogue.broker.definitions[name.name]?.defaultValue else { continue }
            offer(name.name, value, .default, factor: name.factor)
        }
        if found.isEmpty, let value = definition.defaultValue { offer(definition.name, value, .default) }
        return Self.described(definition, found, inForce)
    }

    private static func described(
        _ definition: ConfigDefinition, _ found: [ResolvedConfig.Candidate], _ value: String?
    ) -> ResolvedConfig {
        ResolvedConfig(
            name: definition.name, type: definition.type, value: value,
            source: found.first?.source ?? .default,
            synonyms: found, isReadOnly: definition.reach == .readOnly, isSensitive: definition.isSensitive,
            documentation: definition.documentation
                + (definition.effect == .later ? " Accepted and kept, without effect in this version." : ""))
    }

    /// Hours to milliseconds, and so on. What does not fit saturates; negative values mean "none" and stay.
    private static func scaled(_ value: String, by factor: Int64) -> String {
        guard let number = Int64(ConfigDefinition.trimmed(value)), number > 0 else { return value }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return String(overflow ? .max : product)
    }
}
