import HashTreeCollections
import Vocabulary

// More partitions for a topic, and what all creation of partitions has in common.
extension Controller {
    func createPartitions(
        _ topics: [NewPartitions], validateOnly: Bool
    ) throws(MetadataError) -> MetadataDecision {
        var draft = Draft(image)
        var results: [TopicResult] = []
        let twice = Self.repeated(topics.map(\.topic))
        for topic in topics {
            if twice.contains(topic.topic) {
                if results.contains(where: { $0.topic == topic.topic }) { continue }
                results.append(
                    .init(topic: topic.topic, error: .init(.invalidRequest, "Duplicate topic name.")))
                continue
            }
            do throws(MetadataError) {
                let current = image.topic(named: topic.topic)?.partitionCount ?? 0
                try limitPartitions(draft.records.count + Int(topic.count) - Int(current))
                try grow(topic, in: &draft)
                results.append(.init(topic: topic.topic))
            } catch {
                if error.code == .policyViolation { throw error }
                results.append(.init(topic: topic.topic, error: error))
            }
        }
        return MetadataDecision(
            records: validateOnly ? [] : draft.records, reply: .partitionsCreated(results))
    }

    private func grow(_ request: NewPartitions, in draft: inout Draft) throws(MetadataError) {
        guard let topic = image.topic(named: request.topic) else {
            throw MetadataError(.unknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        if request.count == topic.partitionCount {
            throw MetadataError(
                .invalidPartitions, "Topic already has \(topic.partitionCount) partition(s).")
        }
        if request.count < topic.partitionCount {
            throw MetadataError(
                .invalidPartitions,
                "The topic \(topic.name) currently has \(topic.partitionCount) partition(s); "
                    + "\(request.count) would not be an increase.")
        }
        let more = Int(request.count - topic.partitionCount)
        let existing = image.partitions(of: topic)
        let factor = existing.first?.replicas.count ?? 1
        let placed = try place(request, more, existing, factor)
        try limitReplicas(placed)
        for (index, replicas) in placed.enumerated() {
            let key = TopicIDPartition(topic: topic.id, partition: topic.partitionCount + Int32(index))
            draft.add(.partitionCreated(key, newPartition(replicas)))
        }
    }

    private func place(
        _ request: NewPartitions, _ more: Int, _ existing: [PartitionState], _ factor: Int
    ) throws(MetadataError) -> [[BrokerID]] {
        guard let assignments = request.assignments else {
            var chance = self.chance
            var placement = ReplicaPlacement(
                brokers: image.brokersByID, existing: existing, chance: chance.split())
            return try placement.place(partitions: more, replicas: factor)
        }
        if assignments.count != more {
            throw MetadataError(
                .invalidReplicaAssignment,
                "Attempted to add \(more) additional partition(s), but only \(assignments.count) "
                    + "assignment(s) were specified.")
        }
        for (index, brokers) in assignments.enumerated() {
            try checkAssignment(brokers, of: Int32(existing.count + index), factor: factor)
        }
        return assignments
    }

    // MARK: Shared

    /// The first state of a partition: all replicas that work are in sync, for there is nothing to be behind with.
    func newPartition(_ replicas: [BrokerID]) -> PartitionState {
        let active = replicas.filter { image.brokers[$0]?.isActive == true }
        return PartitionState(
            replicas: replicas,
            directories: replicas.map { image.brokers[$0]?.defaultDirectory ?? ReplicaDirectory.unassigned },
            isr: active, leader: active[0])
    }

    /// - Parameter factor: how many replicas there must be, when that is known.
    func checkAssignment(
        _ brokers: [BrokerID], of partition: Int32, factor: Int?
    ) throws(MetadataError) {
        let wrong = { (why: String) in MetadataError(.invalidReplicaAssignment, why) }
        let begin = "The manual partition assignment includes"
        if brokers.isEmpty { throw wrong("\(begin) an empty replica list.") }
        for broker in brokers.sorted() where image.brokers[broker] == nil {
            throw wrong("\(begin) broker \(broker), but no such broker is registered.")
        }
        if let broker = Self.repeated(brokers).min() {
            throw wrong("\(begin) the broker \(broker) more than once.")
        }
        if let factor, factor != brokers.count {
            throw wrong(
                "\(begin) a partition with \(brokers.count) replica(s), but this is not consistent with "
                    + "previous partitions, which have \(factor) replica(s).")
        }
        if !brokers.contains(where: { image.brokers[$0]?.isActive == true }) {
            throw wrong(
                "All brokers specified in the manual partition assignment for partition \(partition) "
                    + "are fenced or in controlled shutdown.")
        }
    }

    func limitPartitions(_ count: Int) throws(MetadataError) {
        if count > Self.partitionsPerRequestMax {
            throw MetadataError(.policyViolation, "Excessively large number of partitions per request.")
        }
    }

    /// - Parameter placed: the replicas of each new partition, by number or by hand.
    func limitReplicas(_ placed: [[BrokerID]]) throws(MetadataError) {
        if placed.contains(where: { $0.count > replicationFactorMax }) {
            throw MetadataError(
                .invalidReplicationFactor,
                "Replication between brokers is not there yet in this version; "
                    + "use a replication factor of \(replicationFactorMax).")
        }
    }

    /// The values in force as another image has it.
    func effective(_ image: ClusterImage) -> EffectiveConfigs {
        EffectiveConfigs(image: image, broker: broker, staticProperties: staticProperties)
    }

    /// What stands in a list more than once.
    static func repeated<Item: Hashable>(_ items: [Item]) -> Set<Item> {
        var seen: Set<Item> = []
        return Set(items.filter { !seen.insert($0).inserted })
    }
}
