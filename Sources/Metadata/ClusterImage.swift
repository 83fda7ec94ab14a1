package import HashTreeCollections
package import Vocabulary

/// A topic; its partitions are 0 ..< `partitionCount`.
package struct TopicState: Hashable, Sendable {
    package let id: TopicID
    package let name: String
    package let created: Timestamp
    package var partitionCount: Int32 = 0

    package init(id: TopicID, name: String, created: Timestamp) {
        self.id = id
        self.name = name
        self.created = created
    }

    package var isInternal: Bool { TopicName.isInternal(name) }
}

/// All that is known of the cluster at one offset of the metadata log.
///
/// A value of persistent trees: copying it is free, changing a copy costs O(log n), so snapshots may be kept and
/// handed to other threads at will. Changed by `replay` alone. The trees have no order that lasts: sort before looping.
package struct ClusterImage: Sendable, Equatable {
    /// Nil until the cluster is formatted.
    package private(set) var clusterID: String?
    package private(set) var topics: TreeDictionary<TopicID, TopicState> = [:]
    package private(set) var topicIDs: TreeDictionary<String, TopicID> = [:]
    /// Names with `.` or `_`, spelled with `_` only: two that differ in nothing else would share metric names.
    package private(set) var collidingNames: TreeDictionary<String, TopicID> = [:]
    package private(set) var partitions: TreeDictionary<TopicIDPartition, PartitionState> = [:]
    package private(set) var brokers: TreeDictionary<BrokerID, BrokerRegistration> = [:]
    package private(set) var configs: TreeDictionary<ConfigResource, TreeDictionary<String, String>> = [:]
    package private(set) var features: TreeDictionary<String, Int16> = [:]
    package private(set) var nextProducerID: Int64 = 0
    package private(set) var nextBrokerEpoch: Int64 = 1
    /// Of the last transaction applied; -1 before any.
    package private(set) var lastOffset: Offset = -1

    package init() {}

    // MARK: Reading

    package func topic(named name: String) -> TopicState? { topicIDs[name].flatMap { topics[$0] } }

    package func topic(_ id: TopicID) -> TopicState? { topics[id] }
    package func broker(_ id: BrokerID) -> BrokerRegistration? { brokers[id] }

    package func partition(_ topic: TopicID, _ partition: Int32) -> PartitionState? {
        partitions[TopicIDPartition(topic: topic, partition: partition)]
    }

    /// A topic's partitions, by index.
    package func partitions(of topic: TopicState) -> [PartitionState] {
        (0..<topic.partitionCount).map { index in
            guard let state = partition(topic.id, index) else {
                invariantFailed("\(topic.name)-\(index) of \(topic.partitionCount) is missing")
            }
            return state
        }
    }

    /// All topics by name.
    package var topicsByName: [TopicState] { topics.values.sorted { $0.name < $1.name } }
    /// All brokers by id, fenced ones too.
    package var brokersByID: [BrokerRegistration] { brokers.values.sorted { $0.id < $1.id } }

    package func config(_ resource: ConfigResource) -> TreeDictionary<String, String> {
        configs[resource] ?? [:]
    }

    // MARK: The only mutation

    /// Applies a transaction: facts that lie at one offset of the log, all of them or none. It cannot fail: what a
    /// controller decided once is true everywhere.
    package mutating func replay(_ records: [MetadataRecord], at offset: Offset) {
        invariant(offset > lastOffset, "metadata offset went back: \(lastOffset) -> \(offset)")
        lastOffset = offset
        for record in records { apply(record) }
    }

    /// Applies a fact that has an offset of its own.
    package mutating func replay(_ record: MetadataRecord, at offset: Offset) {
        replay([record], at: offset)
    }

    mutating func jump(to offset: Offset) { lastOffset = offset }

    mutating func apply(_ record: MetadataRecord) {
        switch record {
        case .clusterFormatted(let id): clusterID = id
        case .featureSet(let name, let level): features[name] = level == 0 ? nil : level
        case .brokerRegistered(let registration):
            brokers[registration.id] = registration
            nextBrokerEpoch = max(nextBrokerEpoch, registration.epoch + 1)
        case .brokerFenced(let id, let epoch): change(id, epoch) { $0.isFenced = true }
        case .brokerUnfenced(let id, let epoch): change(id, epoch) { $0.isFenced = false }
        case .brokerShutdownStarted(let id, let epoch): change(id, epoch) { $0.isShuttingDown = true }
        case .brokerDirectoriesChanged(let id, let epoch, let directories):
            change(id, epoch) { $0.directories = directories }
        case .brokerUnregistered(let id, let epoch):
            change(id, epoch) { _ in }
            brokers[id] = nil
        case .brokerEpochsIssued(let next): nextBrokerEpoch = max(nextBrokerEpoch, next)
        case .topicCreated(let id, let name, let created): addTopic(id, name, created)
        case .topicDeleted(let id): removeTopic(id)
        case .partitionCreated(let key, let state): addPartition(key, state)
        case .partitionChanged(let key, let change): changePartition(key, change)
        case .configSet(let resource, let name, let value): configs[resource, default: [:]][name] = value
        case .configRemoved(let resource, let name):
            guard var values = configs[resource] else { return }
            values[name] = nil
            configs[resource] = values.isEmpty ? nil : values
        case .producerIDsAllocated(_, _, let next):
            invariant(next >= nextProducerID, "producer ids went back: \(nextProducerID) -> \(next)")
            nextProducerID = next
        }
    }

    private mutating func change(_ id: BrokerID, _ epoch: Int64, _ body: (inout BrokerRegistration) -> Void) {
        guard var broker = brokers[id] else { invariantFailed("broker \(id) is not registered") }
        invariant(broker.epoch == epoch, "broker \(id) has epoch \(broker.epoch), the record \(epoch)")
        body(&broker)
        brokers[id] = broker
    }

    private mutating func addTopic(_ id: TopicID, _ name: String, _ created: Timestamp) {
        invariant(topics[id] == nil, "topic id \(id) exists")
        invariant(topicIDs[name] == nil, "topic \(name) exists")
        topics[id] = TopicState(id: id, name: name, created: created)
        topicIDs[name] = id
        if let key = TopicName.collisionKey(name) { collidingNames[key] = id }
    }

    private mutating func removeTopic(_ id: TopicID) {
        guard let topic = topics[id] else { invariantFailed("topic id \(id) does not exist") }
        for index in 0..<topic.partitionCount {
            partitions[TopicIDPartition(topic: id, partition: index)] = nil
        }
        topics[id] = nil
        topicIDs[topic.name] = nil
        configs[.topic(topic.name)] = nil
        if let key = TopicName.collisionKey(topic.name), collidingNames[key] == id {
            collidingNames[key] = nil
        }
    }

    private mutating func addPartition(_ key: TopicIDPartition, _ state: PartitionState) {
        guard let count = topics[key.topic]?.partitionCount else { invariantFailed("no topic for \(key)") }
        invariant(key.partition == count, "partition \(key) does not follow \(count) others")
        topics[key.topic]?.partitionCount = count + 1
        partitions[key] = state
    }

    private mutating func changePartition(_ key: TopicIDPartition, _ change: PartitionChange) {
        guard var state = partitions[key] else { invariantFailed("no partition \(key)") }
        invariant(
            change.partitionEpoch > state.partitionEpoch,
            "\(key) partition epoch went back: \(state.partitionEpoch) -> \(change.partitionEpoch)")
        state.apply(change)
        partitions[key] = state
    }
}
