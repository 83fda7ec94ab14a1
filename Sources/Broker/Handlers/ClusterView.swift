import HashTreeCollections
import Metadata
import Vocabulary

/// What clients of one listener are told about the cluster, made from one topology. The describing handlers
/// are its extensions, so that data loops and the control loop answer alike.
struct ClusterView {
    let topology: Topology
    let config: BrokerConfig
    let clusterID: String
    let listener: String

    var image: ClusterImage { topology.image }

    /// Configurations in force on this broker.
    var configs: EffectiveConfigs {
        EffectiveConfigs(image: image, broker: config.nodeID, staticProperties: config.properties)
    }

    struct Node {
        let id: BrokerID
        let host: String
        let port: Int32
        let rack: String?
        let isFenced: Bool
    }

    /// The brokers that have an endpoint for this listener, by id.
    func nodes(includingFenced: Bool) -> [Node] {
        image.brokersByID.compactMap { broker in
            guard includingFenced || !broker.isFenced else { return nil }
            guard let (host, port) = address(of: broker) else { return nil }
            return Node(id: broker.id, host: host, port: port, rack: broker.rack, isFenced: broker.isFenced)
        }
    }

    /// The controller, where clients can reach it. Else this broker, which forwards what is meant for it.
    var controllerID: BrokerID { isReachable(topology.controller) ? topology.controller : config.nodeID }

    /// Whether clients of this listener can reach a broker.
    func isReachable(_ id: BrokerID) -> Bool {
        guard let broker = image.brokers[id], !broker.isFenced else { return false }
        return address(of: broker) != nil
    }

    /// What of a partition its leader's clients must know.
    func leader(of partition: PartitionState) -> (error: ErrorCode, leader: BrokerID) {
        if partition.leader == .none || image.brokers[partition.leader]?.isFenced ?? true {
            return (.leaderNotAvailable, .none)
        }
        if !isReachable(partition.leader) { return (.listenerNotFound, .none) }
        return (.none, partition.leader)
    }

    /// Replicas that do not run: their broker is away, or the directory they lie in.
    func offlineReplicas(of partition: PartitionState) -> [Int32] {
        zip(partition.replicas, partition.directories).compactMap { id, directory in
            guard let broker = image.brokers[id], !broker.isFenced else { return id.value }
            if directory == ReplicaDirectory.lost { return id.value }
            if directory == ReplicaDirectory.unassigned || directory == ReplicaDirectory.migrating {
                return nil
            }
            return broker.directories.contains(directory) ? nil : id.value
        }
    }

    private func address(of broker: BrokerRegistration) -> (host: String, port: Int32)? {
        if broker.id == config.nodeID, let own = config.endpoint(of: listener) { return (own.host, own.port) }
        guard let endpoint = broker.endpoint(listener) else { return nil }
        return (endpoint.host, Int32(endpoint.port))
    }
}

/// What everyone may do while there is no authorizer, as bits by Kafka's operation numbers (KIP-430).
enum AuthorizedOperations {
    /// Not asked for.
    static let omitted = Int32.min
    /// read, write, create, delete, alter, describe, describe configs, alter configs.
    static let topic = bits([3, 4, 5, 6, 7, 8, 10, 11])
    /// create, alter, describe, cluster action, describe configs, alter configs, idempotent write.
    static let cluster = bits([5, 7, 8, 9, 10, 11, 12])

    private static func bits(_ operations: [Int32]) -> Int32 { operations.reduce(0) { $0 | 1 << $1 } }
}
