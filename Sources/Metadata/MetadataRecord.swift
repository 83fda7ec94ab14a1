package import Vocabulary

/// A fact about the cluster, as it stands in the metadata log. Past facts never change their meaning: see
/// `MetadataRecord+Codec.swift` for how they grow.
package enum MetadataRecord: Hashable, Sendable {
    /// The first record of every cluster.
    case clusterFormatted(clusterID: String)
    /// Level 0 switches the feature off (KIP-584).
    case featureSet(name: String, level: Int16)
    case brokerRegistered(BrokerRegistration)
    case brokerFenced(BrokerID, epoch: Int64)
    case brokerUnfenced(BrokerID, epoch: Int64)
    case brokerShutdownStarted(BrokerID, epoch: Int64)
    /// The directories of a broker that work, in full.
    case brokerDirectoriesChanged(BrokerID, epoch: Int64, directories: [UUID128])
    case brokerUnregistered(BrokerID, epoch: Int64)
    /// No broker epoch below this one is given out again. Only in snapshots: a registration says the same.
    case brokerEpochsIssued(next: Int64)
    case topicCreated(TopicID, name: String, at: Timestamp)
    /// Its partitions and its configuration go with it.
    case topicDeleted(TopicID)
    /// Partitions of a topic are created in order, from 0, without gaps.
    case partitionCreated(TopicIDPartition, PartitionState)
    case partitionChanged(TopicIDPartition, PartitionChange)
    case configSet(ConfigResource, name: String, value: String)
    case configRemoved(ConfigResource, name: String)
    /// All ids below `next` are taken.
    case producerIDsAllocated(to: BrokerID, epoch: Int64, next: Int64)
}
