import CommitLog
import Consensus
import Ports
import Vocabulary

/// Damage that a leader meets when it reads what others need.
extension QuorumLoop {
    /// The log cannot be read from `offset` on.
    func unreadable(_ offset: Offset, _ error: LogError) {
        if case .disk(let disk) = error, disk.reason != .corrupt { return fail("\(error)") }
        if offset >= applied { return giveUp(from: offset, error) }
        if !snapshots.replacesDamage {
            log(
                .error, "An entry of the metadata log cannot be read; a snapshot takes its place.",
                [("offset", String(offset.value)), ("reason", "\(error)")])
        }
        snapshots.replacesDamage = true
        beginSnapshot()
    }

    /// No snapshot stands for an entry that is not applied: it is missing here, with all behind it, as it would be if a start had found the
    /// damage (decision 0008). This replica leads no more, and gets it from those who have it.
    private func giveUp(from offset: Offset, _ error: LogError) {
        guard raft.voters.voters.count > 1 else { return fail("\(error)") }
        let end = log.soundEnd(from: offset)
        log(
            .error, "An entry of the metadata log cannot be read; it and what follows comes back from the other voters.",
            [("offset", String(end.value)), ("log.end.offset", String(log.endOffset.value)), ("reason", "\(error)")])
        var state = persisted
        let owes = LogPosition(end: log.endOffset, term: state.term)
        state.owes = max(owes, state.owes ?? owes)
        persist(state)
        guard persisted == state else { return }
        mustRestart = true
        truncate(to: end)
    }

    /// Who gets it may have found damage in it, or lost a piece.
    func check(_ snapshot: SnapshotID) {
        do {
            try SnapshotFile.read(log.disk, SnapshotFile.path(snapshot)) { _, _ in }
        } catch let damage as SnapshotDamage {
            log(.error, "A snapshot is damaged; a new one takes its place.", [("reason", "\(damage)")])
            snapshots.damaged = snapshot
        } catch {
            log(.error, "A snapshot cannot be read.", [("reason", "\(error)")])
        }
    }

    /// Once a turn, after its events.
    func sendNewestSnapshot() {
        guard snapshots.sendsNewest else { return }
        snapshots.sendsNewest = false
        guard raft.snapshot == snapshots.newest else { return }
        drive(.snapshotTaken(snapshots.newest, bytes: snapshots.newestBytes, logStart: log.startOffset))
    }
}
