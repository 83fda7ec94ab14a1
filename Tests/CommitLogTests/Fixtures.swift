import Ports
import Records
import SimulatedDisk
import Vocabulary

@testable import CommitLog

let partition = TopicPartition(topic: "orders", partition: 0)
let topicID = TopicID(high: 7, low: 9)
let directory = "orders-0"

/// A producer's batch header fields.
struct Producer {
    var id: Int64 = 1
    var epoch: Int16 = 0
    var sequence: Int32
}

/// A batch of `count` records with values of `size` bytes; timestamps rise from `time` by one.
func batch(
    _ count: Int = 1, size: Int = 10, time: Int64 = 0, producer: Producer? = nil, codec: Codec = .none
) -> [UInt8] {
    var builder = BatchBuilder(codec: codec)
    if let producer {
        builder.producerID = producer.id
        builder.producerEpoch = producer.epoch
        builder.baseSequence = producer.sequence
    }
    for index in 0..<count {
        let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index &+ 1) | 1 }
        builder.append(timestamp: time + Int64(index), key: nil, value: value)
    }
    return builder.finish(baseOffset: 0)
}

func header(_ bytes: [UInt8]) -> BatchHeader {
    try! bytes.withUnsafeBytes { try BatchHeader($0.bytes, at: 0) }
}

extension Log {
    @discardableResult
    func append(_ batches: [UInt8]..., epoch: LeaderEpoch = 0, now: Timestamp = 0) throws -> [AppendOutcome] {
        try append(all: batches, epoch: epoch, now: now)
    }

    @discardableResult
    func append(all batches: [[UInt8]], epoch: LeaderEpoch = 0, now: Timestamp = 0) throws -> [AppendOutcome]
    {
        var items = batches.map { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
            copy.copyBytes(from: bytes)
            return AppendItem(bytes: copy, header: header(bytes))
        }
        defer { items.forEach { $0.bytes.deallocate() } }
        try append(&items, leaderEpoch: epoch, now: now)
        return items.map(\.outcome)
    }

    /// Syncs everything, as the host would.
    func syncAll(checkpoint: Bool = false) throws {
        while let sync = try beginSync(checkpoint: checkpoint) {
            for target in sync.targets { try disk.sync(target) }
            try syncCompleted(sync)
        }
    }

    /// Headers of everything readable from `offset`, slice by slice.
    func headers(from offset: Offset? = nil, maxBytes: Int = 1 << 20, bound: Offset? = nil) throws
        -> [BatchHeader]
    {
        var all: [BatchHeader] = []
        var next = offset ?? startOffset
        while let slice = try read(
            from: next, maxBytes: maxBytes, bound: bound ?? endOffset, minOneBatch: true)
        {
            let headers = try headers(in: slice)
            if headers.isEmpty { break }
            all += headers
            next = Offset(headers.last!.nextOffset)
        }
        return all
    }

    func headers(in slice: LogSlice) throws -> [BatchHeader] {
        let bytes = try bytes(of: slice)
        var headers: [BatchHeader] = []
        var at = 0
        while at < bytes.count {
            let header = try bytes.withUnsafeBytes { try BatchHeader($0.bytes, at: at) }
            headers.append(header)
            at += header.sizeInBytes
        }
        return headers
    }

    func bytes(of slice: LogSlice) throws -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: slice.byteCount, alignment: 8)
        defer { buffer.deallocate() }
        let count = try disk.read(slice.file, at: slice.position, into: buffer)
        return Array(buffer[..<count])
    }
}

func makeLog(
    _ disk: SimulatedDisk, now: Timestamp = 0, _ configure: (inout LogConfig) -> Void = { _ in }
) throws -> Log {
    var config = LogConfig()
    configure(&config)
    return try Log.create(disk: disk, topicPartition: partition, topicID: topicID, config: config, now: now)
}

func openLog(
    _ disk: SimulatedDisk, from point: Offset? = nil, start: Offset? = nil, clean: Bool = false,
    now: Timestamp = 0,
    config: LogConfig = LogConfig()
) throws -> (Log, RecoveryReport) {
    try Log.open(
        disk: disk, topicPartition: partition, topicID: topicID, config: config,
        start: RecoveryStart(recoveryPoint: point, logStartOffset: start, clean: clean), now: now)
}

func path(_ base: Int64, _ suffix: String = ".log") -> String {
    LogPaths.file(directory, Offset(base), suffix)
}

/// Why an item was refused; nil when it was not.
func code(_ outcome: AppendOutcome) -> ErrorCode? {
    if case .refused(let code, _) = outcome { return code }
    return nil
}
