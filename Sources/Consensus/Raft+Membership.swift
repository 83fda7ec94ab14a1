import Vocabulary

/// A replica on its way to become a voter: it gets the log in rounds first, so that the quorum does not have to wait for it
/// (thesis §4.2.1).
struct CatchUp: Sendable {
    let voter: Voter
    let deadline: Instant
    /// The round is over when the replica holds what the log held when the round began.
    var goal: Offset
    var roundBeganAt: Instant
}

/// Changes of the quorum, a voter at a time: thesis §4.
extension Raft {
    /// The set in force: the last in the log, committed or not (thesis §4.1).
    package var voters: VoterSet { voterSets.last?.voters ?? .empty }
    /// A replica that is to become a voter, and is to be dialled meanwhile.
    package var learner: Voter? { office.catchUp?.voter }

    /// Every change of the sets passes here: by an entry, by its end with a log that is cut, by a snapshot.
    mutating func changeVoters(_ change: (inout [PlacedVoterSet]) -> Void) {
        let before = voters
        change(&voterSets)
        guard voters != before else { return }
        effects.append(.votersChanged(voters))
        if role == .leader {
            gatherReplicas()
        } else if canStand, electionDeadline == .distantFuture {
            armElectionTimer()
        }
    }

    // MARK: Who is replicated to

    /// The replicas are the voters, the one that becomes one, and whoever else is connected: observers, and who lost its
    /// vote, so that it learns of it. Whoever is new is asked at once how far it is.
    mutating func gatherReplicas() {
        var wanted = connectedReplicas.union(voters.keys)
        if let learner { wanted.insert(learner.key) }
        wanted.remove(me)
        office.replicas.removeAll { !wanted.contains($0.key) }
        let new = wanted.subtracting(office.replicas.map(\.key)).sorted()
        guard !new.isEmpty else { return }
        // When the office begins the replicas are believed to have all that we have: entries stream at once. The first
        // heartbeat goes to all of them then.
        let isFirst = office.round == 0
        office.replicas += new.map { Progress(key: $0, logEnd: log.end.end, isProbing: !isFirst, at: now) }
        office.replicas.sort { $0.key < $1.key }
        if isFirst { return }
        for i in office.replicas.indices where new.contains(office.replicas[i].key) { sendHeartbeat(i) }
    }

    // MARK: Wishes

    mutating func addVoter(_ voter: Voter) {
        if let refusal = changeRefusal { return endChange(refusal) }
        guard voters.voter(voter.key.id) == nil else { return endChange(.alreadyVoter) }
        office.catchUp = CatchUp(
            voter: voter, deadline: now.adding(milliseconds: config.catchUpMs), goal: log.end.end,
            roundBeganAt: now)
        gatherReplicas()
        advanceCatchUp(voter.key)
    }

    mutating func updateVoter(_ voter: Voter) {
        if let refusal = changeRefusal { return endChange(refusal) }
        guard voters.contains(voter.key) else { return endChange(.unknownVoter) }
        propose(voters.adding(voter))
    }

    mutating func removeVoter(_ key: ReplicaKey) {
        if let refusal = changeRefusal { return endChange(refusal) }
        guard voters.contains(key) else { return endChange(.unknownVoter) }
        guard voters.voters.count > 1 else { return endChange(.lastVoter) }
        propose(voters.removing(key))
    }

    /// One change at a time, and none before the leader has committed an entry of its term: a change of its forerunner that
    /// is not committed might come back otherwise, and two majorities not meet. Source: Ongaro, "bug in single-server
    /// membership changes", raft-dev, 2015.
    private var changeRefusal: VoterChangeOutcome? {
        if role != .leader { return .notLeader }
        return office.catchUp != nil || office.isChangingVoters || !hasCommittedInTerm ? .busy : nil
    }

    private mutating func propose(_ voters: VoterSet) {
        let present = voters.keys.filter { key in
            key == me || office.index(of: key).map { isHeard(office.replicas[$0]) } ?? false
        }
        guard voters.isMajority(present) else { return endChange(.quorumAtRisk) }
        office.isChangingVoters = true
        effects.append(.proposeVoters(voters))
    }

    mutating func endChange(_ outcome: VoterChangeOutcome) { effects.append(.voterChangeEnded(outcome)) }

    /// The set that the first voters are formatted with goes in the log once, so that whoever gets the log knows it.
    mutating func publishVoters() {
        guard office.catchUp == nil else { return }
        office.isChangingVoters = true
        office.isPublishingVoters = true
        effects.append(.proposeVoters(voters))
    }

    // MARK: On the way

    /// The replica holds more: when it took less than an election timeout to get what was new in its last round, it gets its
    /// vote.
    mutating func advanceCatchUp(_ key: ReplicaKey) {
        guard let catchUp = office.catchUp, catchUp.voter.key == key, let i = office.index(of: key),
            isHeard(office.replicas[i]), office.replicas[i].match >= catchUp.goal
        else { return }
        if now < catchUp.roundBeganAt.adding(milliseconds: config.electionTimeoutMs) {
            office.catchUp = nil
            propose(voters.adding(catchUp.voter))
        } else {
            office.catchUp?.goal = log.end.end
            office.catchUp?.roundBeganAt = now
        }
    }

    mutating func catchUpTimedOut() {
        office.catchUp = nil
        endChange(.timedOut)
        gatherReplicas()
    }

    /// A leader that is out leads until here, without counting itself (thesis §4.2.2); one that was out when it was elected, too.
    /// It tells everyone that the change is committed, asks the one that has most to stand, and goes.
    mutating func voterChangeCommitted() {
        if office.isChangingVoters, !office.isPublishingVoters { endChange(.done) }
        office.isChangingVoters = false
        office.isPublishingVoters = false
        guard !isVoter else { return }
        heartbeat()
        if let target = successor { send(.timeoutNow, to: target) }
        becomeFollower(of: nil, term: term)
    }
}
