package import Vocabulary

/// The cluster's metadata on its leader: decides commands, and replays what came of them.
///
/// `image` holds all records, those not committed yet too, so that a command sees what was decided before it.
/// `committed` is what the cluster has agreed on; everything but deciding reads that one.
///
/// The caller appends a decision's records to the metadata log as a transaction, replays that with the offset it got, and
/// sends the reply once it is committed. A node that does not lead replays in the same way.
package struct Controller: Sendable {
    package static let recordsPerBatchMax = 10_000
    /// Kafka's bound on what one request may create.
    package static let partitionsPerRequestMax = 10_000
    package static let producerIDsPerBlock: Int32 = 1_000
    /// Replicas of a partition that may be asked for. One, while brokers do not copy from each other: more would promise
    /// safety that is not there.
    package static let replicationFactorMax = 1

    package private(set) var image: ClusterImage
    package private(set) var committed: ClusterImage
    /// Transactions that are replayed and not committed, in order.
    private var pending: [(offset: Offset, records: [MetadataRecord])] = []
    /// Where new ids and placements come from. Moves on with each topic created, so that no two draw the same id.
    var chance: SeededGenerator
    /// The broker whose configuration file gives defaults, this one.
    let broker: BrokerID
    let staticProperties: [String: String]
    let replicationFactorMax: Int

    /// - Parameters:
    ///   - staticProperties: this broker's configuration file; gives `num.partitions` and the like.
    ///   - replicationFactorMax: other than the constant only where several replicas are tried out.
    package init(
        image: ClusterImage = ClusterImage(), seed: UInt64, broker: BrokerID = 1,
        staticProperties: [String: String] = [:], replicationFactorMax: Int = Self.replicationFactorMax
    ) {
        self.image = image
        self.committed = image
        self.chance = SeededGenerator(seed: seed)
        self.broker = broker
        self.staticProperties = staticProperties
        self.replicationFactorMax = replicationFactorMax
    }

    /// The values in force here, as the leader sees them.
    package var configs: EffectiveConfigs {
        EffectiveConfigs(image: image, broker: broker, staticProperties: staticProperties)
    }

    // MARK: Replaying

    /// Applies a transaction appended to the metadata log; it may not be committed yet.
    package mutating func replay(_ records: [MetadataRecord], at offset: Offset) {
        image.replay(records, at: offset)
        pending.append((offset, records))
        for case .topicCreated in records { _ = chance.next() }
    }

    /// Applies a record that has an offset of its own.
    package mutating func replay(_ record: MetadataRecord, at offset: Offset) {
        replay([record], at: offset)
    }

    /// All transactions up to and including `offset` are committed.
    package mutating func committed(upTo offset: Offset) {
        guard let count = pending.firstIndex(where: { $0.offset > offset }) else {
            committed = image  // And shares all of its memory.
            pending.removeAll()
            return
        }
        for (offset, records) in pending[..<count] { committed.replay(records, at: offset) }
        pending.removeFirst(count)
    }

    /// Leadership is lost: what is not committed may never be. Replay goes on from the committed offset.
    package mutating func resign() {
        pending.removeAll()
        image = committed
    }

    // MARK: Deciding

    /// What a command comes to. Reads, never writes.
    ///
    /// - Throws: what is wrong with the command as a whole; what is wrong with one of its items is in the reply.
    package func decide(_ command: MetadataCommand, at now: Timestamp) throws(MetadataError)
        -> MetadataDecision
    {
        let decision =
            switch command {
            case .formatCluster(let id, let features): try formatCluster(id, features)
            case .createTopics(let topics, let validateOnly):
                try createTopics(topics, validateOnly: validateOnly, at: now)
            case .autoCreateTopics(let names): try autoCreateTopics(names, at: now)
            case .deleteTopics(let topics): try deleteTopics(topics)
            case .createPartitions(let topics, let validateOnly):
                try createPartitions(topics, validateOnly: validateOnly)
            case .alterConfigs(let changes, let validateOnly):
                alterConfigs(changes, validateOnly: validateOnly)
            case .incrementalAlterConfigs(let changes, let validateOnly):
                incrementalAlterConfigs(changes, validateOnly: validateOnly)
            case .registerBroker(let new): try registerBroker(new)
            case .fenceBroker(let id, let epoch): try fenceBroker(id, epoch)
            case .unfenceBroker(let id, let epoch): try unfenceBroker(id, epoch)
            case .startBrokerShutdown(let id, let epoch): try startBrokerShutdown(id, epoch)
            case .unregisterBroker(let id): try unregisterBroker(id)
            case .failDirectories(let id, let epoch, let directories):
                try failDirectories(id, epoch, directories)
            case .setDirectories(let id, let epoch, let assignments):
                try setDirectories(id, epoch, assignments)
            case .allocateProducerIDs(let id, let epoch): try allocateProducerIDs(id, epoch)
            case .alterPartitions(let id, let epoch, let proposals): try alterPartitions(id, epoch, proposals)
            case .setFeature(let name, let level): try setFeature(name, level)
            }
        if decision.isAtomic, decision.records.count > Self.recordsPerBatchMax {
            throw MetadataError(.policyViolation, "Unable to perform excessively large batch operation.")
        }
        return decision
    }
}
