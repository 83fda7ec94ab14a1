import Ports
package import Vocabulary

extension Log {
    /// Closes the active segment and begins the next at the log's end. Nothing is synced: the next sync covers it.
    func roll(now: Timestamp) throws(DiskError) {
        let old = active
        if old.size == 0 {
            // Never written to: replaced by one that begins at the end.
            guard old.baseOffset != endOffset else { return }
            let fresh = try Segment.create(disk, directory, endOffset, now: now)
            dirt.forget(old.log)
            try removeFiles(of: old)
            segments[segments.count - 1] = fresh
        } else {
            try old.seal(disk)
            try takeSnapshot()
            for file in [old.log, old.index.file, old.times.file].compactMap({ $0 }) { dirt.add(file) }
            segments.append(try Segment.create(disk, directory, endOffset, now: now))
        }
        boundaries.rolled()
        dirt.isDirectoryDirty = true
        dirt.isActiveDirty = true
        active.reservedUpTo = 0
        if config.preallocate {
            disk.reserve(active.log, upTo: config.segmentBytes)
            active.reservedUpTo = config.segmentBytes
        }
    }

    /// Begins a new segment when the active one has been open for `segment.ms` by our clock.
    /// - Returns: whether it did.
    package func rollIfDue(now: Timestamp) throws(LogError) -> Bool {
        guard active.size > 0 else { return false }
        guard now.milliseconds - active.createdAt.milliseconds > rollAfterMs(active) else { return false }
        do {
            try prepareActive()
            try roll(now: now)
        } catch {
            throw .disk(error)
        }
        return true
    }

    /// Writes the producers' state as of the log's end, unless that snapshot is there.
    func takeSnapshot() throws(DiskError) {
        guard snapshots.last != endOffset else { return }
        let file = try disk.writeWhole(
            LogPaths.file(directory, endOffset, ".snapshot"), ProducerSnapshot.encode(producerStates))
        snapshots.append(endOffset)
        dirt.add(file, temporary: true)
        dirt.isDirectoryDirty = true
    }

    /// Removes snapshots that recovery will not ask for: all but the last two at or below the recovery point (one may
    /// be damaged), and those above it.
    func removeOldSnapshots() throws(DiskError) {
        let below = snapshots.prefix { $0 <= recoveryPoint }.count
        guard below > 2 else { return }
        for offset in snapshots.prefix(below - 2) {
            try disk.remove(LogPaths.file(directory, offset, ".snapshot"))
        }
        snapshots.removeFirst(below - 2)
    }

    func removeFiles(of segment: Segment) throws(DiskError) {
        try disk.remove(segment.path)
        try disk.remove(segment.index.path)
        try disk.remove(segment.times.path)
        try disk.remove(LogPaths.file(directory, segment.baseOffset, ".txnindex"))
        dirt.isDirectoryDirty = true
    }
}
