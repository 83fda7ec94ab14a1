import Messages
import Metadata
import Vocabulary

/// The requests that data loops hand over.
extension ControlLoop {
    func handle(_ request: ControlRequest) {
        switch request.message {
        case let message as MetadataRequest: handleMetadata(message, request)
        case let message as CreateTopicsRequest: handleCreateTopics(message, request)
        case let message as DeleteTopicsRequest: handleDeleteTopics(message, request)
        case let message as DeleteRecordsRequest: handleDeleteRecords(message, request.ticket)
        case let message as CreatePartitionsRequest: handleCreatePartitions(message, request)
        case let message as AlterConfigsRequest: handleAlterConfigs(message, request)
        case let message as IncrementalAlterConfigsRequest: handleIncrementalAlterConfigs(message, request)
        case let message as InitProducerIdRequest: handleInitProducerId(message, request.ticket)
        case let message as DescribeLogDirsRequest: reply(request.ticket, describeLogDirs(message))
        default: invariantFailed("API \(request.ticket.apiKey) was handed to the control loop")
        }
    }

    /// Metadata of topics that are to be created on the way. Source: `auto.create.topics.enable`.
    private func handleMetadata(_ message: MetadataRequest, _ request: ControlRequest) {
        let version = request.ticket.apiVersion
        let names = view(request.listener).namesToCreate(message, version: version)
        if names.isEmpty {  // Someone else was faster.
            return reply(request.ticket, view(request.listener).metadata(message, version: version))
        }
        let deadline = now.instant.adding(milliseconds: Self.autoCreationMaxMs)
        submit(.autoCreateTopics(names), deadline: deadline) { [unowned self] outcome in
            var errors: [String: ErrorCode] = [:]
            if case .done(.topicsCreated(let topics)) = outcome {
                for topic in topics {
                    errors[topic.name] = topic.error.map { Self.autoCreationError($0.code) }
                }
            }
            reply(request.ticket, view(request.listener).metadata(message, version: version, missing: errors))
        }
    }

    /// How long a Metadata request waits for topics to be created; it carries no time of its own.
    private static let autoCreationMaxMs: Int64 = 5000

    /// What clients understand as "ask again", unless asking again is of no use.
    private static func autoCreationError(_ code: ErrorCode) -> ErrorCode {
        switch code {
        case .invalidTopicException, .invalidReplicationFactor, .invalidConfig: code
        default: .unknownTopicOrPartition
        }
    }

    /// How the three ways that a command ends look for one item.
    func outcome<Item>(
        _ outcome: CommandOutcome, _ items: (MetadataReply) -> [Item]?, refused: (MetadataError) -> [Item]
    ) -> [Item] {
        switch outcome {
        case .done(let reply):
            guard let items = items(reply) else { invariantFailed("another command's reply: \(reply)") }
            return items
        case .refused(let error): return refused(error)
        case .timedOut:
            return refused(MetadataError(.requestTimedOut, "The request timed out before it was done."))
        }
    }
}
