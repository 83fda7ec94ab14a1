import CommitLog
import Consensus
import Metadata
import Ports
import Records
import Vocabulary

/// This replica's copy of the log that the quorum agrees on: `__cluster_metadata-0`, in Kafka's own files and bytes.
///
/// An entry of Raft's is a record, its index the record's offset, its term the batch's leader epoch. Batches are never cut: what
/// is proposed together, sent together and acknowledged together is a whole number of them.
///
/// Syncs are grouped: one at a time, and the next covers all that was appended meanwhile.
final class QuorumLog {
    static let topicPartition = TopicPartition(topic: TopicName.clusterMetadata, partition: 0)
    static var directory: String { topicPartition.description }

    /// How much a start after a crash scans at most, about.
    private static let checkpointBytes: Int64 = 1 << 20
    /// For how long what is written last may count as torn, and not as damaged, after a crash.
    private static let checkpointMs: Int64 = 60_000
    /// The point is written down when so much lies between, or for that long.
    private static let pointBytes: Int64 = 8 << 20
    /// Batches at the end that are kept for replicas close behind, so that they cost no read.
    private static let tailBytesMax = 16 << 20

    let disk: any Disk
    private let log: Log
    private var builder = BatchBuilder(capacity: 4096)
    private var isSyncing = false
    private var recoveryFile: RecoveryPointFile
    /// When the recovery point was moved up last, or the log opened; and when it was written down.
    private var checkpointed: Instant?
    private var pointWritten: Instant?
    private var tail = BatchTail(bytesMax: tailBytesMax)

    var startOffset: Offset { log.startOffset }
    var endOffset: Offset { log.endOffset }
    var sizeBytes: Int64 { log.sizeBytes }
    /// Everything below is on stable storage.
    var durableOffset: Offset { log.syncedOffset }

    init(log: Log, disk: any Disk, recoveryFile: RecoveryPointFile) {
        self.log = log
        self.disk = disk
        self.recoveryFile = recoveryFile
    }

    static var config: LogConfig {
        var config = LogConfig()
        config.cleanupDelete = false
        config.retentionMs = -1
        config.segmentBytes = 64 << 20
        config.segmentMs = .max
        config.maxMessageBytes = .max
        config.fileDeleteDelayMs = 0
        config.fillsAhead = true
        return config
    }

    // MARK: - Growing and shrinking

    /// Appends entries of one term as one batch, whole or not at all. They are durable later.
    /// - Returns: the first entry's offset; the others follow without gaps.
    func append(
        _ entries: [(bytes: [UInt8], timestamp: Timestamp)], term: LeaderEpoch
    ) throws(DiskError) -> Offset {
        invariant(!entries.isEmpty, "an empty batch")
        let now = entries[entries.count - 1].timestamp
        for entry in entries {
            builder.append(timestamp: entry.timestamp.milliseconds, key: nil, value: entry.bytes)
        }
        builder.leaderEpoch = term.value
        // A batch's checksum does not cover its leader epoch, which is Raft's term: here it stands once more, where it does.
        builder.baseSequence = term.value
        var batch = builder.finish()
        let result: Result<AppendOutcome, DiskError> = batch.withUnsafeMutableBytes { bytes in
            do throws(DiskError) {
                return .success(try append(bytes, term: term, now: now))
            } catch {
                return .failure(error)
            }
        }
        guard case .appended(let base, _) = try result.get() else {
            invariantFailed("the metadata log refused a batch of its own")
        }
        tail.add(batch, from: base, end: endOffset)
        return base
    }

    private func append(
        _ bytes: UnsafeMutableRawBufferPointer, term: LeaderEpoch, now: Timestamp
    ) throws(DiskError) -> AppendOutcome {
        guard let header = try? BatchHeader(bytes.bytes, at: 0) else {
            invariantFailed("a batch of our own is broken")
        }
        var items = [AppendItem(bytes: bytes, header: header)]
        try log.append(&items, leaderEpoch: term, now: now)
        return items[0].outcome
    }

    /// Appends whole batches as the leader sent them; each one's checksum is looked at first.
    ///
    /// - Returns: the entries in them.
    /// - Throws: when they do not follow the log's end or are damaged: nothing is kept then.
    func appendReceived(_ batches: [UInt8], end: Offset, now: Timestamp) throws(LogError) -> [LoggedEntry] {
        let entries: [LoggedEntry]
        do {
            entries = try LoggedEntry.decode(batches, from: endOffset)
        } catch {
            throw .unfitting("\(error)")
        }
        let first = endOffset
        guard entries.last.map({ $0.offset + 1 }) == end else {
            throw .unfitting(
                "the leader's batches end at \(entries.last?.offset ?? first), and not before \(end)")
        }
        do throws(LogError) {
            _ = try withBytes(batches) { bytes throws(LogError) in try log.appendAsFollower(bytes, now: now) }
            guard endOffset == end else {
                throw .unfitting("the leader's batches end at \(endOffset), and not at \(end)")
            }
        } catch {
            if endOffset > first { try log.truncate(to: first, now: now) }
            throw error
        }
        tail.add(batches, from: first, end: end)
        return entries
    }

    /// Cuts the log: keeps what is below `offset`, where a batch ends.
    func truncate(to offset: Offset, now: Timestamp) throws(LogError) {
        try willCut(to: offset)
        try log.truncate(to: offset, now: now)
        invariant(log.endOffset == offset, "the cut at \(offset) fell into a batch: \(log.endOffset)")
        tail.truncate(to: offset)
    }

    /// Nothing at `offset` and behind is vouched for to the next start any more.
    func willCut(to offset: Offset) throws(LogError) {
        do throws(DiskError) {
            try recoveryFile.willCut(to: offset)
        } catch {
            throw .disk(error)
        }
    }

    /// A snapshot that ends at `offset` takes the place of everything.
    func restart(at offset: Offset, now: Timestamp) throws(LogError) {
        try willCut(to: offset)
        try log.truncateFully(startAt: offset, now: now)
        tail.removeAll()
    }

    /// Drops what lies below `offset`, which a snapshot stands for.
    func deletePrefix(before offset: Offset, now: Timestamp) throws(LogError) {
        try log.deleteRecords(before: offset, now: now)
        _ = try log.removeDeletedFiles(now: now)
    }

    // MARK: - Reading

    /// The runs of terms from the log's start to its end.
    var termRuns: [LogPosition] { log.epochRuns.map { LogPosition(end: $0.end, term: $0.epoch) } }

    /// These are all entries from the log's start on, read and found sound.
    func correctTerms(by entries: [LoggedEntry]) {
        var known: [(epoch: LeaderEpoch, startOffset: Offset)] = []
        for entry in entries where entry.term != known.last?.epoch { known.append((entry.term, entry.offset)) }
        log.correct(epochs: known)
    }

    /// The term of the entry before `end`; nil where no batch ends there.
    func term(before end: Offset) throws -> LeaderEpoch? {
        let batch = try readDisk(from: end + -1, bytesMax: 1)
        let base = try BatchHeader(batch.span.bytes, at: 0).baseOffset
        let last = try LoggedEntry.decode(batch, from: Offset(base)).last
        return last.flatMap { $0.offset + 1 == end ? $0.term : nil }
    }

    /// Where the entries from `from` on end that go in one message of about `bytesMax`: at a batch's end, and behind `from` unless
    /// nothing is there.
    func end(from: Offset, bytesMax: Int) throws(LogError) -> Offset {
        if from == endOffset { return from }
        if let end = tail.end(from: from, bytesMax: bytesMax) { return end }
        return try LoggedEntry.end(of: readDisk(from: from, bytesMax: bytesMax))
    }

    /// The batches that hold `from..<end`; both must be borders.
    func read(from: Offset, end: Offset) throws(LogError) -> [UInt8] {
        if from == end { return [] }
        if let bytes = tail.read(from: from, end: end) { return bytes }
        var bytes: [UInt8] = []
        var next = from
        while next < end {
            let piece = try readDisk(from: next, bytesMax: 1 << 20, bound: end)
            next = try LoggedEntry.end(of: piece)
            bytes += piece
        }
        guard next == end else {
            throw .unfitting("the batches from \(from) end at \(next), and not at \(end)")
        }
        return bytes
    }

    /// Where the first batch begins, at `offset` or behind, that cannot be read; the log's end when all can.
    func soundEnd(from offset: Offset) -> Offset {
        var next = offset
        while next < endOffset, let end = try? end(from: next, bytesMax: 1),
            (try? read(from: next, end: end)) != nil
        { next = end }
        return next
    }

    private func readDisk(from: Offset, bytesMax: Int, bound: Offset? = nil) throws(LogError) -> [UInt8] {
        guard
            let slice = try log.read(
                from: from, maxBytes: bytesMax, bound: bound ?? endOffset, minOneBatch: true)
        else { throw .unfitting("nothing can be read at offset \(from)") }
        do throws(DiskError) {
            let bytes = try disk.readBytes(slice.file, at: slice.position, count: slice.byteCount)
            guard bytes.count == slice.byteCount else {
                throw DiskError(.corrupt, "read", Self.directory, detail: "it ends within offset \(from)")
            }
            guard LoggedEntry.areSound(bytes, from: from) else {
                throw DiskError(
                    .corrupt, "read", Self.directory,
                    detail: "a batch at or behind offset \(from) fails its checksum")
            }
            return bytes
        } catch {
            throw .disk(error)
        }
    }

    // MARK: - Syncing

    /// What must be synced next; nil while a sync is under way, and when all is durable.
    func takeSync(now: Instant) throws(DiskError) -> SyncRequest? {
        guard !isSyncing, let sync = try beginSync(now) else { return nil }
        isSyncing = true
        return SyncRequest(disk: disk, targets: sync.targets, owner: .metadataLog(sync), loop: .quorum)
    }

    private func beginSync(_ now: Instant) throws(DiskError) -> LogSync? {
        let behind = log.bytesBehindRecoveryPoint
        let since = checkpointed ?? now
        checkpointed = since
        if behind >= Self.checkpointBytes || behind > 0 && now >= since.adding(milliseconds: Self.checkpointMs) {
            checkpointed = now
            do throws(DiskError) {
                return try log.beginSync(checkpoint: true)
            } catch {
                // A full disk has room again once something is deleted, which must not wait for a checkpoint.
                guard error.reason == .noSpace else { throw error }
            }
        }
        return try log.beginSync()
    }

    func synced(_ sync: LogSync, now: Instant) throws(DiskError) {
        isSyncing = false
        try log.syncCompleted(sync)
        let written = recoveryFile.point ?? 0
        guard log.recoveryPoint > written else { return }
        let since = pointWritten ?? Instant(nanoseconds: .min / 2)
        let bytes = byteCount(from: written, to: log.recoveryPoint)
        guard bytes >= Self.pointBytes || now >= since.adding(milliseconds: Self.checkpointMs) else { return }
        pointWritten = now
        try writePoint()
    }

    /// Where there is no room for it the next start reads more.
    private func writePoint() throws(DiskError) {
        do throws(DiskError) {
            try recoveryFile.write(log.recoveryPoint)
        } catch {
            guard error.reason == .noSpace else { throw error }
        }
    }

    /// Makes everything durable here and now. For starts, and for cuts that must not come back.
    func syncNow() throws(DiskError) {
        while let sync = try log.beginSync() {
            for target in sync.targets { try disk.sync(target) }
            try log.syncCompleted(sync)
        }
    }

    /// Lets go of the files, everything durable, and says so to the next start.
    func close() throws(LogError) {
        try log.close()
        do throws(DiskError) {
            try writePoint()
        } catch {
            throw .disk(error)
        }
    }
}

/// The bytes of an array as raw memory, for calls that throw a typed error.
func withBytes<R, E: Error>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(E) -> R
) throws(E) -> R {
    let result: Result<R, E> = bytes.withUnsafeBytes { raw in
        do throws(E) { return .success(try body(raw)) } catch { return .failure(error) }
    }
    return try result.get()
}

extension QuorumLog {
    /// Bytes between two offsets, about.
    func byteCount(from: Offset, to end: Offset) -> Int64 {
        Int64(log.byteCount(from: max(from, log.startOffset), bound: end))
    }
}
