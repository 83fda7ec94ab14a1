import ArgumentParser
import Client
import Messages
import Vocabulary

struct TopicCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create topics.",
        discussion: """
            Examples:
              needletail topic create orders
              needletail topic create orders payments -p 6 -c compression.type=zstd
            """)

    @Argument(help: "Names of the topics.") var names: [String]
    @OptionGroup var connection: ConnectionOptions
    @Option(name: .shortAndLong, help: "Partitions of each; the broker's num.partitions by default.")
    var partitions: Int32?
    @Option(help: "Replicas of each partition; the broker's default.replication.factor by default.")
    var replicationFactor: Int16?
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A topic configuration; may be repeated.", valueName: "name=value"))
    var config: [ConfigPair] = []
    @Flag(help: "A topic that exists already is no error.") var ifNotExists = false
    @Flag(help: "Only ask whether it could be done.") var validateOnly = false
    @Flag(help: "Print JSON, one line for each topic.") var json = false

    func validate() throws {
        if names.isEmpty { throw ValidationError("Name at least one topic.") }
        if let partitions, partitions < 1 { throw ValidationError("--partitions must be at least 1.") }
    }

    func run() throws {
        let session = AdminSession(connection)
        let request = AdminRequests.createTopics(
            names, partitions: partitions ?? -1, replicationFactor: replicationFactor ?? -1,
            configs: config.map { ($0.name, $0.value) }, validateOnly: validateOnly)
        let response = try asking { try session.call(request) }
        var failed = false
        for topic in response.topics {
            let code = ErrorCode.of(topic.errorCode)
            if code == .none || (code == .topicAlreadyExists && ifNotExists) {
                report(topic, isNew: code == .none)
            } else {
                failed = true
                complain("error: \(topicProblem(topic.name, code, topic.errorMessage))")
            }
        }
        if failed { throw ExitCode.failure }
    }

    private func report(_ topic: CreateTopicsResponse.CreatableTopicResult, isNew: Bool) {
        if json {
            print(
                JSON.object([
                    ("topic", .string(topic.name)), ("created", .bool(isNew && !validateOnly)),
                    ("id", topic.topicId == .zero ? .null : .string("\(topic.topicId)")),
                    ("partitions", .int(Int64(topic.numPartitions))),
                ]))
        } else if validateOnly {
            print("\(topic.name): could be created")
        } else {
            let partitions =
                topic.numPartitions > 0 ? " with \(count(Int(topic.numPartitions), "partition"))" : ""
            print(isNew ? "created \(topic.name)\(partitions)" : "\(topic.name) exists already")
        }
    }
}

/// `1 partition`, `2 partitions`.
func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

/// Runs a call whose failure is this program's failure.
func asking<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as ClientError {
        if case .unreachable = error { throw Failure.unavailable("\(error); is the broker running?") }
        throw Failure.failed("\(error)")
    }
}
