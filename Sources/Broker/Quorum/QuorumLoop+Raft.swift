import CommitLog
import Consensus
import Coordination
import Metadata
import Ports
import Vocabulary

/// What came with a message of Raft's: entries, or a piece of a snapshot.
struct InHand {
    /// Of entries: where they begin.
    let from: Offset
    let end: Offset
    let bytes: [UInt8]
}

/// Running Raft: events in, effects carried out in their order.
extension QuorumLoop {
    /// How many bytes of entries go in one message, about.
    private static var appendBytesMax: Int { 256 << 10 }

    func drive(_ event: RaftEvent) {
        guard failure == nil, silentUntil == nil else { return }
        let before = raft.committed
        run(raft.step(event, at: now.instant))
        guard failure == nil else { return }  // What is committed may never have come into the log.
        if mustRestart { return restartReplica() }
        if raft.committed > before { apply() }
    }

    /// What is left when the replica began anew is of one that is no more.
    private func run(_ effects: [RaftEffect]) {
        let beginnings = beginnings
        for effect in effects {
            guard failure == nil, !mustRestart, beginnings == self.beginnings else { return }
            run(effect)
        }
    }

    private func run(_ effect: RaftEffect) {
        switch effect {
        case .persist(let state): persist(state)
        case .send(let message, let key): send(.raft(message, payload: []), to: key)
        case .replicate(let key): replicate(to: key)
        case .truncate(let end): truncate(to: end)
        case .appendReceived(let from, let end): appendReceived(from: from, end: end)
        case .commit: break  // `drive` applies once the step is through.
        case .becameLeader(let term): becameLeader(term)
        case .becameFollower(let term, let leader): becameFollower(term, leader)
        case .readReady(let id, let index): readReady(id, index)
        case .readRefused(let id): readRefused(id)
        case .storeChunk(let chunk): storeChunk(chunk)
        case .installSnapshot(let id): installSnapshot(id)
        case .proposeVoters(let voters): proposeVoters(voters)
        case .voterChangeEnded(let outcome): voterChangeEnded(outcome)
        case .transferEnded(let isDone): transferEnded(isDone)
        case .votersChanged(let voters): votersChanged(voters)
        }
    }

    // MARK: - The disk

    /// Waits for the disk: it happens at elections only, and nothing may be said before it is done.
    func persist(_ state: HardState) {
        do throws(DiskError) {
            try log.disk.replaceWhole(
                HardStateFile.path, HardStateFile.encode(state), directory: QuorumLog.directory)
            persisted = state
        } catch {
            guard error.reason == .noSpace else { return fail("\(error)") }
            log(
                .error, "There is no space for the quorum's state; this replica is silent until there is.",
                [("reason", "\(error)")])
            silentUntil = now.instant.adding(milliseconds: Self.silenceMs)
            mustRestart = true
        }
    }

    /// A replica that cannot write down its term or its vote says nothing. It is tried again after a while, as after a crash: what others said
    /// meanwhile is lost, and they learn that as they would after one, by the end of the connections.
    func endSilence() {
        guard let until = silentUntil, until <= now.instant, failure == nil else { return }
        silentUntil = nil
        for link in links.all { close(link.connection) }
        restartReplica()
    }

    private static var silenceMs: Int64 { 1000 }

    func truncate(to end: Offset) {
        invariant(end >= applied, "a cut at \(end) would undo what is applied below \(applied)")
        do throws(LogError) {
            try log.truncate(to: end, now: now.timestamp)
            pending.truncate(to: end)
        } catch {
            fail("\(error)")
        }
    }

    private func appendReceived(from: Offset, end: Offset) {
        guard let inHand, inHand.from <= from, inHand.end >= end else {
            invariantFailed("no entries \(from) to \(end) are in hand")
        }
        do {
            let bytes = try inHand.bytes(from: from, end: end)
            for entry in try log.appendReceived(bytes, end: end, now: now.timestamp) { pending.append(entry) }
        } catch let error as LogError {
            appendFailed(error)
        } catch {
            appendFailed(.unfitting("\(error)"))
        }
    }

    private func appendFailed(_ error: LogError) {
        switch error {
        case .disk(let error) where error.reason == .noSpace:
            log(.error, "There is no space for the quorum's entries; they are asked for again.", [("reason", "\(error)")])
            fullUntil = now.instant.adding(milliseconds: 1000)
        case .unfitting(let why):
            log(.error, "The leader's entries do not fit; they are asked for again.", [("reason", why)])
        default: return fail("\(error)")
        }
        mustRestart = true
    }

    /// Raft counts on what the disk did not take: it begins anew with what lies there, as after a crash.
    func restartReplica() {
        mustRestart = false
        beginnings += 1
        do throws(DiskError) {
            try log.syncNow()
        } catch {
            return fail("\(error)")
        }
        let isNews = raft.hardState != persisted || leadership.isLeader
        loseLeadership()
        var restored = RaftRestored()
        restored.hardState = persisted
        restored.snapshot = snapshots.newest
        restored.snapshotBytes = snapshots.newestBytes
        restored.logStart = log.startOffset
        restored.runs = log.termRuns
        restored.committed = applied
        restored.voterSets = raft.voterSets.filter { $0.offset < log.endOffset }
        raft = Raft(config: raft.config, restored: restored, seed: chance.next(), now: now.instant)
        if isNews { leaderChanged() }
        for link in links.all { if let key = link.key { drive(.connected(to: key)) } }
    }

    /// A leader without room for entries has resigned; it may lead again once there is some. Where it is the only voter, nobody else
    /// can.
    func lookForSpace() {
        guard awaitsSpace, failure == nil, fullUntil <= now.instant else { return }
        fullUntil = now.instant.adding(milliseconds: 1000)
        guard raft.role != .leader, let space = try? log.disk.space(), space.available >= Self.spaceToLead else { return }
        awaitsSpace = false
        log(.info, "There is space for the quorum's entries again.")
        restartReplica()
    }

    private static var spaceToLead: Int64 { 1 << 20 }

    // MARK: - The other replicas

    func replicate(to key: ReplicaKey) {
        guard let link = links.link(to: key) else { return }
        while link.connection.output.byteCount < PeerFrame.bytesMax / 4 {
            var failure: (offset: Offset, error: LogError)?
            let outgoing = raft.nextAppend(to: key, at: now.instant) { from in
                do throws(LogError) {
                    return try log.end(from: from, bytesMax: Self.appendBytesMax)
                } catch {
                    failure = (from, error)
                    return from
                }
            }
            switch outgoing {
            case nil:
                if let failure { unreadable(failure.offset, failure.error) }
                return
            case .append(let message):
                guard case .append(let append) = message.body else { invariantFailed("no append: \(message)") }
                do throws(LogError) {
                    let bytes = try log.read(from: append.previous.end, end: append.end)
                    send(.raft(message, payload: bytes), on: link)
                } catch {
                    return unreadable(append.previous.end, error)
                }
            case .snapshotChunk(let message):
                guard case .snapshotChunk(let chunk) = message.body else { invariantFailed("no chunk: \(message)") }
                guard let bytes = snapshotBytes(chunk, to: key) else { return }
                send(.raft(message, payload: bytes), on: link)
            }
        }
    }

    // MARK: - Roles

    private func becameLeader(_ term: LeaderEpoch) {
        log(.info, "This broker leads the quorum.", [("leader.epoch", String(term.value))])
        leadership.begin(term: term, first: log.endOffset)
        propose(.leaderChange(me))
        leaderChanged()
        flushProposals()
    }

    private func becameFollower(_ term: LeaderEpoch, _ leader: ReplicaKey?) {
        loseLeadership()
        log(
            .info, leader == nil ? "No leader of the quorum is known." : "The quorum has a leader.",
            [("leader.epoch", String(term.value)), ("leader.id", leader.map { "\($0.id)" } ?? "none")])
        leaderChanged()
    }

    func loseLeadership() {
        guard leadership.isLeader else { return }
        coordination.resign()
        metadata.resign()
        let held = leadership.end()
        for answer in held { self.answer(answer.asker, PeerAnswer(.notLeader, index: applied)) }
    }

    /// Another leads, or nobody: what was asked of the one before may never be answered.
    private func leaderChanged() {
        failAsks()
        tell(.leader(raft.leader?.id ?? .none))
        aim()
        askAgain()
    }

    private func votersChanged(_ voters: VoterSet) {
        log(
            .info, "The quorum's voters changed.",
            [("voters", voters.voters.map { "\($0.key.id)@\($0.host):\($0.port)" }.joined(separator: ","))])
        aim()
    }

    /// Which addresses to dial: the other voters; as long as none is known, those of the configuration; and as long as no leader is known,
    /// those that members told of.
    func aim() {
        let voters = raft.voters.voters.map { (id: $0.key.id, address: PeerAddress(host: $0.host, port: $0.port)) }
        var targets = voters.filter { $0.id != me.id }.map(\.address)
        let isAlone = raft.voters.voters.count == 1 && raft.voters.contains(me)
        if targets.isEmpty, !isAlone {
            targets = config.quorum.places.filter { $0.id != me.id }.map { PeerAddress(host: $0.host, port: $0.port) }
        }
        if raft.leader == nil, !isAlone {
            let here = voters.filter { $0.id == me.id }.map(\.address)
            targets += toldVoters.filter { !targets.contains($0) && !here.contains($0) }
        }
        links.setTargets(targets, now: now.instant)
    }
}

extension InHand {
    /// The batches `from..<end` of those in hand.
    func bytes(from: Offset, end: Offset) throws(QuorumError) -> [UInt8] {
        if from == self.from, end == self.end { return bytes }
        guard let cut = try? LoggedEntry.range(of: bytes, from: from, end: end) else {
            throw QuorumError("offset \(from) or \(end) lies within a batch")
        }
        return Array(bytes[cut])
    }
}
