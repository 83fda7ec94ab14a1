import CommitLog
import Metadata
import Ports
import Records
import Vocabulary

/// The metadata log of a lone voter: `__cluster_metadata-0` in the first log directory. A record is committed
/// once it is synced.
///
/// Syncs are grouped: one at a time, and the next covers all that was proposed meanwhile. Nothing is ever
/// deleted from it; what it grows to is bounded by snapshots, which come with the quorum.
final class MetadataLog: ReplicatedLog {
    static let topicPartition = TopicPartition(topic: TopicName.clusterMetadata, partition: 0)

    /// How much a start after a crash scans at most, about.
    private static let checkpointBytes: Int64 = 1 << 20

    private let log: Log
    private let disk: any Disk
    private(set) var committedOffset: Offset
    private(set) var failure: String?
    private var syncing = false
    private var builder = BatchBuilder(capacity: 4096)

    var endOffset: Offset { log.endOffset }
    var sizeBytes: Int64 { log.sizeBytes }

    private init(log: Log, disk: any Disk) {
        self.log = log
        self.disk = disk
        committedOffset = log.endOffset
        builder.leaderEpoch = 0
    }

    /// Opens the log, or makes it.
    ///
    /// - Throws: on damage of any kind but a torn end: what was committed must not be guessed at.
    static func open(_ directory: LogDirectory, now: Timestamp) throws(StartError) -> (
        MetadataLog, RecoveryReport?
    ) {
        var config = LogConfig()
        config.cleanupDelete = false
        config.retentionMs = -1
        config.maxMessageBytes = .max
        config.reserveStepBytes = 0
        do throws(LogError) {
            guard directory.disk.exists(topicPartition.description) else {
                let log = try Log.create(
                    disk: directory.disk, topicPartition: topicPartition, topicID: .metadataTopic,
                    config: config,
                    now: now)
                let new = MetadataLog(log: log, disk: directory.disk)
                return (new, nil)
            }
            let (log, report) = try Log.open(
                disk: directory.disk, topicPartition: topicPartition, topicID: .metadataTopic, config: config,
                start: directory.recoveryStart(of: topicPartition), now: now)
            return (MetadataLog(log: log, disk: directory.disk), report)
        } catch {
            throw damaged(directory.disk, "\(error)")
        }
    }

    /// Everything in it, in order.
    func readAll(_ body: (MetadataRecord, Offset) -> Void) throws(StartError) {
        var next = log.startOffset
        var buffer: [UInt8] = []
        while next < log.endOffset {
            do {
                guard
                    let slice = try log.read(
                        from: next, maxBytes: 1 << 20, bound: log.endOffset, minOneBatch: true)
                else { throw Self.damaged(disk, "nothing can be read at offset \(next)") }
                buffer = [UInt8](repeating: 0, count: slice.byteCount)
                let count = try buffer.withUnsafeMutableBytes {
                    try disk.read(slice.file, at: slice.position, into: $0)
                }
                guard count == slice.byteCount else {
                    throw Self.damaged(disk, "it ends within offset \(next)")
                }
                next = try Self.read(buffer.span.bytes, from: next, body)
            } catch let error as StartError {
                throw error
            } catch {
                throw Self.damaged(disk, "at offset \(next): \(error)")
            }
        }
    }

    private static func read(
        _ bytes: RawSpan, from first: Offset, _ body: (MetadataRecord, Offset) -> Void
    ) throws -> Offset {
        var at = 0
        var next = first
        while at < bytes.byteCount {
            let header = try BatchHeader(bytes, at: at)
            let base = Offset(header.baseOffset)
            if !header.isControl {
                let payload = bytes.extracting(at + BatchHeader.byteCount..<at + header.sizeInBytes)
                var cursor = 0
                for _ in 0..<header.recordCount {
                    let record = try readRecord(payload, &cursor)
                    let offset = base + Int64(record.offsetDelta)
                    guard let value = record.value, offset >= next else { continue }
                    let decoded = try MetadataRecord(decoding: [UInt8](copying: payload.extracting(value)))
                    body(decoded, offset)
                }
            }
            next = Offset(header.nextOffset)
            at += header.sizeInBytes
        }
        return next
    }

    private static func damaged(_ disk: any Disk, _ why: String) -> StartError {
        StartError(
            "The metadata log \(disk.name)/\(topicPartition) cannot be used: \(why). "
                + "It holds the cluster's topics and configurations; restore it from a copy before starting.")
    }

    // MARK: - ReplicatedLog

    func propose(_ records: [MetadataRecord], now: Timestamp) throws(DiskError) -> Offset {
        invariant(!records.isEmpty, "an empty proposal")
        if let failure {
            throw DiskError(.offline, "append", Self.topicPartition.description, detail: failure)
        }
        for record in records {
            builder.append(timestamp: now.milliseconds, key: nil, value: record.encode())
        }
        var batch = builder.finish()
        let result: Result<AppendOutcome, DiskError> = batch.withUnsafeMutableBytes { bytes in
            do throws(DiskError) { return .success(try append(bytes, now: now)) } catch {
                return .failure(error)
            }
        }
        let outcome = try result.get()
        guard case .appended(let base, _) = outcome else {
            invariantFailed("the metadata log refused: \(outcome)")
        }
        return base
    }

    private func append(_ bytes: UnsafeMutableRawBufferPointer, now: Timestamp) throws(DiskError)
        -> AppendOutcome
    {
        guard let header = try? BatchHeader(bytes.bytes, at: 0) else {
            invariantFailed("a batch of our own is broken")
        }
        var items = [AppendItem(bytes: bytes, header: header)]
        try log.append(&items, leaderEpoch: 0, now: now)
        return items[0].outcome
    }

    func takeEffects() -> [LoopEffect] {
        guard !syncing, failure == nil, committedOffset < log.endOffset else { return [] }
        do throws(DiskError) {
            guard let sync = try beginSync() else {
                committedOffset = log.endOffset
                return []
            }
            syncing = true
            return [
                .sync(
                    SyncRequest(disk: disk, targets: sync.targets, owner: .metadataLog(sync), loop: .control))
            ]
        } catch {
            failure = "\(error)"
            return []
        }
    }

    private func beginSync() throws(DiskError) -> LogSync? {
        if log.bytesBehindRecoveryPoint >= Self.checkpointBytes {
            do throws(DiskError) {
                return try log.beginSync(checkpoint: true)
            } catch {
                // A full disk has room again once topics are deleted, which must not wait for a checkpoint.
                guard error.reason == .noSpace else { throw error }
            }
        }
        return try log.beginSync()
    }

    func synced(_ outcome: SyncOutcome) {
        guard case .metadataLog(let sync) = outcome.owner else { invariantFailed("a sync of something else") }
        syncing = false
        if let error = outcome.error {
            failure = "\(error)"
            return
        }
        do throws(DiskError) {
            try log.syncCompleted(sync)
            committedOffset = max(committedOffset, min(sync.upTo, log.endOffset))
        } catch {
            failure = "\(error)"
        }
    }

    func fail(_ why: String) { failure = failure ?? why }

    func close(now: Timestamp) throws(DiskError) {
        if let failure {
            throw DiskError(.offline, "close", Self.topicPartition.description, detail: failure)
        }
        do throws(LogError) {
            try log.close()
        } catch {
            if case .disk(let error) = error { throw error }
            throw DiskError(.corrupt, "close", Self.topicPartition.description, detail: "\(error)")
        }
    }

    /// Blocks until all that was proposed is committed. For start and stop, when nobody waits yet or any
    /// more.
    func syncNow() throws(DiskError) {
        if let failure { throw DiskError(.offline, "sync", Self.topicPartition.description, detail: failure) }
        if let sync = try log.beginSync(checkpoint: true) {
            for target in sync.targets { try disk.sync(target) }
            try log.syncCompleted(sync)
        }
        committedOffset = log.endOffset
    }

    /// What the recovery-point checkpoint says of it.
    var recoveryPoint: Offset { log.recoveryPoint }
    var startOffset: Offset { log.startOffset }
}

extension [UInt8] {
    init(copying span: RawSpan) { self = span.withUnsafeBytes { Array($0) } }
}
