import ArgumentParser
import Client
import Messages
import Vocabulary

struct TopicList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the topics, one name a line.",
        discussion: """
            Examples:
              needletail topic list
              needletail topic list --internal --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "The cluster's own topics too.") var `internal` = false
    @Flag(help: "Print JSON, one line for each topic.") var json = false

    func run() throws {
        let view = try asking { try AdminSession(connection).refresh(topics: nil) }
        for (name, topic) in view.topics.sorted(by: { $0.key < $1.key }) where `internal` || !topic.isInternal
        {
            if json {
                print(
                    JSON.object([
                        ("topic", .string(name)), ("id", .string("\(topic.id)")),
                        ("partitions", .int(Int64(topic.partitions.count))),
                        ("internal", .bool(topic.isInternal)),
                    ]))
            } else {
                print(name)
            }
        }
    }
}

struct TopicDelete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete topics and all their records.",
        discussion: """
            Example:
              needletail topic delete orders payments
            """)

    @Argument(help: "Names of the topics.") var names: [String]
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "A topic that does not exist is no error.") var ifExists = false

    func run() throws {
        let session = AdminSession(connection)
        let response = try asking { try session.call(AdminRequests.deleteTopics(names), versionMax: 5) }
        var failed = false
        for topic in response.responses {
            let code = ErrorCode.of(topic.errorCode)
            let name = topic.name ?? "?"
            if code == .none {
                print("deleted \(name)")
            } else if code != .unknownTopicOrPartition || !ifExists {
                failed = true
                complain("error: \(topicProblem(name, code, topic.errorMessage))")
            }
        }
        if failed { throw ExitCode.failure }
    }
}
