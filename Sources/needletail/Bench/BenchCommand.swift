import ArgumentParser
import Client

/// `needletail bench`: load for any Kafka-compatible broker, and what it cost.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a broker: throughput, latency, CPU and memory.",
        discussion: """
            With --rate records are due at fixed times, whether the broker keeps up or not, and latency counts from \
            the time a record was due: a stall is felt by every record that it delays (no coordinated omission). \
            Without --rate the load is as much as the broker takes, and latency is that of a request.

            1 MB is 10^6 bytes and 1 GB is 10^9 bytes of keys and values.

            Examples:
              needletail bench produce --create-topic --batch-bytes 256KiB
              needletail bench consume --topic bench --duration 10s --broker-pid 4711
              needletail bench end-to-end --create-topic --rate 10k --json result.json
              needletail bench znode create --clients 16 --duration 10s
            """,
        subcommands: [BenchProduce.self, BenchConsume.self, BenchEndToEnd.self, BenchZnode.self])
}

struct BenchProduce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "produce", abstract: "Send records and measure until they are acknowledged.",
        discussion: """
            Examples:
              needletail bench produce --create-topic --partitions 6 --duration 10s
              needletail bench produce --create-topic --rate 50k --keys 1000
              needletail bench produce --compression zstd --payload compressible:0.7
            """)

    @OptionGroup(title: "Cluster") var connection: ConnectionOptions
    @OptionGroup(title: "Topics") var topics: BenchTopics
    @OptionGroup(title: "Producing") var producing: BenchProducing
    @OptionGroup(title: "Run") var timing: BenchTiming
    @OptionGroup(title: "Report") var reporting: BenchReporting

    func run() throws {
        let names = try topics.prepare(connection)
        let plan = try producing.plan(topics: names, partitions: nil, stampsTimes: false)
        let clients = (0..<producing.producers).map { index in
            BenchClient.producer(
                ProduceLoad(plan, index: index, cluster: connection.settings(clientID: "needletail-bench")))
        }
        let run = BenchRun(
            kind: "produce", clients: clients, timing: timing, reporting: reporting,
            recordBytes: plan.bytesPerRecord)
        try run.execute()
        try topics.cleanUp(connection)
        try run.report(
            options: connection.described + topics.described + producing.described + timing.described)
    }
}

struct BenchConsume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume", abstract: "Read what topics hold.",
        discussion: """
            Reads all partitions once, to their ends; with --duration again from the beginning until time is up. Latency \
            is that of a Fetch request.

            Examples:
              needletail bench consume --topic bench
              needletail bench consume --consumers 2 --duration 20s --json -
            """)

    @OptionGroup(title: "Cluster") var connection: ConnectionOptions
    @OptionGroup(title: "Topics") var topics: BenchTopics
    @OptionGroup(title: "Consuming") var consuming: BenchConsuming
    @OptionGroup(title: "Run") var timing: BenchTiming
    @OptionGroup(title: "Report") var reporting: BenchReporting

    func run() throws {
        let names = try topics.prepare(connection)
        let clients = try consuming.clients(
            connection, names, start: .beginning, rewinds: timing.duration != nil, readsTimes: false)
        let run = BenchRun(
            kind: "consume", clients: clients, timing: timing, reporting: reporting, recordBytes: nil)
        try run.execute()
        try run.report(
            options: connection.described + topics.described + consuming.described + timing.described)
    }
}

struct BenchEndToEnd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end-to-end", abstract: "Send records and measure until consumers have them.",
        discussion: """
            Every record carries the time it was due; consumers in this same process read it back.

            Examples:
              needletail bench end-to-end --create-topic --rate 1000 --linger-ms 0
              needletail bench end-to-end --create-topic --rate 50MB --consumers 2
            """)

    @OptionGroup(title: "Cluster") var connection: ConnectionOptions
    @OptionGroup(title: "Topics") var topics: BenchTopics
    @OptionGroup(title: "Producing") var producing: BenchProducing
    @OptionGroup(title: "Consuming") var consuming: BenchConsuming
    @OptionGroup(title: "Run") var timing: BenchTiming
    @OptionGroup(title: "Report") var reporting: BenchReporting

    func validate() throws {
        if producing.recordSize.bytes < 8 {
            throw ValidationError("--record-size must be at least 8: a time goes in.")
        }
    }

    func run() throws {
        let names = try topics.prepare(connection)
        let plan = try producing.plan(topics: names, partitions: nil, stampsTimes: true)
        var clients = try consuming.clients(connection, names, start: .end, rewinds: false, readsTimes: true)
        clients += (0..<producing.producers).map { index in
            BenchClient.producer(
                ProduceLoad(plan, index: index, cluster: connection.settings(clientID: "needletail-bench")))
        }
        let run = BenchRun(
            kind: "end-to-end", clients: clients, timing: timing, reporting: reporting,
            recordBytes: plan.bytesPerRecord)
        try run.execute()
        try topics.cleanUp(connection)
        try run.report(
            options: connection.described + topics.described + producing.described + consuming.described
                + timing.described)
    }
}
