import Ports
package import Vocabulary

extension Log {
    /// Cuts the log at `offset`: what a follower does with records that its leader does not have.
    ///
    /// The new end lies below `offset` when a batch spans it. Nothing happens when the log ends before.
    package func truncate(to offset: Offset, now: Timestamp) throws(LogError) {
        guard offset < endOffset else { return }
        guard offset > segments[0].baseOffset else { return try truncateFully(startAt: offset, now: now) }
        let index = segmentIndex(for: offset)
        let segment = segments[index]
        let place = try place(of: offset, in: segment)
        let newEnd = place.map { min(offset, Offset($0.baseOffset)) } ?? offset
        do {
            for later in segments[(index + 1)...] { try delete(later, now: now) }
            segments.removeSubrange((index + 1)...)
            let position = place?.position ?? segment.size
            try disk.truncate(segment.log, to: position)
            sizeBytes -= segment.size - position
            segment.size = position
            segment.reservedUpTo = 0
            mustTruncate = false
            try rewindIndexes(of: segment, to: newEnd, at: position)
            try endMoved(to: newEnd, now: now)
        } catch {
            throw .disk(error)
        }
    }

    /// Throws everything away and begins anew at `offset`: a follower too far behind its leader's log start.
    package func truncateFully(startAt offset: Offset, now: Timestamp) throws(LogError) {
        do {
            for segment in segments { try delete(segment, now: now) }
            segments = [try Segment.create(disk, directory, offset, now: now)]
            mustTruncate = false
            startOffset = offset
            for snapshot in snapshots { try disk.remove(LogPaths.file(directory, snapshot, ".snapshot")) }
            snapshots = []
            if epochs.truncate(to: 0) { dirt.epochs.changed(from: offset) }
            try endMoved(to: offset, now: now)
        } catch {
            throw .disk(error)
        }
    }

    private func endMoved(to offset: Offset, now: Timestamp) throws(DiskError) {
        endOffset = offset
        startOffset = min(startOffset, offset)
        syncedOffset = min(syncedOffset, offset)
        recoveryPoint = min(recoveryPoint, offset)
        dirt.limit(to: offset)
        dirt.isActiveDirty = true
        dirt.isDirectoryDirty = true
        boundaries.removeAll()
        if epochs.truncate(to: offset) { dirt.epochs.changed(from: offset) }
        // Of a history that is no more: they must not be found when the log has grown again.
        while let last = snapshots.last, last > offset {
            try disk.remove(LogPaths.file(directory, last, ".snapshot"))
            snapshots.removeLast()
        }
        try rebuildProducers(now: now)
    }

    /// Moves the log's start up (KIP-107); segments wholly below it go.
    /// - Returns: the start offset.
    @discardableResult
    package func deleteRecords(before offset: Offset, now: Timestamp) throws(LogError) -> Offset {
        guard offset <= endOffset else {
            throw .offsetOutOfRange(requested: offset, start: startOffset, end: endOffset)
        }
        guard offset > startOffset else { return startOffset }
        startOffset = offset
        _ = try deleteBelowStart(now: now)
        startMoved()
        return startOffset
    }

    func startMoved() {
        // No epoch is lost that recovery would have to find: the recovery point may go on.
        if epochs.begin(at: startOffset) { dirt.epochs.changed(from: endOffset) }
    }
}
