import ArgumentParser
import Client
import Messages
import Vocabulary

struct TopicAlter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alter", abstract: "Change a topic's configuration or add partitions.",
        discussion: """
            Configurations that are not named stay as they are. Partitions can only become more; records that are there \
            already stay where they are, so keys may change their partition.

            Examples:
              needletail topic alter orders --config retention.ms=3600000
              needletail topic alter orders --delete-config retention.ms
              needletail topic alter orders --partitions 12
            """)

    @Argument(help: "The topic's name.") var name: String
    @OptionGroup var connection: ConnectionOptions
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Set a configuration; may be repeated.", valueName: "name=value"))
    var config: [ConfigPair] = []
    @Option(
        help: ArgumentHelp("Take a configuration back to its default; may be repeated.", valueName: "name"))
    var deleteConfig: [String] = []
    @Option(name: .shortAndLong, help: "How many partitions there shall be.") var partitions: Int32?

    func validate() throws {
        if config.isEmpty, deleteConfig.isEmpty, partitions == nil {
            throw ValidationError("Nothing to change: give --config, --delete-config or --partitions.")
        }
    }

    func run() throws {
        let session = AdminSession(connection)
        if !config.isEmpty || !deleteConfig.isEmpty {
            let request = AdminRequests.alterTopicConfigs(
                name, set: config.map { ($0.name, $0.value) }, delete: deleteConfig)
            let response = try asking { try session.call(request) }
            for answer in response.responses { try check(answer.errorCode, answer.errorMessage) }
            for pair in config { print("\(name): \(pair.name)=\(pair.value)") }
            for key in deleteConfig { print("\(name): \(key) has its default again") }
        }
        if let partitions {
            let response = try asking {
                try session.call(AdminRequests.createPartitions(name, count: partitions))
            }
            for answer in response.results { try check(answer.errorCode, answer.errorMessage) }
            print("\(name): \(count(Int(partitions), "partition"))")
        }
    }

    private func check(_ code: Int16, _ message: String?) throws {
        guard code != 0 else { return }
        throw Failure.failed(topicProblem(name, .of(code), message))
    }
}
