import ArgumentParser
import Client
import Records
import Vocabulary

/// `needletail produce`: lines of standard input become records.
struct ProduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "produce",
        abstract: "Send the lines of standard input as records.",
        discussion: """
            A line is a value, or with --key-separator a key and a value. Records with equal keys go to the same \
            partition, the one other Kafka clients choose. Sending is idempotent unless --acks is 0 or 1: nothing is \
            lost, doubled or reordered. What was delivered is said on standard error; the exit code is 1 when anything \
            was not.

            Examples:
              echo 'hello' | needletail produce greetings
              needletail produce orders --key-separator : --compression zstd < orders.txt
              needletail produce orders --header source=import --partition 0 < lines.txt
            """)

    @Argument(help: "The topic.") var topic: String
    @OptionGroup var connection: ConnectionOptions
    @Option(
        name: [.customShort("K"), .long],
        help: "What stands between key and value; by default lines have no key.")
    var keySeparator: String?
    @Option(help: "A key or value that equals this text is null.") var null: String?
    @Option(
        name: [.customShort("H"), .long],
        help: ArgumentHelp("A header of every record; may be repeated.", valueName: "name=value"))
    var header: [ConfigPair] = []
    @Option(name: .shortAndLong, help: "The partition of all records; by default the key decides.")
    var partition: Int32?
    @Option(name: .shortAndLong, help: "all, 1 or 0: who must have a record before it counts as delivered.")
    var acks: Acks = .all
    @Option(name: [.customShort("z"), .long], help: "none, gzip, snappy, lz4 or zstd.")
    var compression: Compression = .none
    @Option(help: ArgumentHelp("How large a batch may become.", valueName: "bytes")) var batchBytes =
        64 * 1024
    @Option(help: ArgumentHelp("How long a batch waits for more records.", valueName: "ms")) var lingerMs:
        Int64 = 5
    @Option(help: ArgumentHelp("How long to keep trying to deliver a record.", valueName: "ms"))
    var deliveryTimeout: Int64 = 120_000
    @Flag(name: .shortAndLong, help: "Say nothing when all went well.") var quiet = false

    enum Acks: String, ExpressibleByArgument, CaseIterable {
        case all, one = "1", none = "0"
        var number: Int16 { [.all: -1, .one: 1, .none: 0][self]! }
    }

    func validate() throws {
        if keySeparator == "" { throw ValidationError("--key-separator must not be empty.") }
        if batchBytes < 100 { throw ValidationError("--batch-bytes must be at least 100.") }
        if lingerMs < 0 { throw ValidationError("--linger-ms must not be negative.") }
    }

    func run() throws {
        var settings = Producer.Settings()
        settings.acks = acks.number
        settings.isIdempotent = acks == .all
        settings.codec = compression.codec
        settings.batchBytes = batchBytes
        settings.lingerMs = lingerMs
        settings.deliveryTimeoutMs = deliveryTimeout
        settings.seed = UInt64(truncatingIfNeeded: wallClock().milliseconds)
        var cluster = connection.settings(clientID: "needletail-produce")
        cluster.allowsTopicCreation = true
        let lines = LineReader(
            separator: keySeparator.map { Array($0.utf8) }, null: null.map { Array($0.utf8) },
            headers: header.map { .init(key: $0.name, value: Array($0.value.utf8)) }, partition: partition)
        let loop = ProduceLoop(
            ProducerClient(cluster: cluster, producer: settings), topic: topic, lines: lines, quiet: quiet)
        try loop.run()
    }
}

/// A codec's name on the command line.
enum Compression: String, ExpressibleByArgument, CaseIterable {
    case none, gzip, snappy, lz4, zstd

    var codec: Codec { Codec(name: rawValue) ?? .none }
}
