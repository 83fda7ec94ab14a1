package import Vocabulary

/// What one may ask of the controller.
package enum MetadataCommand: Sendable {
    /// Once in a cluster's life, before anything else.
    case formatCluster(clusterID: String, features: [(name: String, level: Int16)])
    case createTopics([NewTopic], validateOnly: Bool)
    /// With the defaults, for a client that asked for a topic that is not there.
    case autoCreateTopics([String])
    case deleteTopics([TopicReference])
    case createPartitions([NewPartitions], validateOnly: Bool)
    /// Replaces all of a resource's values (the older of the two APIs).
    case alterConfigs([ConfigReplacement], validateOnly: Bool)
    /// Changes the values named (KIP-339).
    case incrementalAlterConfigs([ConfigAlteration], validateOnly: Bool)
    case registerBroker(NewBroker)
    case fenceBroker(BrokerID, epoch: Int64)
    case unfenceBroker(BrokerID, epoch: Int64)
    /// It is about to stop: move leadership away (KIP-500's controlled shutdown).
    case startBrokerShutdown(BrokerID, epoch: Int64)
    case unregisterBroker(BrokerID)
    /// Log directories that failed on a broker (KIP-858).
    case failDirectories(BrokerID, epoch: Int64, directories: [UUID128])
    /// Where a broker put its replicas (KIP-858).
    case setDirectories(BrokerID, epoch: Int64, [DirectoryAssignment])
    case allocateProducerIDs(BrokerID, epoch: Int64)
    /// A leader's proposal of who is in sync (KIP-497).
    case alterPartitions(BrokerID, epoch: Int64, [PartitionProposal])
    case setFeature(name: String, level: Int16)
}

package struct NewTopic: Sendable {
    package var name: String
    /// -1: the default, `num.partitions`; or as many as assigned by hand.
    package var partitionCount: Int32
    /// -1: `default.replication.factor`; or as assigned by hand.
    package var replicationFactor: Int16
    /// Replicas by partition, when placed by hand; empty otherwise.
    package var assignments: [(partition: Int32, brokers: [BrokerID])]
    /// A nil value is an error, as in Kafka.
    package var configs: [(name: String, value: String?)]

    package init(
        name: String, partitionCount: Int32 = -1, replicationFactor: Int16 = -1,
        assignments: [(partition: Int32, brokers: [BrokerID])] = [],
        configs: [(name: String, value: String?)] = []
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.assignments = assignments
        self.configs = configs
    }
}

package enum TopicReference: Hashable, Sendable {
    case name(String)
    case id(TopicID)
}

package struct NewPartitions: Sendable {
    package var topic: String
    /// How many there shall be in all.
    package var count: Int32
    /// Replicas of each new partition; nil leaves the choice to the controller.
    package var assignments: [[BrokerID]]?

    package init(topic: String, count: Int32, assignments: [[BrokerID]]? = nil) {
        self.topic = topic
        self.count = count
        self.assignments = assignments
    }
}

package struct ConfigReplacement: Sendable {
    package var resource: ConfigResource
    package var values: [(name: String, value: String?)]

    package init(resource: ConfigResource, values: [(name: String, value: String?)]) {
        self.resource = resource
        self.values = values
    }
}

package struct ConfigAlteration: Sendable {
    /// Kafka's numbers.
    package enum Operation: Int8, Sendable { case set = 0, delete = 1, append = 2, subtract = 3 }

    package var resource: ConfigResource
    package var changes: [(name: String, operation: Operation, value: String?)]

    package init(resource: ConfigResource, changes: [(name: String, operation: Operation, value: String?)]) {
        self.resource = resource
        self.changes = changes
    }
}

package struct NewBroker: Sendable {
    package var id: BrokerID
    package var clusterID: String
    /// The process's own random id.
    package var incarnation: UUID128
    package var endpoints: [BrokerEndpoint]
    package var rack: String?
    package var directories: [UUID128]
    package var features: [FeatureRange]
    /// True until it has caught up with the metadata log. A broker that is the whole cluster has nothing to catch up with.
    package var startsFenced: Bool
    /// It stopped in order the last time, so that its logs hold all that they held (KIP-966).
    package var stoppedCleanly: Bool
    /// The epoch it gets, where something else than the controller counts them: then the zxid that created the broker's
    /// ephemeral znode, which is above all before it. Nil: the controller's next one.
    package var epoch: Int64?

    package init(
        id: BrokerID, clusterID: String, incarnation: UUID128, endpoints: [BrokerEndpoint],
        rack: String? = nil,
        directories: [UUID128], features: [FeatureRange] = [], startsFenced: Bool, stoppedCleanly: Bool,
        epoch: Int64? = nil
    ) {
        self.id = id
        self.clusterID = clusterID
        self.incarnation = incarnation
        self.endpoints = endpoints
        self.rack = rack
        self.directories = directories
        self.features = features
        self.startsFenced = startsFenced
        self.stoppedCleanly = stoppedCleanly
        self.epoch = epoch
    }
}

package struct DirectoryAssignment: Sendable {
    package var partition: TopicIDPartition
    package var directory: UUID128

    package init(partition: TopicIDPartition, directory: UUID128) {
        self.partition = partition
        self.directory = directory
    }
}

package struct PartitionProposal: Sendable {
    package var partition: TopicIDPartition
    package var leaderEpoch: LeaderEpoch
    package var partitionEpoch: Int32
    /// With each member's broker epoch; -1 where the leader knows none (KIP-903).
    package var isr: [(broker: BrokerID, epoch: Int64)]
    package var recovery: LeaderRecovery

    package init(
        partition: TopicIDPartition, leaderEpoch: LeaderEpoch, partitionEpoch: Int32,
        isr: [(broker: BrokerID, epoch: Int64)], recovery: LeaderRecovery = .recovered
    ) {
        self.partition = partition
        self.leaderEpoch = leaderEpoch
        self.partitionEpoch = partitionEpoch
        self.isr = isr
        self.recovery = recovery
    }
}
