import HashTreeCollections
import Vocabulary

// Creating and deleting topics. Codes and messages are Kafka's.
extension Controller {
    func createTopics(
        _ topics: [NewTopic], validateOnly: Bool, at now: Timestamp
    ) throws(MetadataError) -> MetadataDecision {
        try limitPartitions(topics.reduce(0) { $0 + max(Int($1.partitionCount), $1.assignments.count, 1) })
        var draft = Draft(image)
        var chance = self.chance
        var results: [CreatedTopic] = []
        let twice = Self.repeated(topics.map(\.name))
        for topic in topics {
            if twice.contains(topic.name) {
                if results.contains(where: { $0.name == topic.name }) { continue }
                results.append(
                    .init(name: topic.name, refused: .init(.invalidRequest, "Duplicate topic name.")))
                continue
            }
            let before = (draft, chance)
            do throws(MetadataError) {
                results.append(try create(topic, in: &draft, &chance, at: now))
            } catch {
                (draft, chance) = before
                results.append(.init(name: topic.name, refused: error))
            }
        }
        try limitPartitions(draft.image.partitions.count - image.partitions.count)
        if validateOnly {
            for index in results.indices { results[index].id = .zero }
            return MetadataDecision(reply: .topicsCreated(results))
        }
        if Canary.forgetsTopics.isChosen, image.lastOffset.value % 3 == 0 {
            return MetadataDecision(reply: .topicsCreated(results))
        }
        return MetadataDecision(records: draft.records, reply: .topicsCreated(results))
    }

    /// Whether topics may be created this way (`auto.create.topics.enable`) is for the one who asks to know.
    func autoCreateTopics(_ names: [String], at now: Timestamp) throws(MetadataError) -> MetadataDecision {
        try createTopics(names.map(defaults), validateOnly: false, at: now)
    }

    func deleteTopics(_ topics: [TopicReference]) throws(MetadataError) -> MetadataDecision {
        guard configs.isOn("delete.topic.enable") else {
            throw MetadataError(.topicDeletionDisabled, "Topic deletion is disabled.")
        }
        var draft = Draft(image)
        var results: [DeletedTopic] = []
        let twice = Self.repeated(topics.map(named))
        for reference in topics {
            let named = self.named(reference)
            if twice.contains(named) {
                if results.contains(where: { $0.name == named.name && $0.id == named.id }) { continue }
                results.append(
                    .init(
                        name: named.name, id: named.id,
                        error: .init(.invalidRequest, "The topic was named more than once.")))
                continue
            }
            results.append(delete(reference, in: &draft))
        }
        return MetadataDecision(records: draft.records, reply: .topicsDeleted(results))
    }

    // MARK: Creating one

    private func create(
        _ topic: NewTopic, in draft: inout Draft, _ chance: inout SeededGenerator, at now: Timestamp
    ) throws(MetadataError) -> CreatedTopic {
        try checkName(topic.name, in: draft.image)
        let values = try checkTopicConfigs(topic.configs)
        var own = SeededGenerator(seed: chance.next())
        let placed = try place(topic, chance: own.split())
        try limitReplicas(placed)
        var id = TopicID(using: &own)
        while draft.image.topics[id] != nil { id = TopicID(using: &own) }

        draft.add(.topicCreated(id, name: topic.name, at: now))
        for (name, value) in values { draft.add(.configSet(.topic(topic.name), name: name, value: value)) }
        for (index, replicas) in placed.enumerated() {
            let key = TopicIDPartition(topic: id, partition: Int32(index))
            draft.add(.partitionCreated(key, newPartition(replicas)))
        }
        var result = CreatedTopic(name: topic.name)
        result.id = id
        result.partitionCount = Int32(placed.count)
        result.replicationFactor = Int16(placed[0].count)
        result.configs = effective(draft.image).topic(topic.name)
        return result
    }

    private func checkName(_ name: String, in image: ClusterImage) throws(MetadataError) {
        if let problem = TopicName.problem(name) { throw MetadataError(.invalidTopicException, problem) }
        if name == TopicName.clusterMetadata {
            throw MetadataError(.invalidRequest, "Creation of internal topic \(name) is prohibited.")
        }
        if image.topicIDs[name] != nil {
            throw MetadataError(.topicAlreadyExists, "Topic '\(name)' already exists.")
        }
        if let key = TopicName.collisionKey(name), let other = image.collidingNames[key] {
            throw MetadataError(
                .invalidTopicException,
                "Topic '\(name)' collides with existing topic: \(image.topics[other]?.name ?? "")")
        }
    }

    /// The replicas of each partition, as asked or as the cluster's defaults say.
    private func place(_ topic: NewTopic, chance: SeededGenerator) throws(MetadataError) -> [[BrokerID]] {
        if !topic.assignments.isEmpty { return try placeByHand(topic) }
        if topic.partitionCount == 0 || topic.partitionCount < -1 {
            throw MetadataError(
                .invalidPartitions, "Number of partitions was set to an invalid non-positive value.")
        }
        if topic.replicationFactor == 0 || topic.replicationFactor < -1 {
            throw MetadataError(
                .invalidReplicationFactor, "Replication factor was set to an invalid non-positive value.")
        }
        let count = topic.partitionCount == -1 ? configs.number("num.partitions") : Int(topic.partitionCount)
        let factor =
            topic.replicationFactor == -1
            ? configs.number("default.replication.factor") : Int(topic.replicationFactor)
        try limitPartitions(count)
        var placement = ReplicaPlacement(brokers: image.brokersByID, chance: chance)
        return try placement.place(partitions: count, replicas: factor)
    }

    private func placeByHand(_ topic: NewTopic) throws(MetadataError) -> [[BrokerID]] {
        if topic.replicationFactor != -1 {
            throw MetadataError(
                .invalidRequest,
                "A manual partition assignment was specified, but replication factor was not set to -1.")
        }
        if topic.partitionCount != -1 {
            throw MetadataError(
                .invalidRequest,
                "A manual partition assignment was specified, but numPartitions was not set to -1.")
        }
        if let partition = Self.repeated(topic.assignments.map(\.partition)).min() {
            throw MetadataError(
                .invalidReplicaAssignment,
                "Found multiple manual partition assignments for partition \(partition)")
        }
        let sorted = topic.assignments.sorted { $0.partition < $1.partition }
        for (index, assignment) in sorted.enumerated() where assignment.partition != index {
            throw MetadataError(
                .invalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence")
        }
        var factor: Int?
        for assignment in sorted {
            try checkAssignment(assignment.brokers, of: assignment.partition, factor: factor)
            factor = assignment.brokers.count
        }
        return sorted.map(\.brokers)
    }

    /// What a topic made without being described looks like. Kafka's own topics have parameters of their own.
    private func defaults(of name: String) -> NewTopic {
        let prefix: String
        switch name {
        case TopicName.consumerOffsets: prefix = "offsets.topic"
        case TopicName.transactionState: prefix = "transaction.state.log"
        case TopicName.shareGroupState: prefix = "share.coordinator.state.topic"
        default: return NewTopic(name: name)
        }
        var values: [(name: String, value: String?)] = [
            ("cleanup.policy", "compact"), ("compression.type", "producer"),
            ("segment.bytes", configs.broker("\(prefix).segment.bytes").value),
        ]
        if ConfigCatalogue.broker["\(prefix).min.isr"] != nil {
            values.append(("min.insync.replicas", configs.broker("\(prefix).min.isr").value))
        }
        return NewTopic(
            name: name, partitionCount: Int32(configs.number("\(prefix).num.partitions")),
            replicationFactor: Int16(configs.number("\(prefix).replication.factor")), configs: values)
    }

    // MARK: Deleting one

    private func delete(_ reference: TopicReference, in draft: inout Draft) -> DeletedTopic {
        var result = DeletedTopic(name: nil, id: .zero)
        switch reference {
        case .name(let name):
            result.name = name
            result.id = image.topicIDs[name] ?? .zero
            if result.id == .zero {
                result.error = MetadataError(
                    .unknownTopicOrPartition, "This server does not host this topic-partition.")
            }
        case .id(let id):
            result.id = id
            result.name = image.topics[id]?.name
            if result.name == nil {
                result.error = MetadataError(.unknownTopicId, "This server does not host this topic ID.")
            }
        }
        if result.error == nil { draft.add(.topicDeleted(result.id)) }
        return result
    }

    /// Name and id as far as they are known, so that a topic named in both ways is found twice.
    private func named(_ reference: TopicReference) -> NamedTopic {
        switch reference {
        case .name(let name): NamedTopic(name: name, id: image.topicIDs[name] ?? .zero)
        case .id(let id): NamedTopic(name: image.topics[id]?.name, id: id)
        }
    }

    private struct NamedTopic: Hashable {
        let name: String?
        let id: TopicID
    }
}

extension CreatedTopic {
    init(name: String, refused error: MetadataError) {
        self.init(name: name)
        self.error = error
    }
}
