package import Vocabulary

/// What only a leader has; begins anew with each office.
struct Office: Sendable {
    /// All who are replicated to: voters, a new voter that catches up, observers; sorted by key.
    var replicas: [Progress] = []
    /// Counts the rounds of proof (thesis §6.4).
    var round: UInt64 = 0
    var heartbeatDue = Instant.distantFuture
    var reads: [PendingRead] = []
    var transfer: LeadershipTransfer?
    var catchUp: CatchUp?
    /// A change of voters goes on; from the effect `proposeVoters` until it is committed.
    var isChangingVoters = false
    /// It only puts in the log what replicas are formatted with; nobody asked for it.
    var isPublishingVoters = false

    func index(of key: ReplicaKey) -> Int? { replicas.firstIndex { $0.key == key } }
}

/// Leading: §5.3 and §5.4.2 of the paper.
extension Raft {
    mutating func becomeLeader() {
        role = .leader
        leader = me
        leaderHeardAt = nil
        votes = []
        incoming = nil
        office = Office()
        effects.append(.becameLeader(term))
        gatherReplicas()
        heartbeat()
    }

    /// - Parameter isSuperseded: by a newer term.
    mutating func leaveOffice(isSuperseded: Bool) {
        for read in office.reads { effects.append(.readRefused(id: read.id)) }
        endTransfer(isDone: isSuperseded && office.transfer?.isSent == true)
        let isAsked = office.isChangingVoters && !office.isPublishingVoters
        if office.catchUp != nil || isAsked { endChange(.timedOut) }
        office = Office()
    }

    mutating func leaderTimePassed() {
        if let transfer = office.transfer, now >= transfer.deadline { transferTimedOut() }
        if let catchUp = office.catchUp, now >= catchUp.deadline { catchUpTimedOut() }
        guard role == .leader, now >= office.heartbeatDue else { return }
        // Check-quorum (thesis §6.2): clients of a leader that is cut off must not wait for it for ever.
        if let heard = voters.reachedByMajority({ key in self.lastHeard(of: key) }),
            now >= heard.adding(milliseconds: config.electionTimeoutMs)
        {
            return becomeFollower(of: nil, term: term)
        }
        resendChunks()
        heartbeat()
    }

    private func lastHeard(of key: ReplicaKey) -> Instant {
        if key == me { return now }
        return office.index(of: key).map { office.replicas[$0].lastHeard } ?? Instant(nanoseconds: .min)
    }

    // MARK: Sending

    /// A new round of proof goes to everyone.
    mutating func heartbeat() {
        office.round += 1
        office.heartbeatDue = now.adding(milliseconds: config.heartbeatMs)
        for i in office.reads.indices where office.reads[i].round == nil && office.reads[i].index != nil {
            office.reads[i].round = office.round
        }
        for i in office.replicas.indices { sendHeartbeat(i) }
    }

    /// An append without entries: asks whether the log agrees up to what was sent, so that entries lost on the way are
    /// noticed. A replica that gets the snapshot is asked nothing.
    mutating func sendHeartbeat(_ i: Int) {
        var previous = LogPosition.start
        if !office.replicas[i].isGettingSnapshot {
            if let position = log.position(at: office.replicas[i].next) {
                previous = position
            } else {
                beginSnapshot(i)
            }
        }
        office.replicas[i].committedSent = min(committed, previous.end)
        let append = Append(
            previous: previous, end: previous.end, runs: [], committed: committed, round: office.round)
        send(.append(append), to: office.replicas[i].key)
    }

    /// What goes to that replica next. A host may stop before there is nothing more, when its connection is full, and go on later.
    ///
    /// - Parameter fits: where the entries from an offset on that go in one message end, at a batch's border; the offset itself
    ///   when they cannot be read: then nothing goes out.
    /// - Returns: nil when there is nothing for now; `replicate(to:)` says when there is again.
    package mutating func nextAppend(to key: ReplicaKey, at now: Instant, fits: (Offset) -> Offset)
        -> RaftOutgoing?
    {
        self.now = max(self.now, now)
        guard role == .leader, let i = office.index(of: key), hasMore(i) else { return nil }
        if office.replicas[i].isGettingSnapshot { return nextChunk(i) }
        let from = office.replicas[i].next
        guard let previous = log.position(at: from) else {
            invariantFailed("streaming to \(key) from \(from), which is gone; the log begins at \(log.start)")
        }
        var end = from
        if from < log.end.end, office.replicas[i].inFlight.count < config.appendsInFlightMax {
            end = fits(from)
            if end <= from { return nil }
            invariant(end <= log.end.end, "entries up to \(end), the log ends at \(log.end)")
            office.replicas[i].next = end
            office.replicas[i].inFlight.append(end)
        }
        office.replicas[i].committedSent = min(committed, end)
        let append = Append(
            previous: previous, end: end, runs: log.slice(from: from, to: end), committed: committed,
            round: office.round, voterSets: voterSets.filter { $0.offset >= from && $0.offset < end })
        return .append(Message(term: term, .append(append)))
    }

    /// Whether `nextAppend` has something for it.
    func hasMore(_ i: Int) -> Bool {
        let replica = office.replicas[i]
        switch replica.mode {
        case .probing: return false
        case .snapshot(let transfer): return transfer.sentAt == nil
        case .streaming:
            let hasEntries = replica.next < log.end.end && replica.inFlight.count < config.appendsInFlightMax
            return hasEntries || min(committed, replica.next) > replica.committedSent
        }
    }

    mutating func replicate(_ i: Int) {
        if hasMore(i) { effects.append(.replicate(to: office.replicas[i].key)) }
    }

    mutating func leaderConnected(to key: ReplicaKey) {
        guard let i = office.index(of: key) else { return gatherReplicas() }
        office.replicas[i].connectionLost()
        office.round += 1  // So that it is answered, whatever was answered before.
        sendHeartbeat(i)
        replicate(i)
        if office.transfer?.target == key {
            office.transfer?.isSent = false
            pushTransfer()
        }
    }

    // MARK: Answers

    mutating func appendAnswered(_ response: AppendResponse, by key: ReplicaKey) {
        guard role == .leader, let i = office.index(of: key) else { return }
        let isLate = response.round < office.replicas[i].round
        heard(i, round: response.round)
        switch response.outcome {
        case .matched(let durable):
            if durable <= log.end.end { matched(i, durable: durable) }
        case .mismatch(let hint):
            if !isLate { mismatched(i, hint: hint) }
        }
        proveReads()
    }

    /// It was heard within an election timeout.
    func isHeard(_ replica: Progress) -> Bool {
        now < replica.lastHeard.adding(milliseconds: config.electionTimeoutMs)
    }

    /// It lives, and answered that round.
    mutating func heard(_ i: Int, round: UInt64) {
        office.replicas[i].lastHeard = now
        if round <= office.round { office.replicas[i].round = max(office.replicas[i].round, round) }
    }

    mutating func matched(_ i: Int, durable: Offset) {
        office.replicas[i].acknowledged(durable, logEnd: log.end.end, at: now)
        switch office.replicas[i].mode {
        case .streaming: break
        case .probing: office.replicas[i].mode = .streaming
        case .snapshot(let transfer):
            if durable >= transfer.snapshot.end { office.replicas[i].mode = .streaming }
        }
        let key = office.replicas[i].key
        let isAdvanced = advanceCommitted()
        // The commit may have ended the office, or the replica's part in it.
        guard let i = office.index(of: key) else { return }
        if !isAdvanced { replicate(i) }
        pushTransfer()
        advanceCatchUp(key)
    }

    /// Its log does not agree up to what was sent: goes back to where it may, a term at a time (§5.3). Each genuine answer
    /// leads further back; what does not is the answer to an append that was on its way behind one that was answered already.
    private mutating func mismatched(_ i: Int, hint: LogPosition) {
        if office.replicas[i].isGettingSnapshot { return }
        let position = log.lastPosition(upTo: hint.end, termMax: hint.term)
        let agreed = position?.end ?? log.start.end
        guard position == nil || agreed < office.replicas[i].next else { return }
        // It may have lost what it had acknowledged. That must not count any more for what is to be committed.
        office.replicas[i].match = min(office.replicas[i].match, agreed)
        if position == nil { return beginSnapshot(i) }
        office.replicas[i].probe(at: agreed)
        sendHeartbeat(i)
    }

    // MARK: Our own log

    mutating func proposed(end: Offset, voterSet: VoterSet?) {
        invariant(role == .leader, "entries up to \(end) proposed by a \(role)")
        log.append(upTo: end, term: term)
        if let voterSet {
            invariant(
                voterSet.isOneChange(from: voters), "more than one voter changes: \(voters) -> \(voterSet)")
            invariant(voterSets.last.map { $0.offset < committed } ?? true, "two changes of voters at once")
            office.isChangingVoters = true
            changeVoters { $0.append(PlacedVoterSet(offset: end + -1, voters: voterSet)) }
        }
        for i in office.replicas.indices { replicate(i) }
    }

    /// §5.4.2: entries are committed by counting replicas only where they are of the leader's own term; older ones with them.
    /// Our own log counts as far as it is durable, like any other.
    ///
    /// - Returns: whether more is committed now; then everyone is told.
    @discardableResult
    mutating func advanceCommitted() -> Bool {
        let end = voters.reachedByMajority { key in
            if key == me { return durableEnd }
            return office.index(of: key).map { office.replicas[$0].match } ?? 0
        }
        guard role == .leader, let end, end > committed else { return false }
        guard log.position(at: end)?.term == term || Canary.commitsOldTerm.isChosen else { return false }
        commit(upTo: end)
        answerWaitingReads()
        for i in office.replicas.indices { replicate(i) }
        if let last = voterSets.last, last.offset < committed {
            if office.isChangingVoters || !isVoter {
                voterChangeCommitted()
            } else if last.offset < 0 {
                publishVoters()
            }
        }
        return true
    }

    /// An entry of our own term is committed, and with it all that was there before: only now is our word about what is
    /// committed complete (§8, thesis §6.4).
    var hasCommittedInTerm: Bool { role == .leader && log.position(at: committed)?.term == term }
}
