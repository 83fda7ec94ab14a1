import Metadata
import Ports
import Vocabulary

/// The way of a command: decided, proposed, replayed, committed, brought about here, answered.
extension ControlLoop {
    /// Decides a command, proposes what it comes to, and calls `finish` once that is committed and runs here.
    func submit(
        _ command: MetadataCommand, deadline: Instant? = nil, finish: @escaping (CommandOutcome) -> Void
    ) {
        if let failure = metadataLog.failure { return finish(.refused(Self.storageError(failure))) }
        let decision: MetadataDecision
        do throws(MetadataError) {
            decision = try controller.decide(command, at: now.timestamp)
        } catch {
            return finish(.refused(error))
        }
        do throws(DiskError) {
            try propose(decision)
        } catch {
            failed(directories[0].disk, error)
            return finish(.refused(Self.storageError("\(error)")))
        }
        let reply = HeldReply(deadline: deadline, reply: decision.reply, finish: finish)
        // What was decided may rest on records that are not committed yet: it waits for all there are.
        reply.offset = metadataLog.endOffset
        reply.topics = topics(touchedBy: decision.records, in: controller.image)
        if reply.offset <= metadataLog.committedOffset { reply.isCommitted = true }
        if reply.isReady { reply.end(.done(decision.reply)) } else { held.add(reply) }
    }

    private func propose(_ decision: MetadataDecision) throws(DiskError) {
        let size = decision.isAtomic ? max(1, decision.records.count) : Controller.recordsPerBatchMax
        var start = 0
        while start < decision.records.count {
            let batch = Array(decision.records[start..<min(start + size, decision.records.count)])
            let first = try metadataLog.propose(batch, now: now.timestamp)
            for (index, record) in batch.enumerated() {
                controller.replay(record, at: first + Int64(index))
                uncommitted.append((first + Int64(index), record))
            }
            start += batch.count
        }
    }

    /// Lets what is committed take effect.
    /// - Returns: whether there was anything.
    func applyCommitted() -> Bool {
        let committed = metadataLog.committedOffset
        let ready = uncommitted.first.map { $0.offset < committed } ?? false
        if ready {
            controller.committed(upTo: Offset(committed.value - 1))
            let count = uncommitted.firstIndex { $0.offset >= committed } ?? uncommitted.count
            let records = uncommitted[..<count].map(\.record)
            uncommitted.removeFirst(count)
            let image = controller.committed
            broker.topology.update { $0.image = image }
            noteChanges(records)
        }
        for reply in held.takeReady(committed: committed) { reply.end(.done(reply.reply)) }
        return ready
    }

    func expireReplies() {
        for reply in held.takeExpired(at: now.instant) { reply.end(.timedOut) }
    }

    /// The metadata log is gone: what is not committed never will be by us.
    func failUncommitted(_ why: String) {
        for reply in held.takeUncommitted() { reply.end(.refused(Self.storageError(why))) }
    }

    static func storageError(_ why: String) -> MetadataError {
        MetadataError(.kafkaStorageError, "The metadata log cannot be written: \(why)")
    }
}
