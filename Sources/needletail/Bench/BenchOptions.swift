import ArgumentParser
import Client
import Glibc
import Vocabulary

/// What producers do.
struct BenchProducing: ParsableArguments {
    @Option(help: "Size of each record's value.") var recordSize = ByteSize(1024)
    @Option(help: "Producers, each with connections of its own.") var producers = 1
    @Option(help: "all, 1 or 0.") var acks: ProduceCommand.Acks = .all
    @Flag(help: "Number the batches, as idempotent producers do.") var idempotent = false
    @Option(help: "Size of a full batch before compression.") var batchBytes = ByteSize(256 * 1024)
    @Option(
        help: ArgumentHelp("With --rate: how long a record waits for its batch to fill.", valueName: "ms"))
    var lingerMs: Int64 = 5
    @Option(help: "Requests in flight of each producer to each broker.") var inFlight = 5
    @Option(help: "none, gzip, snappy, lz4 or zstd.") var compression: Compression = .none
    @Option(help: "How many different keys; 0: records have none.") var keys = 0
    @Option(help: "random, zeros or compressible:FRACTION.") var payload: PayloadKind = .random
    @Option(
        help:
            "Records or bytes a second of all producers together (5000, 50k, 100MB); as many as possible by default."
    )
    var rate: Rate?

    func validate() throws {
        if producers < 1 || inFlight < 1 {
            throw ValidationError("--producers and --in-flight must be at least 1.")
        }
        if keys < 0 || lingerMs < 0 { throw ValidationError("--keys and --linger-ms must not be negative.") }
        if batchBytes.bytes < 100 { throw ValidationError("--batch-bytes must be at least 100.") }
        if idempotent, acks != .all { throw ValidationError("--idempotent needs --acks all.") }
        if acks == .none, rate == nil {
            throw ValidationError("--acks 0 needs --rate: nothing else would hold it back.")
        }
    }

    var described: Described {
        [
            ("recordSize", .int(Int64(recordSize.bytes))), ("producers", .int(Int64(producers))),
            ("acks", .string(acks.rawValue)), ("idempotent", .bool(idempotent)),
            ("batchBytes", .int(Int64(batchBytes.bytes))), ("lingerMs", .int(lingerMs)),
            ("inFlight", .int(Int64(inFlight))), ("compression", .string(compression.rawValue)),
            ("keys", .int(Int64(keys))), ("payload", .string(payload.description)),
            ("rate", rate.map { .string($0.description) } ?? .null),
        ]
    }

    func plan(topics: [String], partitions: Int?, stampsTimes: Bool) throws -> ProducePlan {
        var plan = ProducePlan(topics: topics, payload: payload)
        plan.recordSize = recordSize.bytes
        plan.acks = acks.number
        plan.isIdempotent = idempotent
        plan.batchBytes = batchBytes.bytes
        plan.lingerMs = lingerMs
        plan.inFlightMax = inFlight
        plan.codec = compression.codec
        plan.keys = keys
        plan.stampsTimes = stampsTimes
        plan.recordsPerSecond = rate.map {
            $0.recordsPerSecond(recordBytes: plan.bytesPerRecord) / Double(producers)
        }
        return plan
    }
}

/// What consumers do.
struct BenchConsuming: ParsableArguments {
    @Option(help: "Consumers, each with connections of its own; they share the partitions.") var consumers = 1
    @Option(help: "How much one Fetch asks for.") var fetchBytes = ByteSize(8 << 20)
    @Option(help: "How much one Fetch asks for of each partition.") var partitionBytes = ByteSize(1 << 20)
    @Option(help: "How much must be there before the broker answers.") var fetchMinBytes: Int32 = 1
    @Option(help: ArgumentHelp("How long the broker may wait for that much.", valueName: "ms"))
    var fetchWaitMs: Int32 = 500
    @Flag(help: "Check the checksum of every batch.") var verify = false

    func validate() throws {
        if consumers < 1 { throw ValidationError("--consumers must be at least 1.") }
    }

    var described: Described {
        [
            ("consumers", .int(Int64(consumers))), ("fetchBytes", .int(Int64(fetchBytes.bytes))),
            ("partitionBytes", .int(Int64(partitionBytes.bytes))),
            ("fetchMinBytes", .int(Int64(fetchMinBytes))),
            ("fetchWaitMs", .int(Int64(fetchWaitMs))), ("verify", .bool(verify)),
        ]
    }

    func clients(
        _ connection: ConnectionOptions, _ topics: [String], start: ReadStart, rewinds: Bool, readsTimes: Bool
    ) throws -> [BenchClient] {
        let view = try asking { try AdminSession(connection).refresh(topics: topics) }
        let places = topics.flatMap { name in
            (view.topics[name]?.partitions ?? []).indices.map {
                TopicPartition(topic: name, partition: Int32($0))
            }
        }
        var plan = ConsumePlan()
        plan.fetchBytes = Int32(clamping: fetchBytes.bytes)
        plan.partitionBytes = Int32(clamping: partitionBytes.bytes)
        plan.minBytes = fetchMinBytes
        plan.maxWaitMs = fetchWaitMs
        plan.verifies = verify
        plan.readsTimes = readsTimes
        plan.rewinds = rewinds
        plan.startsAtEnd = start == .end
        return (0..<consumers).map { index in
            let count = min(consumers, max(1, places.count))
            let mine = places.enumerated().filter { $0.offset % count == index % count }.map(\.element)
            return .consumer(
                ConsumeLoad(plan, places: mine, cluster: connection.settings(clientID: "needletail-bench")))
        }
    }
}

/// How long.
struct BenchTiming: ParsableArguments {
    @Option(help: "How long to measure (10s, 2m); 10 s unless --records is given.") var duration: TimeSpan?
    @Option(help: "Stop after so many records.") var records: Int?
    @Option(help: "How long to run before measuring.") var warmup = TimeSpan(milliseconds: 0)

    func validate() throws {
        if let records, records < 1 { throw ValidationError("--records must be at least 1.") }
    }

    var described: Described {
        [("warmupSeconds", .number(Double(warmup.milliseconds) / 1000))]
    }
}

/// What is said of it.
struct BenchReporting: ParsableArguments {
    @Option(
        help: "Process id of a broker on this machine: its CPU time and memory are measured; may be repeated."
    )
    var brokerPid: [Int32] = []
    @Option(
        help: ArgumentHelp(
            "Write the result as JSON to a file, or to standard output (-) instead of the table.",
            valueName: "file"))
    var json: String?
    @Flag(
        inversion: .prefixedNo, help: "A line of progress on standard error; by default only on a terminal.")
    var progress: Bool?
    @Option(help: "A name for this run in the JSON.") var label: String?

    /// - Parameter path: a file, or - for standard output.
    func write(_ result: JSON, to path: String) throws {
        let line = Array("\(result)\n".utf8)
        if path == "-" {
            writeAll(1, line)
            return
        }
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw Failure.failed("cannot write \(path): \(describe(errno))") }
        defer { close(fd) }
        guard writeAll(fd, line) else { throw Failure.failed("cannot write \(path): \(describe(errno))") }
    }
}
