import ArgumentParser
import Client
import Vocabulary

/// `needletail topic`: what topics there are, and changing that.
struct TopicCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic",
        abstract: "Create, list, describe, alter and delete topics.",
        discussion: """
            Examples:
              needletail topic create orders --partitions 6 --config retention.ms=86400000
              needletail topic list
              needletail topic describe orders
              needletail topic alter orders --config cleanup.policy=compact
              needletail topic alter orders --partitions 12
              needletail topic delete orders
            """,
        subcommands: [
            TopicCreate.self, TopicList.self, TopicDescribe.self, TopicAlter.self, TopicDelete.self,
        ])
}

/// What went wrong with a topic, and what can be done about it where that is not plain.
func topicProblem(_ name: String, _ code: ErrorCode, _ message: String?) -> String {
    switch code {
    case .unknownTopicOrPartition: "topic \(name) does not exist; 'needletail topic list' shows those that do"
    case .topicAlreadyExists: "topic \(name) exists already; 'needletail topic alter' changes it"
    default: "topic \(name): \(ClientError.broker(code, message))"
    }
}

/// `name=value`, as in `--config`.
struct ConfigPair: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}
