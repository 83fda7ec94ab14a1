import Ports
import Records
import Vocabulary

/// One piece of the log: a file of batches, and its two indexes. The last segment of a log is the active one.
final class Segment {
    let baseOffset: Offset
    let directory: String
    let log: FileID
    var size: Int64
    var index: OffsetIndex
    var times: TimeIndex
    /// Bytes since the last index entry.
    var bytesSinceEntry = 0
    /// -1 when no batch has a timestamp; right only once `areTimesKnown`.
    private(set) var maxTimestamp: Int64 = -1
    /// Last offset of the first batch with `maxTimestamp`.
    private(set) var maxTimestampOffset: Offset
    var areTimesKnown: Bool
    /// The first batch's largest timestamp, from which time-based rolling counts.
    var firstTimestamp: Int64?
    /// By our clock: when it was made, or opened.
    let createdAt: Timestamp
    /// Blocks are set aside up to here; beyond `size` they must be given back. -1: unknown, since before a crash.
    var reservedUpTo: Int64 = 0

    private init(
        baseOffset: Offset, directory: String, log: FileID, size: Int64, isNew: Bool, now: Timestamp
    ) {
        self.baseOffset = baseOffset
        self.directory = directory
        self.log = log
        self.size = size
        index = OffsetIndex(path: LogPaths.file(directory, baseOffset, ".index"), isNew: isNew)
        times = TimeIndex(path: LogPaths.file(directory, baseOffset, ".timeindex"), isNew: isNew)
        maxTimestampOffset = baseOffset
        areTimesKnown = isNew
        createdAt = now
    }

    static func create(
        _ disk: any Disk, _ directory: String, _ baseOffset: Offset, now: Timestamp
    ) throws(DiskError) -> Segment {
        let file = try disk.open(LogPaths.file(directory, baseOffset, ".log"), .create)
        // What a failed roll may have left behind.
        if try disk.size(file) > 0 { try disk.truncate(file, to: 0) }
        return Segment(
            baseOffset: baseOffset, directory: directory, log: file, size: 0, isNew: true, now: now)
    }

    static func open(
        _ disk: any Disk, _ directory: String, _ baseOffset: Offset, now: Timestamp
    ) throws(DiskError) -> Segment {
        let file = try disk.open(LogPaths.file(directory, baseOffset, ".log"), .existing)
        return Segment(
            baseOffset: baseOffset, directory: directory, log: file, size: try disk.size(file), isNew: false,
            now: now)
    }

    var path: String { LogPaths.file(directory, baseOffset, ".log") }

    func relative(_ offset: Int64) -> Int32 { Int32(truncatingIfNeeded: offset - baseOffset.value) }

    /// Whether an entry of the index can express the offset (KAFKA-5413).
    func canHold(_ offset: Int64) -> Bool {
        offset >= baseOffset.value && offset - baseOffset.value <= Int64(Int32.max)
    }

    /// Takes note of a batch at `position`: index entries, largest timestamp.
    func note(_ header: BatchHeader, at position: Int64, interval: Int) {
        if header.maxTimestamp > maxTimestamp {
            maxTimestamp = header.maxTimestamp
            maxTimestampOffset = Offset(header.lastOffset)
        }
        if position == 0 { firstTimestamp = header.maxTimestamp }
        if bytesSinceEntry > interval {
            index.append(
                OffsetEntry(
                    relativeOffset: relative(header.lastOffset), position: Int32(truncatingIfNeeded: position)
                ))
            noteTime()
            bytesSinceEntry = 0
        }
        bytesSinceEntry += header.sizeInBytes
    }

    private var lastTimeEntry: Int64 = -1
    /// The largest timestamp behind the last index entry, if someone looked: the time index cannot end below it.
    var tailTimestamp: Int64 = -1

    /// Adds the largest timestamp to the time index, unless it stands there.
    func noteTime() {
        guard maxTimestamp > lastTimeEntry else { return }
        times.append(TimeEntry(timestamp: maxTimestamp, relativeOffset: relative(maxTimestampOffset.value)))
        lastTimeEntry = maxTimestamp
    }

    /// Takes times from the index's last entry, which a clean close leaves behind. False when that is impossible.
    func loadTimes(_ disk: any Disk, end: Offset) throws(DiskError) -> Bool {
        guard !areTimesKnown else { return true }
        guard try times.open(disk) else { return false }
        guard try index.open(disk) else { return false }
        if let last = try times.last(disk) {
            guard last.relativeOffset >= 0, baseOffset + Int64(last.relativeOffset) < end else {
                return false
            }
            guard last.timestamp >= tailTimestamp else { return false }
            resetTimes(to: last)
        } else {
            guard tailTimestamp < 0 else { return false }
            resetTimes(to: nil)
        }
        areTimesKnown = true
        return true
    }

    func resetTimes(to last: TimeEntry?) {
        lastTimeEntry = last?.timestamp ?? -1
        maxTimestamp = lastTimeEntry
        maxTimestampOffset = baseOffset + Int64(last?.relativeOffset ?? 0)
    }

    /// What an append changes, so that a failed one can be taken back.
    struct Mark {
        let size: Int64
        let indexCount: Int
        let timesCount: Int
        let bytesSinceEntry: Int
        let maxTimestamp: Int64
        let maxTimestampOffset: Offset
        let firstTimestamp: Int64?
        let lastTimeEntry: Int64
    }

    var mark: Mark {
        Mark(
            size: size, indexCount: index.count, timesCount: times.count, bytesSinceEntry: bytesSinceEntry,
            maxTimestamp: maxTimestamp, maxTimestampOffset: maxTimestampOffset,
            firstTimestamp: firstTimestamp,
            lastTimeEntry: lastTimeEntry)
    }

    /// Goes back to the mark in memory; index files follow as far as the disk lets them.
    func restore(_ mark: Mark, _ disk: any Disk) throws(DiskError) {
        size = mark.size
        bytesSinceEntry = mark.bytesSinceEntry
        maxTimestamp = mark.maxTimestamp
        maxTimestampOffset = mark.maxTimestampOffset
        firstTimestamp = mark.firstTimestamp
        lastTimeEntry = mark.lastTimeEntry
        try index.truncate(toCount: mark.indexCount, disk)
        try times.truncate(toCount: mark.timesCount, disk)
    }

    /// Whether `seal` would change anything.
    var mustSeal: Bool {
        reservedUpTo != 0 || !index.isFlushed || !times.isFlushed
            || areTimesKnown && maxTimestamp > lastTimeEntry
    }

    /// The segment stops growing (or the log closes): both indexes go to their files, reserved blocks go back.
    func seal(_ disk: any Disk) throws(DiskError) {
        noteTime()
        try index.flush(disk)
        try times.flush(disk)
        if reservedUpTo < 0 || reservedUpTo > size { try disk.truncate(log, to: size) }
        reservedUpTo = 0
    }

    func close(_ disk: any Disk) {
        disk.close(log)
        index.close(disk)
        times.close(disk)
    }
}
