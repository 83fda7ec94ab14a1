import Messages
import Metadata
import Vocabulary

/// DeleteTopics (20), by name or, since version 6, by id. Source: KIP-4, KIP-516.
extension ControlLoop {
    func handleDeleteTopics(_ message: DeleteTopicsRequest, _ request: ControlRequest) {
        var results: [DeleteTopicsResponse.DeletableTopicResult] = []
        var wanted: [TopicReference] = []
        let states = request.ticket.apiVersion >= 6 ? message.topics : message.topicNames.map(Self.state)
        for state in states {
            switch (state.name, state.topicId) {
            case (let name?, .zero): wanted.append(.name(name))
            case (nil, let id) where id != .zero: wanted.append(.id(id))
            case (let name, let id):
                let why =
                    name == nil
                    ? "Neither topic name nor id were specified."
                    : "You may not specify both topic name and topic id."
                results.append(Self.result(name, id, MetadataError(.invalidRequest, why)))
            }
        }
        submit(.deleteTopics(wanted), deadline: request.deadline) { [unowned self] in
            var response = DeleteTopicsResponse()
            response.responses =
                results
                + outcome($0) { reply in
                    guard case .topicsDeleted(let deleted) = reply else { return nil }
                    return deleted.map { Self.result($0.name, $0.id, $0.error) }
                } refused: { error in
                    // The code came with version 3.
                    let isNews = error.code == .topicDeletionDisabled && request.ticket.apiVersion < 3
                    let told = isNews ? MetadataError(.invalidRequest, error.message) : error
                    return wanted.map { Self.refusal($0, told) }
                }
            reply(request.ticket, response)
        }
    }

    private static func state(_ name: String) -> DeleteTopicsRequest.DeleteTopicState {
        var state = DeleteTopicsRequest.DeleteTopicState()
        state.name = name
        return state
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
