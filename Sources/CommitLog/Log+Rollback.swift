import Ports
import Records
import Vocabulary

/// What a burst changes besides producers, so that a failed one leaves no trace.
struct BurstMark {
    let segmentCount: Int
    let segment: Segment.Mark
    let endOffset: Offset
    let sizeBytes: Int64
    let epochs: LeaderEpochs
    let epochsOnDisk: EpochsOnDisk
    let snapshots: [Offset]
    let dirtyFiles: Int

    init(_ log: Log) {
        segmentCount = log.segments.count
        segment = log.active.mark
        endOffset = log.endOffset
        sizeBytes = log.sizeBytes
        epochs = log.epochs
        epochsOnDisk = log.dirt.epochs
        snapshots = log.snapshots
        dirtyFiles = log.dirt.files.count
    }
}

extension Log {
    /// Undoes a burst that failed. Memory goes back for certain; what the disk refuses to take back now is cut before
    /// the next append, so that no later crash can bring refused records to light.
    func takeBack(_ mark: BurstMark) {
        for (producerID, state) in undo.reversed() { producerStates[producerID] = state }
        undo.removeAll(keepingCapacity: true)
        let newSegments = segments[mark.segmentCount...]
        segments.removeLast(segments.count - mark.segmentCount)
        dirt.takeBackFiles(toCount: mark.dirtyFiles)
        for segment in newSegments {
            try? disk.remove(segment.path)
            try? disk.remove(segment.index.path)
            try? disk.remove(segment.times.path)
        }
        for offset in snapshots where !mark.snapshots.contains(offset) {
            try? disk.remove(LogPaths.file(directory, offset, ".snapshot"))
        }
        snapshots = mark.snapshots
        endOffset = max(mark.endOffset, active.baseOffset)
        sizeBytes = mark.sizeBytes
        epochs = mark.epochs
        dirt.epochs = mark.epochsOnDisk
        boundaries.removeAll()
        mustTruncate = true
        dirt.isActiveDirty = true
        try? active.restore(mark.segment, disk)
        try? cutBehindEnd()
    }

    /// Cuts off what a failed append may have left behind the active segment's end.
    func cutBehindEnd() throws(DiskError) {
        guard mustTruncate else { return }
        try disk.truncate(active.log, to: active.size)
        active.reservedUpTo = 0
        mustTruncate = false
    }

    /// Before the active segment grows: its indexes are open, its times known, nothing stands behind its end.
    @inline(__always)
    func prepareActive() throws(DiskError) {
        if mustTruncate || !active.areTimesKnown { try prepareActiveSlowly() }
    }

    private func prepareActiveSlowly() throws(DiskError) {
        try cutBehindEnd()
        if try !active.loadTimes(disk, end: endOffset) { try rebuildIndexes(of: active) }
        if active.size > 0, active.firstTimestamp == nil {
            var scanner = BatchScanner(disk: disk, file: active.log, end: active.size, chunk: 256)
            if case .batch(let header) = try scanner.header(at: 0) {
                active.firstTimestamp = header.maxTimestamp
            }
        }
    }
}
