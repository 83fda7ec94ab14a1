import CommitLog
import Consensus
import Coordination
import HashTreeCollections
import Metadata
import Ports
import Vocabulary

/// Snapshots, so that the log does not grow for ever: taken beside the work, sent to replicas that are too far behind, taken in from
/// the leader.
extension QuorumLoop {
    /// Written in a turn, at most.
    private static var sliceBytes: Int64 { 256 << 10 }
    /// Dirty bytes of a snapshot at the most: a disk that falls behind would else hold up the log's own writes.
    private static var unsyncedMax: Int64 { 8 << 20 }

    // MARK: - Taking one

    func snapshotIfDue() {
        guard snapshots.making == nil, failure == nil, now.instant >= snapshots.fullUntil else { return }
        let bytes = log.byteCount(from: snapshots.newest.end, to: applied)
        if bytes >= config.quorum.snapshotBytes { beginSnapshot() }
    }

    /// The last one is old, and something has happened since.
    func snapshotIfLate() {
        guard let every = config.quorum.snapshotMs, applied > snapshots.newest.end, failure == nil else {
            return
        }
        guard now.instant >= snapshots.taken.adding(milliseconds: every) else { return }
        snapshots.taken = now.instant
        beginSnapshot()
    }

    /// Begins a snapshot of all that is applied.
    /// - Returns: nil when it has begun, or the reason why it has not.
    @discardableResult
    func beginSnapshot() -> String? {
        guard snapshots.making == nil else { return "A snapshot is being taken already." }
        let isReplacement = snapshots.damaged == snapshots.newest || snapshots.replacesDamage
        guard applied > snapshots.newest.end || isReplacement else {
            return "Nothing has changed since the last snapshot."
        }
        guard let id = raft.position(at: applied) else { return "Nothing is applied yet." }
        let header = SnapshotFile.Header(
            id: id, timestamp: appliedTimestamp, voters: raft.voterSet(asOf: applied))
        let path = QuorumLog.directory + "/" + SnapshotFile.name(id) + ".part"
        do throws(DiskError) {
            let file = try log.disk.open(path, .create)
            try log.disk.truncate(file, to: 0)
            snapshots.making = Snapshots.Making(
                id: id, path: path, file: file,
                sections: SnapshotSections(header, metadata.committed, coordination), begun: now.instant)
            return nil
        } catch {
            snapshotFailed(error)
            return "\(error)"
        }
    }

    /// An operator wants one, of this broker, that holds all that is applied now; answered when it is durable.
    func wishSnapshot(_ id: UInt64) {
        if snapshots.making != nil { return snapshots.nextWishes.append(id) }
        if let problem = beginSnapshot() { return tell(.adminEnded(id: id, .failure(AdminRefusal(problem)))) }
        snapshots.wishes.append(id)
    }

    private func snapshotEnded(_ outcome: AdminDesk.Outcome) {
        for id in snapshots.wishes { tell(.adminEnded(id: id, outcome)) }
        snapshots.wishes = []
        let next = snapshots.nextWishes
        snapshots.nextWishes = []
        for id in next { wishSnapshot(id) }
    }

    /// Writes the next piece of a snapshot in the making.
    /// - Returns: whether there is more to do now.
    func snapshotSlice() -> Bool {
        guard var making = snapshots.making, failure == nil, !making.isSyncing, !making.isWhole else {
            return false
        }
        do throws(DiskError) {
            var budget = Self.sliceBytes
            while budget > 0, making.unsynced < Self.unsyncedMax {
                guard let section = making.sections.next() else {
                    making.isWhole = true
                    break
                }
                try log.disk.writeBytes(section, to: making.file, at: making.written)
                making.written += Int64(section.count)
                making.unsynced += Int64(section.count)
                budget -= Int64(section.count)
            }
        } catch {
            snapshots.making = making
            snapshotFailed(error)
            return false
        }
        if making.isWhole || making.unsynced >= Self.unsyncedMax {
            making.isSyncing = true
            emit(
                .sync(
                    SyncRequest(
                        disk: log.disk, targets: [.file(making.file)], owner: .snapshot(end: making.id.end),
                        loop: .quorum)))
        }
        snapshots.making = making
        return !making.isSyncing
    }

    func snapshotSynced(_ outcome: SyncOutcome) {
        guard case .snapshot(let end) = outcome.owner else { invariantFailed("a sync of something else") }
        guard var making = snapshots.making, making.id.end == end else { return }
        if let error = outcome.error { return fail("\(error)") }
        making.isSyncing = false
        making.unsynced = 0
        snapshots.making = making
        if making.isWhole { finishSnapshot(making) }
    }

    private func finishSnapshot(_ making: Snapshots.Making) {
        snapshots.making = nil
        log.disk.close(making.file)
        do {
            // The leader's came meanwhile, and reaches further.
            guard making.id.end >= snapshots.newest.end else {
                try log.disk.remove(making.path)
                return snapshotEnded(
                    .success("A snapshot of the leader's that reaches further came meanwhile."))
            }
            try log.disk.rename(making.path, to: SnapshotFile.path(making.id))
            try log.disk.sync(.directory(QuorumLog.directory))
            if let reading = snapshots.reading, reading.id == making.id {
                log.disk.close(reading.file)
                snapshots.reading = nil
            }
            snapshots.became(making.id, bytes: making.written)
            snapshots.taken = now.instant
            let keep = snapshots.replacesDamage ? making.id.end : min(making.id.end, raft.neededFrom)
            snapshots.replacesDamage = false
            try log.deletePrefix(before: keep, now: now.timestamp)
            drive(.snapshotTaken(making.id, bytes: making.written, logStart: log.startOffset))
            try removeOldSnapshots()
        } catch let error as DiskError {
            return snapshotFailed(error)
        } catch {
            return fail("\(error)")
        }
        log(
            .info, "Took a snapshot.",
            [
                ("offset", String(making.id.end.value)), ("bytes", String(making.written)),
                ("ms", String((now.instant - making.begun) / 1_000_000)),
            ])
        snapshotEnded(
            .success("Took a snapshot of all below offset \(making.id.end), \(making.written) bytes."))
    }

    /// For want of room there is another try later; anything else is the disk's failure.
    private func snapshotFailed(_ error: DiskError) {
        if let making = snapshots.making {
            log.disk.close(making.file)
            try? log.disk.remove(making.path)
        }
        snapshots.making = nil
        snapshotEnded(.failure(AdminRefusal("\(error)")))
        guard error.reason == .noSpace else { return fail("\(error)") }
        snapshots.fullUntil = now.instant.adding(milliseconds: 10_000)
        log(.error, "There is no space for a snapshot.", [("reason", "\(error)")])
    }

    private func removeOldSnapshots() throws(DiskError) {
        let needed = Set(raft.snapshotsInUse + [snapshots.newest])
        for entry in try log.disk.list(QuorumLog.directory) {
            let isDamaged = entry.name.hasSuffix(SnapshotFile.damagedSuffix)
            let id = SnapshotFile.id(of: entry.name)
            guard isDamaged || id.map({ !needed.contains($0) && $0 < snapshots.newest }) ?? false else { continue }
            try log.disk.remove(QuorumLog.directory + "/" + entry.name)
        }
    }

    // MARK: - Sending

    /// The bytes of a piece that a follower gets; nil when they cannot be had.
    ///
    /// One that begins again may have found damage in what it got: then our file is read once whole. It blocks for that, seldom.
    func snapshotBytes(_ chunk: SnapshotChunk, to key: ReplicaKey) -> [UInt8]? {
        if chunk.position == 0, snapshots.begins(chunk.snapshot, for: key) { check(chunk.snapshot) }
        if snapshots.damaged == chunk.snapshot {
            if chunk.snapshot == snapshots.newest { beginSnapshot() } else { snapshots.sendsNewest = true }
            return nil
        }
        do throws(DiskError) {
            if snapshots.reading?.id != chunk.snapshot {
                if let reading = snapshots.reading { log.disk.close(reading.file) }
                snapshots.reading = nil
                snapshots.reading = (
                    chunk.snapshot, try log.disk.open(SnapshotFile.path(chunk.snapshot), .existing)
                )
            }
            let bytes = try log.disk.readBytes(
                snapshots.reading!.file, at: chunk.position, count: chunk.count)
            guard bytes.count == chunk.count else {
                throw DiskError(
                    .corrupt, "read", SnapshotFile.path(chunk.snapshot), detail: "it is shorter than it was")
            }
            return bytes
        } catch {
            log(.error, "A snapshot cannot be read.", [("reason", "\(error)")])
            return nil
        }
    }

    // MARK: - Taking one in

    func storeChunk(_ chunk: SnapshotChunk) {
        guard let inHand, inHand.bytes.count == chunk.count else { invariantFailed("no piece is in hand") }
        do {
            let path = QuorumLog.directory + "/incoming" + SnapshotFile.partSuffix
            if chunk.position == 0 {
                dropIncoming()
                let file = try log.disk.open(path, .create)
                try log.disk.truncate(file, to: 0)
                snapshots.incoming = Snapshots.Incoming(id: chunk.snapshot, path: path, file: file)
            }
            guard let incoming = snapshots.incoming, incoming.id == chunk.snapshot else {
                invariantFailed("a piece of \(chunk.snapshot) comes in the middle")
            }
            try log.disk.writeBytes(inHand.bytes, to: incoming.file, at: chunk.position)
            if chunk.position + Int64(chunk.count) == chunk.total {
                // Waits for the disk; it happens once in a replica's catching up.
                try log.disk.sync(.file(incoming.file))
                snapshots.arrived = try SnapshotState(reading: log.disk, chunk.snapshot, at: incoming.path)
                try log.disk.rename(incoming.path, to: SnapshotFile.path(chunk.snapshot))
                try log.disk.sync(.directory(QuorumLog.directory))
                log.disk.close(incoming.file)
                snapshots.incoming = nil
            }
            drive(.chunkStored(chunk))
        } catch let error as DiskError where error.reason == .noSpace {
            drop(chunk, "There is no space for the leader's snapshot; it is asked for again.", error)
        } catch let damage as SnapshotDamage {
            drop(chunk, "The leader's snapshot came damaged; it is asked for again.", damage)
        } catch {
            dropIncoming()
            fail("\(error)")
        }
    }

    private func drop(_ chunk: SnapshotChunk, _ message: String, _ why: any Error) {
        dropIncoming()
        log(.error, message, [("reason", "\(why)")])
        drive(.chunkDropped(chunk))
    }

    private func dropIncoming() {
        guard let incoming = snapshots.incoming else { return }
        log.disk.close(incoming.file)
        try? log.disk.remove(incoming.path)
        snapshots.incoming = nil
    }

    /// The leader's snapshot takes the place of the log and of all that was applied.
    func installSnapshot(_ id: SnapshotID) {
        do {
            guard let state = snapshots.arrived, state.header.id == id else {
                invariantFailed("no snapshot \(id) has arrived")
            }
            snapshots.arrived = nil
            try log.restart(at: id.end, now: now.timestamp)
            pending.removeAll()
            snapshots.became(id, bytes: try log.disk.sizeOf(SnapshotFile.path(id)))
            replaceState(state)
            try removeOldSnapshots()
        } catch {
            return fail("\(error)")
        }
        log(.info, "Took in the leader's snapshot.", [("offset", String(id.end.value))])
    }

    /// Everything jumps; whoever watches hears of it by looking again.
    private func replaceState(_ state: SnapshotState) {
        applied = state.header.id.end
        appliedTimestamp = state.header.timestamp
        var coordination = state.coordination
        coordination.config = self.coordination.config
        self.coordination = coordination
        metadata = Controller(
            image: state.image, seed: chance.next(), broker: config.nodeID,
            staticProperties: config.properties)
        if let session = membership.session, coordination.sessions[session] == nil {
            membership.sessionEnded(session, now: now.instant)
        }
        // What its clients watched may have changed unseen: they come back and say what they saw last.
        dropClients("this broker took in a snapshot")
        tell(.replaced(metadata.committed))
        releaseAnswers()
    }
}
