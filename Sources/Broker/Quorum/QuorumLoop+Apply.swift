import Consensus
import Coordination
import Metadata
import Vocabulary

/// What is committed takes effect: the same on every broker, in the log's order.
extension QuorumLoop {
    func apply() {
        let end = raft.committed
        var facts: [MetadataRecord] = []
        while let entry = pending.takeFirst(below: end) { apply(entry, &facts) }
        invariant(applied >= end, "applied to \(applied), and not to \(end)")
        if !facts.isEmpty {
            metadata.committed(upTo: Offset(applied.value - 1))
            tell(.committed(metadata.committed, facts, applied))
        }
        // The first of its own entries is committed, and with it all before.
        if leadership.isLeader, !leadership.isServing, applied > leadership.first { beginServing() }
        releaseAnswers()
        snapshotIfDue()
    }

    private func apply(_ logged: LoggedEntry, _ facts: inout [MetadataRecord]) {
        invariant(logged.offset == applied, "entry \(logged.offset) is applied at \(applied)")
        applied = logged.offset + 1
        appliedTimestamp = logged.timestamp
        guard case .transaction(let transaction) = logged.entry else { return }
        if let part = transaction.coordination { apply(part, logged) }
        if !transaction.metadata.isEmpty {
            // A leader replayed it when it decided it.
            if metadata.image.lastOffset < logged.offset { metadata.replay(transaction.metadata, at: logged.offset) }
            facts += transaction.metadata
        }
    }

    private func apply(_ transaction: CoordinationTransaction, _ logged: LoggedEntry) {
        let zxid = logged.offset.value + 1
        let changes = coordination.replay(transaction, zxid: zxid, at: logged.timestamp)
        switch transaction {
        case .sessionClosed(let id): sessionEnded(id)
        case .sessionMoved(let id, let broker, _): clientSessionMoved(id, to: broker)
        case .writes, .sessionCreated: break
        }
        if !changes.isEmpty { notify(changes, zxid: zxid) }
    }

    private func sessionEnded(_ id: Int64) {
        leadership.tracker.remove(id)
        membership.sessionEnded(id, now: now.instant)
        clientSessionEnded(id)
    }
}
