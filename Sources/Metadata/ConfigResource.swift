package import Vocabulary

/// What a configuration belongs to: a topic by name, a broker by id, or all brokers (a broker without a name).
package struct ConfigResource: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Kafka's numbers.
    package enum Kind: Int8, Sendable, CaseIterable {
        case topic = 2, broker = 4, brokerLogger = 8, clientMetrics = 16, group = 32
    }

    package let kind: Kind
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package static func topic(_ name: String) -> Self { Self(.topic, name) }
    package static func broker(_ id: BrokerID) -> Self { Self(.broker, String(id.value)) }
    /// The default of all brokers of the cluster.
    package static let brokerDefault = Self(.broker, "")

    package var description: String { "\(kind) '\(name)'" }

    package static func < (a: Self, b: Self) -> Bool {
        a.kind == b.kind ? a.name < b.name : a.kind.rawValue < b.kind.rawValue
    }
}
