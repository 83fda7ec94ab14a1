import Ports
import Records
package import Vocabulary

extension Log {
    /// A batch may unpack to at most this much for a look-up by time.
    private static let payloadLimit = 1 << 30

    /// The first record at or behind the log's start and below `bound` whose timestamp is `timestamp` or later
    /// (KIP-79).
    package func offset(atOrAfter timestamp: Timestamp, bound: Offset) throws(LogError) -> TimestampedOffset?
    {
        for index in segments.indices {
            let segment = segments[index]
            guard segment.size > 0, endOffset(ofSegment: index) > startOffset else { continue }
            guard segment.baseOffset < bound else { return nil }
            try loadTimes(of: segment)
            guard segment.maxTimestamp >= timestamp.milliseconds else { continue }
            if let found = try search(timestamp, in: segment, bound: bound) { return found }
        }
        return nil
    }

    /// The first record with the largest timestamp of all (KIP-734); nil when no record has one, and when that one
    /// is not below `bound`.
    package func maxTimestamp(bound: Offset? = nil) throws(LogError) -> TimestampedOffset? {
        var best: Segment?
        for index in segments.indices
        where segments[index].size > 0 && endOffset(ofSegment: index) > startOffset {
            try loadTimes(of: segments[index])
            if segments[index].maxTimestamp > best?.maxTimestamp ?? -1 { best = segments[index] }
        }
        guard let best else { return nil }
        return try search(Timestamp(milliseconds: best.maxTimestamp), in: best, bound: bound ?? endOffset)
    }

    /// Makes sure that a segment's largest timestamp is known.
    func loadTimes(of segment: Segment) throws(LogError) {
        guard !segment.areTimesKnown else { return }
        do {
            let end =
                segment === active
                ? endOffset : segments[segmentIndex(for: segment.baseOffset) + 1].baseOffset
            if let last = try segment.index.last(disk) {
                try walk(segment, from: Int64(last.position)) { header, _ in
                    segment.tailTimestamp = max(segment.tailTimestamp, header.maxTimestamp)
                }
            }
            if try !segment.loadTimes(disk, end: end) { try rebuildIndexes(of: segment) }
        } catch {
            throw .disk(error)
        }
    }

    private func search(
        _ timestamp: Timestamp, in segment: Segment, bound: Offset
    ) throws(LogError) -> TimestampedOffset? {
        do {
            // Everything before the entry's batch is older than the entry, and so than what is sought.
            let floor = try segment.times.last(disk) { $0.timestamp <= timestamp.milliseconds }
            let from = floor.map { segment.baseOffset + Int64($0.1.relativeOffset) } ?? segment.baseOffset
            guard let start = try place(of: max(from, startOffset), in: segment) else { return nil }
            var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size)
            var position = start.position
            while true {
                switch try scanner.header(at: position) {
                case .end: return nil
                case .damaged(let detail):
                    throw LogError.corrupted(
                        path: segment.path, offset: from, position: position, detail: detail)
                case .batch(let header):
                    guard header.baseOffset < bound.value else { return nil }
                    if header.maxTimestamp >= timestamp.milliseconds,
                        let batch = try scanner.bytes(at: position, count: header.sizeInBytes),
                        let found = try record(timestamp, batch, header, segment, position),
                        found.offset < bound
                    {
                        return found
                    }
                    position += Int64(header.sizeInBytes)
                }
            }
        } catch let error as DiskError {
            throw .disk(error)
        } catch let error as LogError {
            throw error
        } catch {
            invariantFailed("\(error)")
        }
    }

    private func record(
        _ timestamp: Timestamp, _ batch: UnsafeRawBufferPointer, _ header: BatchHeader, _ segment: Segment,
        _ position: Int64
    ) throws(LogError) -> TimestampedOffset? {
        do {
            // Not only the first of that time: it may lie below the log's start, which can be inside a batch.
            return try withPayload(of: batch.bytes, header: header, limit: Self.payloadLimit) {
                payload throws(RecordError) in
                var at = 0
                while at < payload.byteCount {
                    let record = try readRecord(payload, &at)
                    let offset = header.offset(of: record)
                    let time = header.timestamp(of: record)
                    guard time >= timestamp.milliseconds, offset >= startOffset.value else { continue }
                    return TimestampedOffset(
                        offset: Offset(offset), timestamp: Timestamp(milliseconds: time),
                        leaderEpoch: LeaderEpoch(header.partitionLeaderEpoch))
                }
                return nil
            }
        } catch {
            throw .corrupted(
                path: segment.path, offset: Offset(header.baseOffset), position: position, detail: "\(error)")
        }
    }
}
