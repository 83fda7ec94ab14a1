extension ClusterImage {
    /// A number that images with equal contents share in one process, and others all but never; where they stand in the log
    /// is left out.
    ///
    /// Walks everything, what other fields can be made from too: for checkers.
    package var contentHash: Int {
        var hasher = Hasher()
        hasher.combine(clusterID)
        hasher.combine(topics)
        hasher.combine(topicIDs)
        hasher.combine(collidingNames)
        hasher.combine(partitions)
        hasher.combine(brokers)
        hasher.combine(configs)
        hasher.combine(features)
        hasher.combine(nextProducerID)
        hasher.combine(nextBrokerEpoch)
        return hasher.finalize()
    }
}
