import Consensus
import Coordination
import HashTreeCollections
import Metadata
import Ports
import Vocabulary

/// The leader's part: deciding, proposing, and saying who is alive.
extension QuorumLoop {
    /// The offset that the next entry proposed gets.
    var nextOffset: Offset { log.endOffset + Int64(leadership.proposals.count) }
    /// The next entry's zxid: its offset and one, since 0 stands for none.
    var nextZxid: Int64 { nextOffset.value + 1 }

    func decide(_ question: PeerQuestion, _ asker: Asker) {
        switch question {
        case .coordination(let command): decideCoordination(command, asker)
        case .metadata(let command): decideMetadata(command, asker)
        case .readIndex: confirm(asker, .fresh)
        case .join(let ask): decideJoin(ask, asker)
        case .quorum(let question): decideQuorum(question, asker)
        case .heard(let sessions): heard(sessions, asker)
        }
    }

    // MARK: - Proposing

    func propose(_ entry: QuorumEntry) {
        invariant(leadership.isLeader, "a proposal by one who does not lead")
        leadership.proposals.append(Leadership.Proposal(entry: entry, timestamp: now.timestamp))
    }

    /// Answers once what is decided so far is committed and applied.
    func hold(_ asker: Asker, _ outcome: PeerAnswer.Outcome) {
        if case .nobody = asker { return }
        leadership.hold(asker, outcome, index: nextOffset)
    }

    /// Answers with what no record stands for. What it rests on must be committed, and it must be sure that nobody else has come to
    /// lead meanwhile (thesis §6.4).
    func confirm(_ asker: Asker, _ outcome: PeerAnswer.Outcome) {
        if nextOffset > raft.committed { return hold(asker, outcome) }
        if case .nobody = asker { return }
        let id = leadership.confirm(asker, outcome, index: nextOffset)
        drive(.readRequested(id: id))
    }

    func readReady(_ id: UInt64, _ index: Offset) {
        guard let read = leadership.takeRead(id) else { return }
        answer(read.asker, PeerAnswer(read.outcome, index: max(index, read.index)))
    }

    func readRefused(_ id: UInt64) {
        guard let read = leadership.takeRead(id) else { return }
        answer(read.asker, PeerAnswer(.notLeader, index: applied))
    }

    /// Puts what was decided in this turn in the log, as one batch.
    func flushProposals() {
        guard leadership.isLeader, !leadership.proposals.isEmpty else { return }
        let proposals = leadership.proposals
        leadership.proposals.removeAll(keepingCapacity: proposals.count <= 4096)
        do throws(DiskError) {
            let first = try log.append(
                proposals.map { ($0.entry.encode(), $0.timestamp) }, term: leadership.term)
            for (index, proposal) in proposals.enumerated() {
                pending.append(
                    LoggedEntry(
                        offset: first + Int64(index), term: leadership.term, timestamp: proposal.timestamp,
                        entry: proposal.entry))
            }
        } catch {
            guard error.reason == .noSpace else { return fail("\(error)") }
            log(
                .error, "There is no space for the quorum's entries; another broker may lead it.",
                [("reason", "\(error)")])
            awaitsSpace = true
            fullUntil = now.instant.adding(milliseconds: 1000)
            loseLeadership()
            return drive(.resign)
        }
        var voters: VoterSet?
        if case .voters(let set)? = proposals.last?.entry { voters = set }
        drive(.proposed(end: log.endOffset, voterSet: voters))
    }

    func proposeVoters(_ voters: VoterSet) {
        flushProposals()
        guard leadership.isLeader else { return }
        propose(.voters(voters))
        flushProposals()
    }

    // MARK: - Serving

    /// A loop that did not turn for so long was stopped, or its machine was.
    private var stallMs: Int64 { max(200, min(2000, config.zookeeper.sessionTimeoutMinMs / 4)) }

    /// What is due on the leader.
    func lead() {
        expireAsks()
        guard leadership.isServing, failure == nil else { return }
        // A leader that did not run could not hear anyone: nobody is dead for that.
        if leadership.lastLook.adding(milliseconds: stallMs) < now.instant {
            leadership.tracker.restart(at: now.instant)
        }
        leadership.lastLook = now.instant
        guard !raft.isTransferring else { return }
        for session in leadership.tracker.takeExpired(at: now.instant) { expire(session) }
        if leadership.nextSweep <= now.instant {
            leadership.nextSweep = now.instant.adding(milliseconds: config.zookeeper.containerCheckMs)
            sweep()
        }
        publishController()
        publishVoters()
    }

    /// Nothing is due while the leadership is handed over: Raft wakes us when that is over.
    var leaderWake: Instant? { raft.isTransferring ? nil : leadership.nextWake }

    /// All of earlier terms is applied: from here on it may decide.
    func beginServing() {
        leadership.serve(now: now.instant, sweepMs: config.zookeeper.containerCheckMs)
        // Whoever lives gets a whole timeout to find the new leader.
        leadership.tracker = SessionTracker(coordination.sessions.values, at: now.instant)
        formatIfNew()
        publishController()
        publishVoters()
        askAgain()
    }

    /// The answer waits for a proof that we led when they were heard: a leader after us gives everyone a whole timeout, from
    /// later on. It rests on no entry, so it waits for none.
    private func heard(_ sessions: [Int64], _ asker: Asker) {
        for session in sessions { leadership.tracker.heard(session, at: now.instant) }
        drive(.readRequested(id: leadership.confirm(asker, .fresh, index: 0)))
    }

    private func expire(_ session: Int64) {
        log(.info, "A session expired.", [("session.id", hex(session))])
        closeSession(session, by: nil, .nobody)
    }

    /// Containers that are empty and nodes whose time is over.
    private func sweep() {
        for path in coordination.nodesDue(at: now.timestamp, limit: 1000) {
            let decision = coordination.decide(
                .deleteContainer(path: path), zxid: nextZxid, at: now.timestamp)
            if case .commit(let transaction, _) = decision { propose(transaction) }
        }
    }

    // MARK: - Deciding

    private func decideCoordination(_ command: CoordinationCommand, _ asker: Asker) {
        // With a broker's session the broker is fenced too.
        if case .closeSession(let id, let broker) = command { return closeSession(id, by: broker, asker) }
        switch coordination.decide(command, zxid: nextZxid, at: now.timestamp) {
        case .commit(let transaction, let reply):
            propose(transaction)
            track(reply)
            hold(asker, .coordination(.success(reply)))
        case .answer(let reply):
            track(reply)
            confirm(asker, .coordination(.success(reply)))
        case .refuse(let error): confirm(asker, .coordination(.failure(error)))
        }
    }

    /// A session begins, or its client is back.
    private func track(_ reply: CoordinationReply) {
        guard case .session(let session) = reply else { return }
        leadership.tracker.add(session.id, timeoutMs: session.timeoutMs, at: now.instant)
    }

    /// Ends a session: its ephemeral znodes go, and where it is a broker's the broker is fenced by the same transaction.
    /// - Parameter broker: through which its client asked; nil: the leader itself does.
    func closeSession(_ id: Int64, by broker: BrokerID?, _ asker: Asker) {
        // Looked up before it is decided that its znode goes.
        let member = registration(session: id)
        switch coordination.decide(.closeSession(id: id, broker: broker), zxid: nextZxid, at: now.timestamp) {
        case .commit(let transaction, let reply):
            leadership.tracker.remove(id)
            propose(facts: member.map(fencing) ?? [], with: transaction)
            hold(asker, .coordination(.success(reply)))
        case .answer(let reply): confirm(asker, .coordination(.success(reply)))
        case .refuse(let error): confirm(asker, .coordination(.failure(error)))
        }
    }

    private func decideMetadata(_ command: MetadataCommand, _ asker: Asker) {
        let outcome: MetadataOutcome
        do throws(MetadataError) {
            let decision = try metadata.decide(command, at: now.timestamp)
            propose(decision)
            outcome = .success(decision.reply)
        } catch {
            outcome = .failure(error)
        }
        // What was decided may rest on records that are not committed yet: it waits for all there are.
        confirm(asker, .metadata(outcome))
    }

    private func propose(_ decision: MetadataDecision) {
        let size = decision.isAtomic ? max(1, decision.records.count) : Controller.recordsPerBatchMax
        var start = 0
        while start < decision.records.count {
            propose(facts: Array(decision.records[start..<min(start + size, decision.records.count)]))
            start += size
        }
    }

    func propose(_ transaction: CoordinationTransaction) {
        propose(.transaction(QuorumTransaction(coordination: transaction)))
    }

    func propose(facts: [MetadataRecord], with transaction: CoordinationTransaction? = nil) {
        if !facts.isEmpty { metadata.replay(facts, at: nextOffset) }
        propose(.transaction(QuorumTransaction(coordination: transaction, metadata: facts)))
    }
}

func hex(_ session: Int64) -> String { "0x" + String(UInt64(bitPattern: session), radix: 16) }
