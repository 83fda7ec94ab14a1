import Consensus
import Coordination
import Vocabulary

/// What only the leader has: decisions that wait, and who is alive. Gone with the office.
struct Leadership {
    struct Proposal {
        let entry: QuorumEntry
        let timestamp: Timestamp
    }
    struct Held {
        let index: Offset
        let asker: Asker
        let outcome: PeerAnswer.Outcome
    }

    private(set) var isLeader = false
    private(set) var term: LeaderEpoch = 0
    /// Of its first entry: with that all of earlier terms is committed.
    private(set) var first: Offset = 0
    /// Everything of earlier terms is applied: it may decide.
    private(set) var isServing = false
    /// Decided in this turn; they go to the log at its end, as one batch.
    var proposals: [Proposal] = []
    var tracker = SessionTracker()
    /// When it last looked who is alive.
    var lastLook = Instant(nanoseconds: 0)
    /// When containers and nodes with a time to live are looked at again.
    var nextSweep = Instant.distantFuture
    /// The znode of the controller names this broker, or that is on its way.
    var isPublished = false
    /// Who waits for a change of the voters, and for the leadership to be handed over.
    var voterChange: Asker?
    var transfer: Asker?
    /// What `/zookeeper/config` says, or will.
    var publishedVoters: VoterSet?
    private var held: [Held] = []
    private var heldFirst = 0
    private var reads: [UInt64: Held] = [:]
    private var nextReadID: UInt64 = 1

    mutating func begin(term: LeaderEpoch, first: Offset) {
        self = Leadership()
        isLeader = true
        self.term = term
        self.first = first
    }

    mutating func serve(now: Instant, sweepMs: Int64) {
        isServing = true
        nextSweep = now.adding(milliseconds: sweepMs)
    }

    /// - Returns: answers that will never be given by this leader.
    mutating func end() -> [Held] {
        let lost = held[heldFirst...] + reads.sorted { $0.key < $1.key }.map(\.value)
        let (change, transfer) = (voterChange, transfer)
        self = Leadership()
        // Raft says how these end.
        (self.voterChange, self.transfer) = (change, transfer)
        return Array(lost)
    }

    /// The answer is given once all below `index` is applied.
    mutating func hold(_ asker: Asker, _ outcome: PeerAnswer.Outcome, index: Offset) {
        held.append(Held(index: index, asker: asker, outcome: outcome))
    }

    mutating func takeHeld(applied: Offset) -> [Held] {
        var end = heldFirst
        while end < held.count, held[end].index <= applied { end += 1 }
        if end == heldFirst { return [] }
        defer {
            heldFirst = end
            if end == held.count {
                held.removeAll(keepingCapacity: held.count <= 4096)
                heldFirst = 0
            } else if heldFirst > 4096, heldFirst * 2 > held.count {
                held.removeFirst(heldFirst)
                heldFirst = 0
            }
        }
        return Array(held[heldFirst..<end])
    }

    /// The answer is given once it is sure that this leader still is one.
    mutating func confirm(_ asker: Asker, _ outcome: PeerAnswer.Outcome, index: Offset) -> UInt64 {
        defer { nextReadID += 1 }
        reads[nextReadID] = Held(index: index, asker: asker, outcome: outcome)
        return nextReadID
    }

    mutating func takeRead(_ id: UInt64) -> Held? { reads.removeValue(forKey: id) }

    var nextWake: Instant? {
        guard isServing else { return nil }
        return [tracker.nextDeadline, nextSweep].compactMap { $0 }.min()
    }
}
