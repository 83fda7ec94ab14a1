import Messages
import Metadata
import Vocabulary

/// CreatePartitions (37): more partitions for a topic, never fewer. Source: KIP-195.
extension ControlLoop {
    func handleCreatePartitions(_ message: CreatePartitionsRequest, _ request: ControlRequest) {
        typealias Result = CreatePartitionsResponse.CreatePartitionsTopicResult
        var counts: [String: Int] = [:]
        for topic in message.topics { counts[topic.name, default: 0] += 1 }
        let once = message.topics.filter { counts[$0.name] == 1 }
        let duplicate = MetadataError(.invalidRequest, "Duplicate topic name.")
        let refusals = counts.filter { $0.value > 1 }.keys.sorted().map { Self.result($0, duplicate) }
        let answer = { [unowned self] (results: [Result]) in
            var response = CreatePartitionsResponse()
            response.results = refusals + results
            reply(request.ticket, response)
        }
        if once.isEmpty { return answer([]) }
        let new = once.map { topic in
            NewPartitions(
                topic: topic.name, count: topic.count,
                assignments: topic.assignments.map { $0.map { $0.brokerIds.map { BrokerID($0) } } })
        }
        submit(
            .createPartitions(new, validateOnly: message.validateOnly), deadline: request.deadline
        ) { [unowned self] in
            answer(
                outcome($0) { reply in
                    guard case .partitionsCreated(let created) = reply else { return nil }
                    return created.map { Self.result($0.topic, $0.error) }
                } refused: { error in
                    once.map { Self.result($0.name, error) }
                })
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
