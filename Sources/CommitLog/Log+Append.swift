package import Ports
import Records
package import Vocabulary

extension Log {
    /// Appends the burst with one write (one for each segment it touches), in the order of the items.
    ///
    /// Offsets and `leaderEpoch` are stamped into the batches where they lie. Producers' epochs and sequence numbers
    /// are checked against a state that has the burst's earlier items in it; a refused item does not stop the others.
    /// - Throws: when a write fails. Then nothing was appended, and all outcomes are pending again.
    package func append(
        _ items: inout [AppendItem], leaderEpoch: LeaderEpoch, now: Timestamp
    ) throws(DiskError) {
        try prepareActive()
        let mark = BurstMark(self)
        undo.removeAll(keepingCapacity: true)
        do {
            try appendBurst(&items, leaderEpoch: leaderEpoch, now: now)
        } catch {
            takeBack(mark)
            for index in items.indices { items[index].outcome = .pending }
            throw error
        }
        reserveAhead()
    }

    private func appendBurst(
        _ items: inout [AppendItem], leaderEpoch: LeaderEpoch, now: Timestamp
    ) throws(DiskError) {
        var next = endOffset.value
        var pending = 0
        var firstPending = 0
        pieces.removeAll(keepingCapacity: true)
        for index in items.indices {
            let producerID = items[index].header.producerID
            if producerID >= 0 {
                switch producerStates.check(items[index].header, partition: topicPartition) {
                case .accepted: break
                case .duplicate(let batch):
                    items[index].outcome = .duplicate(
                        base: Offset(batch.firstOffset), timestamp: Timestamp(milliseconds: batch.timestamp))
                    continue
                case .refused(let code, let message):
                    items[index].outcome = .refused(code, message)
                    continue
                }
            }
            let size = items[index].header.sizeInBytes
            invariant(
                size == items[index].bytes.count, "a batch of \(size) bytes in \(items[index].bytes.count)")
            let last = next + Int64(items[index].header.lastOffsetDelta)
            if mustRoll(
                adding: size, pending: pending, header: items[index].header, lastOffset: last, now: now)
            {
                try commit(&items, firstPending..<index, pending, now: now)
                firstPending = index
                pending = 0
                try roll(now: now)
            }
            items[index].header.baseOffset = next
            items[index].header.partitionLeaderEpoch = leaderEpoch.value
            stamp(items[index].bytes, baseOffset: next, leaderEpoch: leaderEpoch.value)
            if producerID >= 0 {
                undo.append((producerID, producerStates[producerID]))
                producerStates.note(items[index].header, now: now)
            }
            let header = items[index].header
            items[index].outcome = .appended(
                base: Offset(next),
                logAppendTime: header.timestampType == .logAppendTime
                    ? Timestamp(milliseconds: header.maxTimestamp) : nil)
            pieces.append(UnsafeRawBufferPointer(items[index].bytes))
            pending += size
            next = last + 1
        }
        try commit(&items, firstPending..<items.count, pending, now: now)
    }

    /// Writes the pending pieces, and takes note of their batches.
    private func commit(
        _ items: inout [AppendItem], _ range: Range<Int>, _ byteCount: Int, now: Timestamp
    ) throws(DiskError) {
        guard byteCount > 0 else { return }
        let segment = active
        try disk.write(pieces, to: segment.log, at: segment.size)
        pieces.removeAll(keepingCapacity: true)
        for index in range {
            guard case .appended = items[index].outcome else { continue }
            take(items[index].header, into: segment)
        }
        sizeBytes += Int64(byteCount)
        dirt.isActiveDirty = true
        if unsyncedSince == nil { unsyncedSince = now }
    }

    /// A batch stands at the segment's end now.
    private func take(_ header: BatchHeader, into segment: Segment) {
        segment.note(header, at: segment.size, interval: config.indexIntervalBytes)
        boundaries.appended(
            baseOffset: header.baseOffset, lastOffset: header.lastOffset, position: segment.size)
        if header.partitionLeaderEpoch != epochs.latest?.value ?? -1 {
            noteEpoch(LeaderEpoch(header.partitionLeaderEpoch), startOffset: Offset(header.baseOffset))
        }
        segment.size += Int64(header.sizeInBytes)
        endOffset = Offset(header.nextOffset)
    }

    private func mustRoll(
        adding size: Int, pending: Int, header: BatchHeader, lastOffset: Int64, now: Timestamp
    ) -> Bool {
        let segment = active
        let used = segment.size + Int64(pending)
        guard used > 0 else { return !segment.canHold(lastOffset) }
        if used + Int64(size) > min(config.segmentBytes, Int64(Int32.max)) { return true }
        if !segment.canHold(lastOffset) { return true }
        let limit = config.segmentBytesOfIndex
        if Int64(segment.index.count) * Int64(OffsetEntry.byteCount) >= limit
            || Int64(segment.times.count + 1) * Int64(TimeEntry.byteCount) > limit
        {
            return true
        }
        // By the records' clock where they have one, as Kafka does, so that old data loaded today rolls as it would
        // have rolled then.
        let waited =
            segment.firstTimestamp.flatMap { $0 >= 0 ? header.maxTimestamp.subtracting($0) : nil }
            ?? (now.milliseconds - segment.createdAt.milliseconds)
        return waited > rollAfterMs(segment)
    }

    /// `segment.ms` less a jitter that is always the same for a segment.
    func rollAfterMs(_ segment: Segment) -> Int64 {
        guard config.segmentJitterMs > 0 else { return config.segmentMs }
        var seed = UInt64(bitPattern: segment.baseOffset.value)
        for byte in directory.utf8 { seed = seed &* 0x100_0000_01B3 ^ UInt64(byte) }
        var generator = SeededGenerator(seed: seed)
        let jitter = Int64.random(in: 0..<config.segmentJitterMs, using: &generator)
        return config.segmentMs - min(jitter, config.segmentMs)
    }

    /// Appends what a leader sent, offsets and epochs as they are. A batch cut off at the end is left out.
    ///
    /// - Throws: `unfitting` when a batch is damaged or does not continue this log; those before it are kept.
    package func appendAsFollower(_ bytes: UnsafeRawBufferPointer, now: Timestamp) throws(LogError)
        -> FollowerAppend
    {
        let first = endOffset
        var expected = endOffset.value
        var at = 0
        var headers: [BatchHeader] = []
        var failure: LogError?
        var maxTimestamp: Int64 = -1
        while at < bytes.count {
            guard let header = try? BatchHeader(bytes.bytes, at: at), header.sizeInBytes <= bytes.count - at
            else {
                // Fewer bytes than a batch needs are the usual end of a fetch; the rest is the leader's mistake.
                if bytes.count - at > 16, bytes[at + 16] != 2 {
                    failure = .unfitting("no batch at byte \(at)")
                }
                break
            }
            let batch = UnsafeRawBufferPointer(rebasing: bytes[at..<at + header.sizeInBytes])
            guard header.baseOffset >= expected, header.lastOffsetDelta >= 0 else {
                failure = .unfitting("offset \(header.baseOffset) does not follow \(expected - 1)")
                break
            }
            guard batchChecksumHolds(batch, header: header) else {
                failure = .unfitting("the batch at offset \(header.baseOffset) fails its checksum")
                break
            }
            headers.append(header)
            maxTimestamp = max(maxTimestamp, header.maxTimestamp)
            expected = header.nextOffset
            at += header.sizeInBytes
        }
        do {
            try appendHeaders(headers, bytes, now: now)
        } catch {
            throw .disk(error)
        }
        if headers.isEmpty, let failure { throw failure }
        return FollowerAppend(
            first: headers.first.map { Offset($0.baseOffset) } ?? first, end: endOffset, byteCount: at,
            maxTimestamp: Timestamp(milliseconds: maxTimestamp))
    }

    private func appendHeaders(
        _ headers: [BatchHeader], _ bytes: UnsafeRawBufferPointer, now: Timestamp
    ) throws(DiskError) {
        try prepareActive()
        let mark = BurstMark(self)
        undo.removeAll(keepingCapacity: true)
        do {
            var start = 0
            var at = 0
            var firstPending = 0
            for (index, header) in headers.enumerated() {
                if mustRoll(
                    adding: header.sizeInBytes, pending: at - start, header: header,
                    lastOffset: header.lastOffset,
                    now: now)
                {
                    try commit(headers[firstPending..<index], bytes, start..<at, now: now)
                    // Across a hole too large for an index the new segment begins where the data does.
                    if !active.canHold(header.lastOffset) { endOffset = Offset(header.baseOffset) }
                    try roll(now: now)
                    start = at
                    firstPending = index
                }
                if header.producerID >= 0 {
                    undo.append((header.producerID, producerStates[header.producerID]))
                    producerStates.note(header, now: now)
                }
                at += header.sizeInBytes
            }
            try commit(headers[firstPending...], bytes, start..<at, now: now)
        } catch {
            takeBack(mark)
            throw error
        }
        reserveAhead()
    }

    private func commit(
        _ headers: ArraySlice<BatchHeader>, _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>,
        now: Timestamp
    ) throws(DiskError) {
        guard !range.isEmpty else { return }
        let segment = active
        try disk.write([UnsafeRawBufferPointer(rebasing: bytes[range])], to: segment.log, at: segment.size)
        for header in headers { take(header, into: segment) }
        sizeBytes += Int64(range.count)
        dirt.isActiveDirty = true
        if unsyncedSince == nil { unsyncedSince = now }
    }
}

extension Int64 {
    /// Stops at the ends of what there is: clients choose their timestamps, and operators their times.
    func subtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : difference
    }
    func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : sum
    }
}

extension LogConfig {
    /// An index at least holds a few entries, whatever the configuration says.
    fileprivate var segmentBytesOfIndex: Int64 { max(segmentIndexBytes, 64) }
}
