package import Messages
package import Vocabulary

/// What the client knows of the cluster: brokers, and who leads which partition. As old as the last Metadata answer.
package struct ClusterView: Sendable {
    package struct Partition: Equatable, Sendable {
        package var leader = BrokerID.none
        package var leaderEpoch = LeaderEpoch.unknown
        package var error = ErrorCode.none
        package var replicas: [Int32] = []
        package var isr: [Int32] = []
    }
    package struct Topic: Equatable, Sendable {
        package var id = TopicID.zero
        package var error = ErrorCode.none
        package var isInternal = false
        /// By partition number; a gap in the answer is a partition without leader.
        package var partitions: [Partition] = []
    }

    package private(set) var brokers: [BrokerID: Endpoint] = [:]
    package private(set) var controller = BrokerID.none
    package private(set) var clusterID: String?
    package private(set) var topics: [String: Topic] = [:]
    private var names: [TopicID: String] = [:]

    package init() {}

    package func name(of id: TopicID) -> String? { names[id] }

    package subscript(place: TopicPartition) -> Partition? {
        guard let topic = topics[place.topic], topic.partitions.indices.contains(Int(place.partition)) else {
            return nil
        }
        return topic.partitions[Int(place.partition)]
    }

    /// Takes over an answer. Topics that it does not speak of stay as they were.
    package mutating func apply(_ response: MetadataResponse) {
        if !response.brokers.isEmpty {
            brokers = [:]
            for broker in response.brokers {
                brokers[BrokerID(broker.nodeId)] = Endpoint(host: broker.host, port: broker.port)
            }
        }
        controller = BrokerID(response.controllerId)
        clusterID = response.clusterId
        for answer in response.topics {
            guard let name = answer.name else { continue }
            apply(answer, name: name)
        }
    }

    private mutating func apply(_ answer: MetadataResponse.MetadataResponseTopic, name: String) {
        var topic = Topic()
        topic.id = answer.topicId
        topic.error = .of(answer.errorCode)
        topic.isInternal = answer.isInternal
        let sorted = answer.partitions.sorted { $0.partitionIndex < $1.partitionIndex }
        for partition in sorted where partition.partitionIndex >= topic.partitions.count {
            while topic.partitions.count < min(Int(partition.partitionIndex), 1 << 20) {
                topic.partitions.append(Partition(error: .leaderNotAvailable))
            }
            topic.partitions.append(
                Partition(
                    leader: BrokerID(partition.leaderId), leaderEpoch: LeaderEpoch(partition.leaderEpoch),
                    error: .of(partition.errorCode), replicas: partition.replicaNodes, isr: partition.isrNodes
                ))
        }
        if let old = topics[name]?.id { names[old] = nil }
        // An answer that only says "not now" does not make us forget how many partitions there are.
        if topic.error != .none, topic.error.isRetriable, let known = topics[name], !known.partitions.isEmpty,
            topic.error != .unknownTopicOrPartition
        {
            topic.partitions = known.partitions
            topic.id = known.id
        }
        topics[name] = topic
        if topic.id != .zero { names[topic.id] = name }
    }
}
