package import Vocabulary
import HashTreeCollections

extension ClusterImage {
    /// The records that rebuild this image from nothing, in an order that is always the same: a snapshot of the log.
    package var snapshotRecords: [MetadataRecord] {
        var records: [MetadataRecord] = []
        if let clusterID { records.append(.clusterFormatted(clusterID: clusterID)) }
        for (name, level) in features.sorted(by: { $0.key < $1.key }) {
            records.append(.featureSet(name: name, level: level))
        }
        records += brokersByID.map { .brokerRegistered($0) }
        records.append(.brokerEpochsIssued(next: nextBrokerEpoch))
        for topic in topicsByName {
            records.append(.topicCreated(topic.id, name: topic.name, at: topic.created))
            for (index, state) in partitions(of: topic).enumerated() {
                records.append(
                    .partitionCreated(TopicIDPartition(topic: topic.id, partition: Int32(index)), state))
            }
        }
        for (resource, values) in configs.sorted(by: { $0.key < $1.key }) {
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                records.append(.configSet(resource, name: name, value: value))
            }
        }
        if nextProducerID > 0 {
            records.append(.producerIDsAllocated(to: .none, epoch: -1, next: nextProducerID))
        }
        return records
    }

    /// The image a snapshot describes.
    ///
    /// - Parameter offset: of the last record the snapshot covers.
    package init(snapshot records: [MetadataRecord], at offset: Offset) {
        self.init()
        for record in records { apply(record) }
        jump(to: offset)
    }

    /// Whether all that must hold does hold. O(n): for tests and simulation.
    package func checkInvariants() {
        invariant(topics.count == topicIDs.count, "\(topics.count) topics, \(topicIDs.count) names")
        var count = 0
        for topic in topics.values {
            invariant(topicIDs[topic.name] == topic.id, "\(topic.name) does not lead back to its id")
            for (index, partition) in partitions(of: topic).enumerated() {
                count += 1
                partition.checkInvariants("\(topic.name)-\(index)")
            }
        }
        invariant(partitions.count == count, "\(partitions.count) partitions, \(count) of topics")
        for resource in configs.keys where resource.kind == .topic {
            invariant(
                topicIDs[resource.name] != nil, "configuration of topic \(resource.name), which is gone")
        }
    }
}

extension PartitionState {
    func checkInvariants(_ name: String) {
        invariant(Set(replicas).count == replicas.count, "\(name): a replica twice in \(replicas)")
        invariant(Set(isr).isSubset(of: replicas), "\(name): ISR \(isr) outside replicas \(replicas)")
        invariant(Set(eligibleLeaders).isSubset(of: replicas), "\(name): eligible \(eligibleLeaders)")
        invariant(Set(eligibleLeaders).isDisjoint(with: isr), "\(name): both in sync and only eligible")
        if leader == .none {
            invariant(isr.isEmpty || recovery == .recovered, "\(name): recovering without a leader")
        } else {
            invariant(isr.contains(leader), "\(name): leader \(leader) outside ISR \(isr)")
            invariant(
                lastKnownLeader == .none, "\(name): a leader, and a last known leader \(lastKnownLeader)")
        }
    }
}
