import ArgumentParser
import Client
import Vocabulary

/// `needletail consume`: records to standard output.
struct ConsumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Print a topic's records.",
        discussion: """
            Ends when it has printed all that was there when it began; with --follow it waits for more.

            --format is 'value', 'key-value' (with a tab between), 'json' (one object a line; bytes that are no UTF-8 as \
            keyBase64 and valueBase64), or a template of %t topic, %p partition, %o offset, %k key, %v value, \
            %T timestamp in ms, %h headers, %K and %V sizes of key and value (-1 for null), %% and \\n \\t \\0.

            Examples:
              needletail consume orders
              needletail consume orders --from end --follow
              needletail consume orders --partition 0 --from 1000 --count 10 --format json
              needletail consume orders --timestamp 1767225600000 --format '%p/%o %k: %v\\n'
            """)

    @Argument(help: "The topic.") var topic: String
    @OptionGroup var connection: ConnectionOptions
    @Option(
        parsing: .unconditional, help: "beginning, end, or an offset; -5 means five records before the end.")
    var from: From?
    @Option(help: ArgumentHelp("Begin with records of this time (ms since 1970) or later.", valueName: "ms"))
    var timestamp: Int64?
    @Option(name: .shortAndLong, help: "Only this partition; may be repeated.") var partition: [Int32] = []
    @Flag(name: [.customShort("F"), .long], help: "Go on when the end is reached, until interrupted.")
    var follow = false
    @Option(name: .shortAndLong, help: "Stop after so many records.") var count: Int?
    @Option(name: .shortAndLong, help: ArgumentHelp("How to print a record.", valueName: "format"))
    var format: RecordFormat = .valueOnly
    @Flag(name: .shortAndLong, help: "Say on standard error how many records there were.") var verbose = false

    enum From: ExpressibleByArgument {
        case beginning, end, offset(Int64)

        init?(argument: String) {
            switch argument {
            case "beginning": self = .beginning
            case "end": self = .end
            default:
                guard let number = Int64(argument) else { return nil }
                self = .offset(number)
            }
        }
        var defaultValueDescription: String { "beginning" }
    }

    func validate() throws {
        if from != nil, timestamp != nil {
            throw ValidationError("--from and --timestamp exclude each other.")
        }
        if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
        if let timestamp, timestamp < 0 { throw ValidationError("--timestamp must not be negative.") }
    }

    func run() throws {
        var settings = Consumer.Settings()
        settings.outOfRange = nil
        if !follow { settings.patienceMs = connection.requestTimeout }
        let cluster = connection.settings(clientID: "needletail-consume")
        let loop = ConsumeLoop(
            ConsumerClient(cluster: cluster, consumer: settings), topic: topic, format: format,
            countMax: count)
        let places = try loop.places(partition)
        for place in places {
            loop.assign(place, from: try start(of: place), until: follow ? .never : .atEnd)
        }
        try loop.run()
        if verbose { complain("\(loop.printed) records from \(topic)") }
    }

    private func start(of place: TopicPartition) throws -> ReadStart {
        if let timestamp { return .timestamp(Timestamp(milliseconds: timestamp)) }
        switch from ?? .beginning {
        case .beginning: return .beginning
        case .end: return .end
        case .offset(let number) where number >= 0: return .offset(Offset(number))
        case .offset(let number): return .beforeEnd(-number)
        }
    }
}
