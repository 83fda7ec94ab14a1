import Messages
import Metadata
import Vocabulary

/// CreatePartitions (37): more partitions for a topic, never fewer. Source: KIP-195.
extension ControlLoop {
    func handleCreatePartitions(_ message: CreatePartitionsRequest, _ request: ControlRequest) {
        let new = message.topics.map { topic in
            NewPartitions(
                topic: topic.name, count: topic.count,
                assignments: topic.assignments.map { $0.map { $0.brokerIds.map { BrokerID($0) } } })
        }
        let command = MetadataCommand.createPartitions(new, validateOnly: message.validateOnly)
        submit(command, deadline: request.deadline) { [unowned self] in
            var response = CreatePartitionsResponse()
            response.results = outcome($0) { reply in
                guard case .partitionsCreated(let created) = reply else { return nil }
                return created.map { Self.result($0.topic, $0.error) }
            } refused: { error in
                message.topics.map { Self.result($0.name, error) }
            }
            reply(request.ticket, response)
        }
    }

    private static func result(
        _ name: String, _ error: MetadataError?
    ) -> CreatePartitionsResponse.CreatePartitionsTopicResult {
        var result = CreatePartitionsResponse.CreatePartitionsTopicResult()
        result.name = name
        result.errorCode = error?.code.rawValue ?? 0
        result.errorMessage = error?.message
        return result
    }
}
