import Vocabulary

/// Elections: §5.2 and §5.4.1 of the paper, pre-vote as in the thesis, §9.6.
extension Raft {
    /// A leader is known and was heard within an election timeout, so that nobody is to be helped to its office (thesis
    /// §4.2.3).
    ///
    /// A leader has heard of a majority within that time, or it would have stepped down.
    var hasLiveLeader: Bool {
        if role == .leader { return true }
        guard leader != nil, let heard = leaderHeardAt else { return false }
        return now < heard.adding(milliseconds: config.electionTimeoutMs)
    }

    var isVoter: Bool { voters.contains(me) }

    /// Whether this replica may become leader at all.
    ///
    /// Also one that is no voter any more, while that may not be committed: perhaps nobody else has the entry that removes
    /// it, and so nobody else can be elected. It does not count its own vote then (thesis §4.2.2).
    var canStand: Bool {
        if hardState.owes != nil || hasResigned || term.value == .max { return false }
        if isVoter { return true }
        guard let last = voterSets.last, last.offset >= committed else { return false }
        return voterSets.dropLast().last?.voters.contains(me) ?? false
    }

    /// The election timer starts anew; every replica has one, since who cannot stand has to notice too that nobody leads.
    ///
    /// - Parameter soon: a leader is probably not there: this replica has just started, or the connection broke, as it does when a
    ///   process dies. Only chance must keep two from standing at once then. Where it was the network, the leader's next word comes
    ///   first, or the others refuse their pre-votes.
    mutating func armElectionTimer(soon: Bool = false) {
        if soon, voters.keys == [me] {
            electionDeadline = now
            return
        }
        let timeout = config.electionTimeoutMs * 1_000_000
        let least = soon ? timeout / 20 : role == .follower ? timeout : timeout / 2
        let spread = soon ? timeout / 5 : timeout / 2
        electionDeadline = Instant(
            nanoseconds: now.nanoseconds + least + Int64.random(in: 0...spread, using: &chance))
    }

    // MARK: Standing

    mutating func electionTimedOut() {
        loseLeader()
        guard canStand else {
            becomeFollower(of: nil, term: term)
            electionDeadline = .distantFuture
            return
        }
        role = .preCandidate
        votes = [me]
        askedAt = now
        armElectionTimer()
        if voters.isMajority(votes) { return stand() }
        requestVotes()
    }

    /// Stands for election in a term of its own. The vote for itself is durable before anyone is asked: `persist` comes first.
    ///
    /// - Parameter isTransfer: the leader wants it.
    mutating func stand(isTransfer: Bool = false) {
        loseLeader()
        hardState.term = LeaderEpoch(term.value + 1)
        hardState.votedFor = me
        role = .candidate
        votes = [me]
        isStandingByTransfer = isTransfer
        armElectionTimer()
        if voters.isMajority(votes) { return becomeLeader() }
        requestVotes()
    }

    private mutating func requestVotes() {
        for key in voters.keys { requestVote(of: key) }
    }

    /// Asks for the vote that the role needs, unless it was given.
    mutating func requestVote(of key: ReplicaKey) {
        guard voters.contains(key), !votes.contains(key) else { return }
        if role == .preCandidate {
            send(.preVoteRequest(last: log.end), to: key, term: LeaderEpoch(term.value + 1))
        } else if role == .candidate {
            send(.voteRequest(last: log.end, isTransfer: isStandingByTransfer), to: key)
        }
    }

    mutating func preVoteAnswered(term asked: LeaderEpoch, isGranted: Bool, by key: ReplicaKey) {
        guard role == .preCandidate, isGranted, asked.value == term.value + 1, !votes.contains(key) else {
            return
        }
        votes.append(key)
        if canStand, voters.isMajority(votes) { stand() }
    }

    mutating func voteAnswered(isGranted: Bool, by key: ReplicaKey) {
        guard role == .candidate, isGranted, !votes.contains(key) else { return }
        votes.append(key)
        if voters.isMajority(votes) { becomeLeader() }
    }

    // MARK: Voting

    /// A candidate that lacks what may be committed must not be elected (§5.4.1). A replica that lost entries itself judges
    /// by what it had: votes depend on how far the log reached, not on what stands in it.
    ///
    /// Nobody looks up whether the candidate is a voter, or whether this replica is: its own set may be behind (thesis §4.2.2).
    private func isFit(_ last: LogPosition) -> Bool {
        last >= max(log.end, hardState.owes ?? .start) || Canary.votesForShorterLog.isChosen
    }

    mutating func preVoteRequested(term asked: LeaderEpoch, last: LogPosition, by key: ReplicaKey) {
        // Two who ask at the same time would both be encouraged, and split the votes. The higher key goes first, if its log is no
        // shorter: where its rival can win, it can too. Only for a moment, since it may reach fewer than its rival does.
        let isFirst =
            role == .preCandidate && me > key && log.end >= last
            && now < askedAt.adding(milliseconds: config.heartbeatMs)
        let isGranted = asked > term && isFit(last) && !hasLiveLeader && !isFirst
        send(.preVoteResponse(isGranted: isGranted), to: key, term: isGranted ? asked : term)
    }

    mutating func voteRequested(term asked: LeaderEpoch, last: LogPosition, by key: ReplicaKey) {
        guard asked == term else { return }  // Newer, and held back by a leader that is alive.
        let isFree = hardState.votedFor == nil ? leader == nil : hardState.votedFor == key
        let isGranted = isFree && isFit(last)
        if isGranted, role != .leader {
            hardState.votedFor = key
            role = .follower
            votes = []
            armElectionTimer()
        }
        send(.voteResponse(isGranted: isGranted), to: key)
    }

    // MARK: Following

    /// Goes to `term`, if that is newer, as a follower of `leader`, or of nobody known.
    mutating func becomeFollower(of leader: ReplicaKey?, term: LeaderEpoch) {
        let wasLeader = role == .leader
        let isNews = wasLeader || leader != self.leader || (leader != nil && term > self.term)
        if wasLeader { leaveOffice(isSuperseded: term > self.term) }
        if term > self.term {
            hardState.term = term
            hardState.votedFor = nil
        }
        role = .follower
        votes = []
        guard isNews else { return }
        self.leader = leader
        leaderHeardAt = nil
        allegiance = Allegiance()
        if wasLeader || leader != nil { armElectionTimer() }
        effects.append(.becameFollower(term, leader: leader))
    }

    /// Nobody is known to lead from now on; the term stays.
    private mutating func loseLeader() {
        leaderHeardAt = nil
        guard leader != nil, role != .leader else { return }
        leader = nil
        effects.append(.becameFollower(term, leader: nil))
    }

    /// What this replica once vouched for and lost is there again: it may vote and stand again.
    ///
    /// A log of a newer last term reaches as far: its leader had all that was committed before.
    mutating func settleDebt() {
        guard let owes = hardState.owes, let position = log.position(at: durableEnd), position >= owes else {
            return
        }
        hardState.owes = nil
        if electionDeadline == .distantFuture { armElectionTimer() }
    }
}
