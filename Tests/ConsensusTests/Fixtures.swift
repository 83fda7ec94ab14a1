import Vocabulary

@testable import Consensus

/// Broker `id` with its first directory.
func key(_ id: Int32, directory: UInt64 = 0) -> ReplicaKey {
    ReplicaKey(id: BrokerID(id), directory: UUID128(high: directory, low: UInt64(id)))
}

func voter(_ id: Int32, directory: UInt64 = 0) -> Voter {
    Voter(key: key(id, directory: directory), host: "b\(id)", port: 9093)
}

func voterSet(_ ids: Int32...) -> VoterSet { VoterSet(ids.map { voter($0) }) }

func position(_ end: Int64, _ term: Int32) -> LogPosition {
    LogPosition(end: Offset(end), term: LeaderEpoch(term))
}

func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

extension Message {
    /// An append of entries behind `previous`; without runs a heartbeat.
    static func append(
        term: Int32, after previous: LogPosition, _ runs: LogPosition..., committed: Int64 = 0,
        round: UInt64 = 1,
        voterSets: [PlacedVoterSet] = []
    ) -> Message {
        let append = Append(
            previous: previous, end: runs.last?.end ?? previous.end, runs: runs, committed: Offset(committed),
            round: round,
            voterSets: voterSets)
        return Message(term: LeaderEpoch(term), .append(append))
    }

    static func matched(term: Int32, durable: Int64, round: UInt64 = 1) -> Message {
        Message(
            term: LeaderEpoch(term),
            .appendResponse(AppendResponse(.matched(durable: Offset(durable)), round: round)))
    }

    static func mismatch(term: Int32, hint: LogPosition, round: UInt64 = 1) -> Message {
        Message(term: LeaderEpoch(term), .appendResponse(AppendResponse(.mismatch(hint: hint), round: round)))
    }

    static func of(term: Int32, _ body: Body) -> Message { Message(term: LeaderEpoch(term), body) }
}

/// One replica in dialogue with a test: broker 1, of voters 1, 2 and 3 unless said otherwise, with time outs of 1000 ms.
struct Dialogue {
    var raft: Raft
    var now: Instant

    init(
        me: Int32 = 1, voters: VoterSet = voterSet(1, 2, 3), hardState: HardState = HardState(),
        log: [LogPosition] = [],
        snapshot: SnapshotID = .start, logStart: Int64? = nil, seed: UInt64 = 1,
        configure: (inout RaftConfig) -> Void = { _ in }
    ) {
        var config = RaftConfig(me: key(me))
        configure(&config)
        var restored = RaftRestored()
        restored.hardState = hardState
        restored.hardState.term = max(hardState.term, log.last?.term ?? 0, snapshot.term)
        restored.snapshot = snapshot
        restored.logStart = logStart.map { Offset($0) } ?? snapshot.end
        restored.runs = log
        if !voters.voters.isEmpty { restored.voterSets = [PlacedVoterSet(offset: -1, voters: voters)] }
        now = at(0)
        raft = Raft(config: config, restored: restored, seed: seed, now: now)
    }

    mutating func step(_ event: RaftEvent) -> [RaftEffect] {
        let effects = raft.step(event, at: now)
        raft.checkInvariants()
        return effects
    }

    mutating func hear(_ message: Message, from id: Int32) -> [RaftEffect] {
        step(.received(message, from: key(id)))
    }

    /// Time goes on to the next timer.
    mutating func wake() -> [RaftEffect] {
        now = raft.nextWake
        return step(.timePassed)
    }

    mutating func pass(milliseconds: Int64) -> [RaftEffect] {
        now = now.adding(milliseconds: milliseconds)
        return step(.timePassed)
    }

    /// Elects this replica with the vote of `id`; its log gets the empty entry of its term, durable at once.
    mutating func lead(by id: Int32 = 2) {
        _ = wake()
        if raft.role == .preCandidate {
            _ = hear(
                Message(term: LeaderEpoch(raft.term.value + 1), .preVoteResponse(isGranted: true)), from: id)
        }
        if raft.role == .candidate {
            _ = hear(Message(term: raft.term, .voteResponse(isGranted: true)), from: id)
        }
        propose(1)
    }

    mutating func propose(_ count: Int64, voterSet: VoterSet? = nil) {
        _ = step(.proposed(end: raft.logEnd + count, voterSet: voterSet))
        _ = step(.durable(end: raft.logEnd))
    }

    /// All that goes to that replica now, `batch` entries in an append.
    mutating func outgoing(to id: Int32, batch: Int64 = .max) -> [RaftOutgoing] {
        var all: [RaftOutgoing] = []
        let end = raft.logEnd
        while let next = raft.nextAppend(
            to: key(id), at: now, fits: { $0.value > end.value - batch ? end : $0 + batch })
        {
            all.append(next)
        }
        return all
    }
}
