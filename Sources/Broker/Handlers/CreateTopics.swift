import Messages
import Metadata
import Vocabulary

/// CreateTopics (19). Source: KIP-4, KIP-464 (defaults), KIP-525 (configurations in the answer), KIP-516
/// (ids).
extension ControlLoop {
    func handleCreateTopics(_ message: CreateTopicsRequest, _ request: ControlRequest) {
        let command = MetadataCommand.createTopics(
            message.topics.map(Self.newTopic), validateOnly: message.validateOnly)
        submit(command, deadline: request.deadline) { [unowned self] in
            var response = CreateTopicsResponse()
            response.topics = outcome($0) { reply in
                guard case .topicsCreated(let created) = reply else { return nil }
                return created.map(Self.result)
            } refused: { error in
                message.topics.map { Self.refusal($0.name, error) }
            }
            reply(request.ticket, response)
        }
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
        result.errorMessage = nil
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
}
