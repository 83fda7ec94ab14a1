import HashTreeCollections
import Messages
import Metadata
import Vocabulary

/// Metadata (3): who is in the cluster, which topics there are, who leads their partitions. Source: KIP-516
/// (topic ids), KIP-430 (authorized operations), KIP-526 (topics by need).
extension ClusterView {
    /// - Parameter missing: errors to answer for names that are not there, where creating them came to one.
    func metadata(
        _ request: MetadataRequest, version: Int16, missing: [String: ErrorCode] = [:]
    ) -> MetadataResponse {
        var response = MetadataResponse()
        response.brokers = nodes(includingFenced: false).map { node in
            var broker = MetadataResponse.MetadataResponseBroker()
            broker.nodeId = node.id.value
            broker.host = node.host
            broker.port = node.port
            broker.rack = node.rack
            return broker
        }
        response.clusterId = clusterID
        response.controllerId = controllerID.value
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        let operations =
            request.includeTopicAuthorizedOperations
            ? AuthorizedOperations.topic : AuthorizedOperations.omitted
        if let error = Self.problem(of: request, version: version) {
            response.errorCode = error.rawValue
            response.topics = (request.topics ?? []).map { Self.refusal(error, $0.name, $0.topicId) }
        } else if Self.asksForAll(request, version: version) {
            response.topics = image.topicsByName.map { describe($0, operations, version) }
        } else {
            response.topics = asked(request).map { name, id in
                answer(name: name, id: id, operations, version, missing: missing)
            }
        }
        return response
    }

    /// The names asked for that are not there and may be created on the way.
    func namesToCreate(_ request: MetadataRequest, version: Int16) -> [String] {
        guard config.autoCreateTopics, version < 4 || request.allowAutoTopicCreation else { return [] }
        guard !Self.asksForAll(request, version: version), Self.problem(of: request, version: version) == nil
        else {
            return []
        }
        return asked(request).compactMap { name, id in
            guard id == .zero, let name, image.topicIDs[name] == nil else { return nil }
            return TopicName.problem(name) == nil && name != TopicName.clusterMetadata ? name : nil
        }
    }

    private func answer(
        name: String?, id: TopicID, _ operations: Int32, _ version: Int16, missing: [String: ErrorCode]
    ) -> MetadataResponse.MetadataResponseTopic {
        if id != .zero {
            guard let topic = image.topics[id] else { return Self.refusal(.unknownTopicId, nil, id) }
            return describe(topic, operations, version)
        }
        let name = name ?? ""
        if let topic = image.topic(named: name) { return describe(topic, operations, version) }
        if TopicName.problem(name) != nil { return Self.refusal(.invalidTopicException, name, .zero) }
        return Self.refusal(missing[name] ?? .unknownTopicOrPartition, name, .zero)
    }

    private func describe(
        _ state: TopicState, _ operations: Int32, _ version: Int16
    ) -> MetadataResponse.MetadataResponseTopic {
        var topic = MetadataResponse.MetadataResponseTopic()
        topic.name = state.name
        topic.topicId = state.id
        topic.isInternal = state.isInternal
        topic.topicAuthorizedOperations = operations
        topic.partitions = image.partitions(of: state).enumerated().map { index, partition in
            let (error, leader) = leader(of: partition)
            var answer = MetadataResponse.MetadataResponsePartition()
            // LISTENER_NOT_FOUND came with version 6.
            answer.errorCode = (error == .listenerNotFound && version < 6 ? .leaderNotAvailable : error).rawValue
            answer.partitionIndex = Int32(index)
            answer.leaderId = leader.value
            answer.leaderEpoch = partition.leaderEpoch.value
            answer.replicaNodes = partition.replicas.map(\.value)
            answer.isrNodes = partition.isr.map(\.value)
            answer.offlineReplicas = offlineReplicas(of: partition)
            return answer
        }
        return topic
    }

    /// Each topic once, in the order of the request.
    private func asked(_ request: MetadataRequest) -> [(name: String?, id: TopicID)] {
        var names: Set<String> = []
        var ids: Set<TopicID> = []
        return (request.topics ?? []).compactMap { topic in
            let isNew =
                topic.topicId != .zero
                ? ids.insert(topic.topicId).inserted : names.insert(topic.name ?? "").inserted
            return isNew ? (topic.name, topic.topicId) : nil
        }
    }

    /// Version 0 has no null: there an empty list asks for all.
    private static func asksForAll(_ request: MetadataRequest, version: Int16) -> Bool {
        guard let topics = request.topics else { return true }
        return version == 0 && topics.isEmpty
    }

    /// Versions 10 and 11 carry topic ids, and may not use them (KAFKA-13701).
    private static func problem(of request: MetadataRequest, version: Int16) -> ErrorCode? {
        let isBad = (request.topics ?? []).contains { topic in
            version < 12
                ? topic.name == nil || topic.topicId != .zero : topic.name == nil && topic.topicId == .zero
        }
        return isBad ? .invalidRequest : nil
    }

    private static func refusal(
        _ error: ErrorCode, _ name: String?, _ id: TopicID
    ) -> MetadataResponse.MetadataResponseTopic {
        var topic = MetadataResponse.MetadataResponseTopic()
        topic.errorCode = error.rawValue
        topic.name = name
        topic.topicId = id
        topic.isInternal = name.map(TopicName.isInternal) ?? false
        return topic
    }
}
