/// What a configuration's value is. Kafka's numbers, as DescribeConfigs tells them.
package enum ConfigType: Int8, Sendable {
    case boolean = 1, string = 2, int = 3, short = 4, long = 5, double = 6, list = 7, `class` = 8, password =
        9
}

/// Where a value in force comes from. Kafka's numbers; the first that has one wins.
package enum ConfigSource: Int8, Sendable {
    case topic = 1
    /// Set at run time for one broker.
    case dynamicBroker = 2
    /// Set at run time for all brokers.
    case dynamicDefaultBroker = 3
    /// From the broker's configuration file.
    case staticBroker = 4
    case `default` = 5
}

/// Which values pass, apart from their type.
package enum ConfigValidator: Sendable, Equatable {
    case any
    case atLeast(Int64)
    case range(Int64, Int64)
    case doubleRange(Double, Double)
    case oneOf([String])
    /// A list whose items all stand here.
    case listOf([String])
    case nonEmpty
    /// `*`, or a list of `partition:broker`.
    case throttledReplicas
}

/// A value that stands in for another, in another unit: `log.retention.hours` for `retention.ms`.
package struct ConfigSynonym: Sendable, Hashable {
    package let name: String
    /// What to multiply its value by; negative values stay as they are.
    package let factor: Int64

    package init(_ name: String, factor: Int64 = 1) {
        self.name = name
        self.factor = factor
    }
}

/// One configuration: its name, what passes, and what it does.
package struct ConfigDefinition: Sendable {
    package enum Importance: Int8, Sendable { case low, medium, high }

    /// Whether it can change while brokers run (KIP-226).
    package enum Reach: Sendable {
        /// Only by the configuration file and a restart.
        case readOnly
        /// For one broker.
        case perBroker
        /// For all brokers, or one.
        case clusterWide
    }

    package enum Effect: Sendable {
        case now
        /// Accepted, checked, stored and described; what it governs is not built yet.
        case later
    }

    package let name: String
    package let type: ConfigType
    /// Nil: no value.
    package let defaultValue: String?
    package let validator: ConfigValidator
    package let importance: Importance
    package let reach: Reach
    package let effect: Effect
    package let isSensitive: Bool
    /// Broker configurations that give a topic's value, or other units of a broker's own. The first that is set wins.
    package let synonyms: [ConfigSynonym]
    package let documentation: String

    package var brokerSynonym: String? { synonyms.first?.name }
}

/// A value that does not pass. The message is Kafka's: `Invalid value x for configuration y: why`.
package struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package var description: String { message }

    package init(_ message: String) { self.message = message }
}
