import Messages
import Metadata
import Vocabulary

/// DeleteTopics (20), by name or, since version 6, by id. Source: KIP-4, KIP-516.
extension ControlLoop {
    func handleDeleteTopics(_ message: DeleteTopicsRequest, _ request: ControlRequest) {
        typealias Result = DeleteTopicsResponse.DeletableTopicResult
        var results: [Result] = []
        var wanted: [TopicReference] = []
        let states = request.ticket.apiVersion >= 6 ? message.topics : message.topicNames.map(Self.state)
        for state in states {
            switch (state.name, state.topicId) {
            case (let name?, .zero): wanted.append(.name(name))
            case (nil, let id) where id != .zero: wanted.append(.id(id))
            case (let name, let id):
                let why = name == nil ? "Neither topic name nor id were specified." : "You may not specify both topic name and topic id."
                results.append(Self.result(name, id, MetadataError(.invalidRequest, why)))
            }
        }
        let (once, twice) = Self.split(wanted)
        let duplicate = MetadataError(.invalidRequest, "Duplicate topic name or id.")
        results += twice.map { Self.refusal($0, duplicate) }
        let answer = { [unowned self] (deleted: [Result]) in
            var response = DeleteTopicsResponse()
            response.responses = results + deleted
            reply(request.ticket, response)
        }
        if once.isEmpty { return answer([]) }
        submit(.deleteTopics(once), deadline: request.deadline) { [unowned self] in
            answer(
                outcome($0) { reply in
                    guard case .topicsDeleted(let deleted) = reply else { return nil }
                    return deleted.map { Self.result($0.name, $0.id, $0.error) }
                } refused: { error in
                    once.map { Self.refusal($0, error) }
                })
        }
    }

    private static func state(_ name: String) -> DeleteTopicsRequest.DeleteTopicState {
        var state = DeleteTopicsRequest.DeleteTopicState()
        state.name = name
        return state
    }

    /// Those asked for once, and those asked for more often.
    private static func split(_ references: [TopicReference]) -> (once: [TopicReference], twice: [TopicReference]) {
        var counts: [TopicReference: Int] = [:]
        for reference in references { counts[reference, default: 0] += 1 }
        var told: Set<TopicReference> = []
        return (
            references.filter { counts[$0] == 1 },
            references.filter { counts[$0]! > 1 && told.insert($0).inserted }
        )
    }

    private static func refusal(
        _ reference: TopicReference, _ error: MetadataError
    ) -> DeleteTopicsResponse.DeletableTopicResult {
        switch reference {
        case .name(let name): result(name, .zero, error)
        case .id(let id): result(nil, id, error)
        }
    }

    private static func result(
        _ name: String?, _ id: TopicID, _ error: MetadataError?
    ) -> DeleteTopicsResponse.DeletableTopicResult {
        var result = DeleteTopicsResponse.DeletableTopicResult()
        result.name = name
        result.topicId = id
        result.errorCode = error?.code.rawValue ?? 0
        result.errorMessage = error?.message
        return result
    }
}
