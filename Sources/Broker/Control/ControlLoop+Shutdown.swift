import CommitLog
import Ports
import Vocabulary

/// The end in order: everything synced, the checkpoints written, the marker set that spares the next start
/// its recovery.
extension ControlLoop {
    /// Closes every log. The data loops take no requests any more, and the host has waited for the syncs it
    /// was asked for.
    ///
    /// Blocks. A directory with a log that could not be closed gets no marker: the next start recovers it.
    package func shutdown(now: Moment) {
        self.now = now
        if isStopped { return }
        isStopped = true
        survey()
        var dirty: Set<Int> = []
        var places: [Int: (start: Offset, end: Offset)] = [:]
        for place in upkeep.entries.indices {
            let entry = upkeep.entries[place]
            let (loops, log) = entry.partition.takeOffline("the broker is stopping")
            wake(loops, for: entry.partition)
            guard let log else { continue }
            if close(log, entry.partition) {
                places[place] = (log.startOffset, log.recoveryPoint)
            } else {
                dirty.insert(entry.directory)
            }
        }
        for (place, offsets) in places {
            var seen = upkeep.entries[place]
            (seen.startOffset, seen.recoveryPoint) = offsets
            // All that was kept is synced, and one broker alone is all that has to agree.
            seen.highWatermark = max(seen.highWatermark, offsets.end)
            _ = upkeep.see(place, seen)
        }
        emit(.post(.quorum(.leave), to: .quorum))
        for index in directories.indices { finish(index, isClean: !dirty.contains(index)) }
    }

    private func close(_ log: Log, _ partition: Partition) -> Bool {
        if partition.disk.standing == .offline { return false }
        do throws(LogError) {
            try log.close()
            return true
        } catch {
            self.log(
                .error, "A log could not be closed in order; it will be recovered.",
                [
                    ("topic", partition.id.topic), ("partition", String(partition.id.partition)),
                    ("reason", "\(error)"),
                ])
            return false
        }
    }

    private func finish(_ index: Int, isClean: Bool) {
        guard let directory = directories[index].directory, directories[index].disk.standing != .offline
        else { return }
        directories[index].stale = Set(CheckpointKind.allCases)
        guard writeCheckpoints(of: index), isClean else { return }
        do throws(DiskError) {
            try directory.markClean()
        } catch {
            log(
                .error, "The clean shutdown could not be marked.",
                [("log.dir", directory.disk.name), ("reason", "\(error)")])
        }
    }
}
