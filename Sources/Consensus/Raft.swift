package import Vocabulary

/// One replica of the quorum's log: elects, replicates, agrees. Events in, effects out; no bytes, no clock, no disk.
///
/// Raft as in the paper (Ongaro and Ousterhout, "In search of an understandable consensus algorithm", cited as §5.4) and in
/// Ongaro's thesis ("Consensus: bridging theory and practice", cited as thesis §4.2.1). Offsets are indexes: an entry is a
/// record of the log, `end` is always the offset behind the last. Offsets and terms are all it knows of entries.
///
///                  a majority would vote         a majority voted
///     follower  ->  preCandidate  ->  candidate  ->  leader
///        ^  no word from a leader  |       |            |
///        +---- a leader's word, or a newer term, or no majority heard ----+
///
/// The host hands in what happened, and carries out the effects in their order before it hands in more.
package struct Raft: Sendable {
    package enum Role: Sendable {
        /// Votes, follows the leader if there is one, and waits for its time out. Also who has no vote.
        case follower
        /// Asks whether an election could be won, and disturbs nobody by it (thesis §9.6).
        case preCandidate
        /// Stands in its term.
        case candidate
        /// Alone decides what goes in the log.
        case leader
    }

    package let config: RaftConfig
    package internal(set) var role = Role.follower
    package internal(set) var hardState: HardState
    /// Who leads `term`, as far as is known here.
    package internal(set) var leader: ReplicaKey?
    /// All below is committed, as far as is known here.
    package internal(set) var committed: Offset
    /// Our log is on stable storage below that.
    package internal(set) var durableEnd: Offset
    /// What stands for the log before its start.
    package internal(set) var snapshot: SnapshotID
    /// The sets that may matter yet, in the order of their offsets; the last one is in force.
    package internal(set) var voterSets: [PlacedVoterSet]

    var log: TermRuns
    var snapshotBytes: Int64
    /// The replicas that there is a connection to: voters, observers, and who was a voter.
    var connectedReplicas: Set<ReplicaKey> = []
    /// Who would vote for us, or did.
    var votes: [ReplicaKey] = []
    /// The leader asked for the election that is under way.
    var isStandingByTransfer = false
    /// When this replica asked the others for their pre-votes.
    var askedAt: Instant
    var electionDeadline = Instant.distantFuture
    /// When the leader was last heard; nil: its connection is lost, or there is none.
    var leaderHeardAt: Instant?
    /// A host that wants to lead no more does not stand.
    var hasResigned = false
    var allegiance = Allegiance()
    var incoming: IncomingSnapshot?
    var office = Office()

    var chance: SeededGenerator
    var now: Instant
    /// What this step comes to.
    var effects: [RaftEffect] = []

    /// - Parameter seed: gives the election timeouts; replicas of one quorum must have different ones.
    package init(config: RaftConfig, restored: RaftRestored, seed: UInt64, now: Instant) {
        let snapshot = restored.snapshot
        let start = restored.logStart
        invariant(start <= snapshot.end, "the log begins at \(start), behind its snapshot \(snapshot)")
        var log = TermRuns(start: LogPosition(end: start, term: start == 0 ? 0 : .unknown))
        if start == snapshot.end { log = TermRuns(start: snapshot) }
        for run in restored.runs { log.append(upTo: run.end, term: run.term) }
        if log.position(at: snapshot.end) != snapshot { log = TermRuns(start: snapshot) }
        self.config = config
        self.log = log
        self.snapshot = snapshot
        hardState = restored.hardState
        snapshotBytes = restored.snapshotBytes
        voterSets = []
        for set in restored.voterSets.sorted(by: { $0.offset < $1.offset }) where set.offset < log.end.end {
            // The snapshot's may stand in the log too.
            if voterSets.last?.offset != set.offset { voterSets.append(set) }
        }
        committed = max(snapshot.end, min(restored.committed, log.end.end))
        durableEnd = log.end.end
        chance = SeededGenerator(seed: seed)
        self.now = now
        askedAt = now
        armElectionTimer(soon: true)
        checkInvariants()
    }

    package var me: ReplicaKey { config.me }
    package var term: LeaderEpoch { hardState.term }

    /// What `event` comes to. The effects are to be carried out in order, and before the next event.
    package mutating func step(_ event: RaftEvent, at now: Instant) -> [RaftEffect] {
        let before = hardState
        self.now = max(self.now, now)
        switch event {
        case .timePassed: timePassed()
        case .received(let message, let sender): received(message, from: sender)
        case .connected(let key): connected(to: key)
        case .connectionLost(let key): connectionLost(to: key)
        case .proposed(let end, let voterSet): proposed(end: end, voterSet: voterSet)
        case .durable(let end): durable(end: end)
        case .readRequested(let id): readRequested(id)
        case .chunkStored(let chunk): chunkStored(chunk)
        case .chunkLost(let chunk): chunkLost(chunk)
        case .snapshotTaken(let id, let bytes, let logStart):
            snapshotTaken(id, bytes: bytes, logStart: logStart)
        case .transferLeadership(let target): transferLeadership(to: target)
        case .addVoter(let voter): addVoter(voter)
        case .updateVoter(let voter): updateVoter(voter)
        case .removeVoter(let key): removeVoter(key)
        case .resign: resign()
        }
        settleDebt()
        if hardState != before {
            let written =
                Canary.forgetsVote.isChosen ? HardState(term: term, owes: hardState.owes) : hardState
            effects.insert(.persist(written), at: 0)
        }
        defer { effects = [] }
        return effects
    }

    /// When to call with `timePassed` next, if nothing happens before.
    package var nextWake: Instant {
        guard role == .leader else { return electionDeadline }
        return min(
            office.heartbeatDue, office.transfer?.deadline ?? .distantFuture,
            office.catchUp?.deadline ?? .distantFuture)
    }

    private mutating func timePassed() {
        if role == .leader {
            leaderTimePassed()
        } else if now >= electionDeadline {
            electionTimedOut()
        }
    }

    private mutating func received(_ message: Message, from sender: ReplicaKey) {
        guard message.flaw == nil, sender != me else { return }
        if message.term < term { return answerStale(message, from: sender) }
        if message.term > term, !isHarmless(message) {
            // §5.1: a newer term makes everyone a follower. Only a leader's own words tell who leads it.
            switch message.body {
            case .append, .snapshotChunk, .timeoutNow: becomeFollower(of: sender, term: message.term)
            default: becomeFollower(of: nil, term: message.term)
            }
        }
        switch message.body {
        case .preVoteRequest(let last): preVoteRequested(term: message.term, last: last, by: sender)
        case .preVoteResponse(let isGranted):
            preVoteAnswered(term: message.term, isGranted: isGranted, by: sender)
        case .voteRequest(let last, _): voteRequested(term: message.term, last: last, by: sender)
        case .voteResponse(let isGranted): voteAnswered(isGranted: isGranted, by: sender)
        case .append(let append): appendReceived(append, from: sender)
        case .appendResponse(let response): appendAnswered(response, by: sender)
        case .snapshotChunk(let chunk): chunkReceived(chunk, from: sender)
        case .snapshotResponse(let response): snapshotAnswered(response, by: sender)
        case .timeoutNow: timeoutNowReceived(from: sender)
        }
    }

    /// Whether a newer term in this message is no reason to go there: a pre-vote is about a term that may never be, and a
    /// candidate does not unseat a leader that is alive, unless that leader wants it (thesis §4.2.3, §9.6).
    private func isHarmless(_ message: Message) -> Bool {
        switch message.body {
        case .preVoteRequest, .preVoteResponse(isGranted: true): true
        case .voteRequest(_, let isTransfer): !isTransfer && hasLiveLeader
        default: false
        }
    }

    /// §5.1: who is behind learns the term by the answer. A former leader steps down by it.
    private mutating func answerStale(_ message: Message, from sender: ReplicaKey) {
        switch message.body {
        case .preVoteRequest: send(.preVoteResponse(isGranted: false), to: sender)
        case .voteRequest: send(.voteResponse(isGranted: false), to: sender)
        case .append, .snapshotChunk, .timeoutNow:
            send(.appendResponse(AppendResponse(.mismatch(hint: log.end), round: 0)), to: sender)
        case .preVoteResponse, .voteResponse, .appendResponse, .snapshotResponse: break
        }
    }

    private mutating func connected(to key: ReplicaKey) {
        guard key != me else { return }
        connectedReplicas.insert(key)
        switch role {
        case .leader: leaderConnected(to: key)
        case .follower: break
        case .preCandidate, .candidate: requestVote(of: key)
        }
    }

    private mutating func connectionLost(to key: ReplicaKey) {
        connectedReplicas.remove(key)
        if role == .leader {
            gatherReplicas()
            if let i = office.index(of: key) { office.replicas[i].connectionLost() }
        } else if key == leader {
            leaderHeardAt = nil
            armElectionTimer(soon: true)
        }
    }

    /// - Parameter term: another than ours, where the message is about an election to come.
    mutating func send(_ body: Message.Body, to key: ReplicaKey, term: LeaderEpoch? = nil) {
        effects.append(.send(Message(term: term ?? self.term, body), to: key))
    }
}
