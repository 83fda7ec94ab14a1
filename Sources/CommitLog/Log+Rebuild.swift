import Ports
import Records
import Vocabulary

/// Making anew, from the batches, what is only derived from them.
extension Log {
    /// Walks the headers of a segment from `position` on, as far as they are sound, below `limit`.
    /// - Returns: where the walk ended.
    @discardableResult
    func walk(
        _ segment: Segment, from position: Int64, to limit: Int64? = nil, _ body: (BatchHeader, Int64) -> Void
    ) throws(DiskError) -> Int64 {
        var position = position
        var scanner = BatchScanner(disk: disk, file: segment.log, end: limit ?? segment.size)
        while case .batch(let header) = try scanner.header(at: position) {
            body(header, position)
            position += Int64(header.sizeInBytes)
        }
        return position
    }

    /// Makes both indexes of a segment anew by walking its headers.
    /// - Returns: the offset behind the last batch.
    @discardableResult
    func rebuildIndexes(of segment: Segment) throws(DiskError) -> Offset {
        try dropIndexes(of: segment)
        var end = segment.baseOffset
        try walk(segment, from: 0) { header, position in
            segment.note(header, at: position, interval: config.indexIntervalBytes)
            end = Offset(header.nextOffset)
        }
        segment.areTimesKnown = true
        if segment !== active { try sealIndexes(of: segment) }
        return end
    }

    func dropIndexes(of segment: Segment) throws(DiskError) {
        try segment.index.open(disk)
        try segment.times.open(disk)
        try segment.index.truncate(toCount: 0, disk)
        try segment.times.truncate(toCount: 0, disk)
        segment.resetTimes(to: nil)
        segment.bytesSinceEntry = 0
    }

    /// Writes the indexes of a segment that does not grow any more, for the next sync.
    func sealIndexes(of segment: Segment) throws(DiskError) {
        segment.noteTime()
        try segment.index.flush(disk)
        try segment.times.flush(disk)
        segment.index.dropTail()
        segment.times.dropTail()
        for file in [segment.index.file, segment.times.file].compactMap({ $0 }) { dirt.add(file) }
        dirt.isDirectoryDirty = true
    }

    /// Drops index entries at and above `offset`, and walks from the last one left up to `position`, where `offset`
    /// lies, for what the entries do not say.
    func rewindIndexes(of segment: Segment, to offset: Offset, at position: Int64) throws(DiskError) {
        let relative = offset - segment.baseOffset
        let kept = try segment.index.last(disk) { Int64($0.relativeOffset) < relative }
        try segment.index.truncate(toCount: kept.map { $0.0 + 1 } ?? 0, disk)
        let time = try segment.times.last(disk) { Int64($0.relativeOffset) < relative }
        try segment.times.truncate(toCount: time.map { $0.0 + 1 } ?? 0, disk)
        segment.resetTimes(to: time?.1)
        segment.bytesSinceEntry = 0
        segment.areTimesKnown = true
        try walk(segment, from: Int64(kept?.1.position ?? 0), to: position) { header, position in
            segment.note(header, at: position, interval: config.indexIntervalBytes)
        }
    }

    /// The producers' state at the log's end, from the newest sound snapshot and the headers behind it.
    /// - Returns: how many snapshots were damaged, and how many bytes were walked.
    @discardableResult
    func rebuildProducers(now: Timestamp) throws(DiskError) -> (ignored: Int, bytes: Int64) {
        producerStates.removeAll()
        var ignored = 0
        var from = segments[0].baseOffset
        while let newest = snapshots.last {
            let path = LogPaths.file(directory, newest, ".snapshot")
            if newest <= endOffset, let bytes = try disk.readWhole(path),
                let states = ProducerSnapshot.decode(bytes, now: now)
            {
                producerStates = states
                from = newest
                break
            }
            if newest <= endOffset { ignored += 1 }
            try disk.remove(path)
            snapshots.removeLast()
        }
        var walked: Int64 = 0
        guard from < endOffset else { return (ignored, 0) }
        for index in segmentIndex(for: from)..<segments.count {
            let segment = segments[index]
            var start: Int64 = 0
            if from > segment.baseOffset {
                do {
                    guard let place = try place(of: from, in: segment) else { continue }
                    start = place.position
                } catch {
                    // A damaged batch below the recovery point: readers will be told; the state begins behind it.
                    if case .disk(let error) = error { throw error }
                    continue
                }
            }
            let end = try walk(segment, from: start) { header, _ in
                if header.producerID >= 0, header.baseOffset >= from.value, !Canary.forgetsProducers.isChosen {
                    producerStates.note(header, now: now)
                }
            }
            walked += end - start
        }
        return (ignored, walked)
    }

    /// The leader epochs that the batches tell of.
    func rebuildEpochs() throws(DiskError) {
        for segment in segments {
            try walk(segment, from: 0) { header, _ in
                if header.partitionLeaderEpoch != epochs.latest?.value ?? -1 {
                    noteEpoch(
                        LeaderEpoch(header.partitionLeaderEpoch), startOffset: Offset(header.baseOffset))
                }
            }
        }
    }
}
