import Messages
import Metadata
import Vocabulary

/// CreateTopics (19). Source: KIP-4, KIP-464 (defaults), KIP-525 (configurations in the answer), KIP-516 (ids).
extension ControlLoop {
    func handleCreateTopics(_ message: CreateTopicsRequest, _ request: ControlRequest) {
        var (topics, results) = Self.withoutDuplicates(message.topics)
        if topics.isEmpty { return reply(request.ticket, Self.response(results)) }
        let new = topics.map(Self.newTopic)
        submit(.createTopics(new, validateOnly: message.validateOnly), deadline: request.deadline) { [unowned self] in
            results += outcome($0) { reply in
                guard case .topicsCreated(let created) = reply else { return nil }
                return created.map(Self.result)
            } refused: { error in
                topics.map { Self.refusal($0.name, error) }
            }
            topics = []
            reply(request.ticket, Self.response(results))
        }
    }

    /// A name that comes twice is refused as a whole: which of the two was meant?
    private static func withoutDuplicates(
        _ topics: [CreateTopicsRequest.CreatableTopic]
    ) -> ([CreateTopicsRequest.CreatableTopic], [CreateTopicsResponse.CreatableTopicResult]) {
        var counts: [String: Int] = [:]
        for topic in topics { counts[topic.name, default: 0] += 1 }
        let twice = counts.filter { $0.value > 1 }.keys.sorted()
        let refusals = twice.map { refusal($0, MetadataError(.invalidRequest, "Duplicate topic name.")) }
        return (topics.filter { counts[$0.name] == 1 }, refusals)
    }

    private static func newTopic(_ topic: CreateTopicsRequest.CreatableTopic) -> NewTopic {
        NewTopic(
            name: topic.name, partitionCount: topic.numPartitions, replicationFactor: topic.replicationFactor,
            assignments: topic.assignments.map { ($0.partitionIndex, $0.brokerIds.map { BrokerID($0) }) },
            configs: topic.configs.map { ($0.name, $0.value) })
    }

    private static func result(_ created: CreatedTopic) -> CreateTopicsResponse.CreatableTopicResult {
        if let error = created.error { return refusal(created.name, error) }
        var result = CreateTopicsResponse.CreatableTopicResult()
        result.name = created.name
        result.topicId = created.id
        result.numPartitions = created.partitionCount
        result.replicationFactor = created.replicationFactor
        result.configs = created.configs.map { config in
            var answer = CreateTopicsResponse.CreatableTopicConfigs()
            answer.name = config.name
            answer.value = config.isSensitive ? nil : config.value
            answer.configSource = config.source.rawValue
            answer.isSensitive = config.isSensitive
            return answer
        }
        return result
    }

    private static func refusal(
        _ name: String, _ error: MetadataError
    ) -> CreateTopicsResponse.CreatableTopicResult {
        var result = CreateTopicsResponse.CreatableTopicResult()
        result.name = name
        result.errorCode = error.code.rawValue
        result.errorMessage = error.message
        return result
    }

    private static func response(_ topics: [CreateTopicsResponse.CreatableTopicResult]) -> CreateTopicsResponse {
        var response = CreateTopicsResponse()
        response.topics = topics
        return response
    }
}
