package import Vocabulary

/// Where a broker listens under one listener's name.
package struct BrokerEndpoint: Hashable, Sendable {
    /// The listener's name, `PLAINTEXT` or `INTERNAL`.
    package let name: String
    package let host: String
    package let port: UInt16
    /// Kafka's number: PLAINTEXT 0, SSL 1, SASL_PLAINTEXT 2, SASL_SSL 3.
    package let securityProtocol: Int16

    package init(name: String, host: String, port: UInt16, securityProtocol: Int16) {
        self.name = name
        self.host = host
        self.port = port
        self.securityProtocol = securityProtocol
    }
}

/// The levels of a feature that a broker can work at (KIP-584).
package struct FeatureRange: Hashable, Sendable {
    package let name: String
    package let min: Int16
    package let max: Int16

    package init(name: String, min: Int16, max: Int16) {
        self.name = name
        self.min = min
        self.max = max
    }
}

/// A broker as the controller knows it.
///
/// `epoch` is new with each registration: a request that carries an old one comes from before a restart (KIP-903).
/// `incarnation` is the process's own random id: the same process may register again and keep its epoch.
/// A fenced broker is no leader, in no ISR, and not shown to clients; one in controlled shutdown is on its way there.
package struct BrokerRegistration: Hashable, Sendable {
    package var id: BrokerID
    package var epoch: Int64
    package var incarnation: UUID128
    package var endpoints: [BrokerEndpoint]
    package var rack: String?
    /// The log directories that work, by their ids, sorted.
    package var directories: [UUID128]
    package var features: [FeatureRange]
    package var isFenced: Bool
    package var isShuttingDown: Bool

    package init(
        id: BrokerID, epoch: Int64, incarnation: UUID128, endpoints: [BrokerEndpoint], rack: String? = nil,
        directories: [UUID128] = [], features: [FeatureRange] = [], isFenced: Bool,
        isShuttingDown: Bool = false
    ) {
        self.id = id
        self.epoch = epoch
        self.incarnation = incarnation
        self.endpoints = endpoints
        self.rack = rack
        self.directories = directories
        self.features = features
        self.isFenced = isFenced
        self.isShuttingDown = isShuttingDown
    }

    /// May lead and be in sync.
    package var isActive: Bool { !isFenced && !isShuttingDown }

    package func endpoint(_ listener: String) -> BrokerEndpoint? { endpoints.first { $0.name == listener } }

    /// Where a new replica goes: the only directory, or the broker's choice.
    package var defaultDirectory: UUID128 {
        directories.count == 1 ? directories[0] : ReplicaDirectory.unassigned
    }
}
