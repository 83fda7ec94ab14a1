import ArgumentParser

/// The one binary. Each subcommand lives in a file of its own; a new one is one more line in its group.
@main
struct Needletail: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "needletail",
        abstract: "A distributed commit log that speaks Kafka's protocol.",
        discussion: """
            Try it: 'needletail dev' starts a broker with zero configuration on 127.0.0.1:9092.
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Broker", subcommands: brokerCommands),
            CommandGroup(name: "Topics and records", subcommands: clientCommands),
            CommandGroup(name: "Tools", subcommands: toolCommands),
        ])

    private static let brokerCommands: [any ParsableCommand.Type] = [
        Start.self, Dev.self, Format.self, ClusterCommand.self,
    ]
    private static let clientCommands: [any ParsableCommand.Type] = [
        TopicCommand.self, ProduceCommand.self, ConsumeCommand.self, ZnodeCommand.self,
    ]
    private static let toolCommands: [any ParsableCommand.Type] = [LogCommand.self, BenchCommand.self]
}
