package import Vocabulary

/// How far a log reaches: its end (the offset the next entry gets) and the term of the last entry before it.
///
/// Ordered as Raft §5.4.1 compares logs: by the last term, then by length.
package struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let end: Offset
    package let term: LeaderEpoch

    package init(end: Offset, term: LeaderEpoch) {
        self.end = end
        self.term = term
    }

    /// Nothing at all.
    package static let start = LogPosition(end: 0, term: 0)
    package var description: String { "\(end)/\(term)" }

    package static func < (a: LogPosition, b: LogPosition) -> Bool {
        a.term == b.term ? a.end < b.end : a.term < b.term
    }
}

/// What one replica tells another. `term` is the sender's. Entries themselves are the host's: it carries their bytes beside
/// `append`.
package struct Message: Equatable, Sendable {
    package let term: LeaderEpoch
    package let body: Body

    package init(term: LeaderEpoch, _ body: Body) {
        self.term = term
        self.body = body
    }

    package enum Body: Equatable, Sendable {
        /// Would you vote for me in `term`? Nobody's state changes by it (thesis §9.6). The message's `term` is the term
        /// asked for.
        case preVoteRequest(last: LogPosition)
        case preVoteResponse(isGranted: Bool)
        /// `isTransfer`: the leader asked for this election, so it is not held back by a live leader (thesis §4.2.3).
        case voteRequest(last: LogPosition, isTransfer: Bool)
        case voteResponse(isGranted: Bool)
        case append(Append)
        case appendResponse(AppendResponse)
        /// A piece of a snapshot; the host carries its bytes beside it.
        case snapshotChunk(SnapshotChunk)
        case snapshotResponse(SnapshotResponse)
        /// Start an election at once (thesis §3.10).
        case timeoutNow
    }
}

/// Entries `previous.end..<end` follow what the receiver should have; none when `end == previous.end`: a heartbeat.
package struct Append: Equatable, Sendable {
    package let previous: LogPosition
    package let end: Offset
    /// Terms of the entries, in runs: entries below `end` of the run, from the end of the one before, have that term.
    package let runs: [LogPosition]
    /// All below is committed.
    package let committed: Offset
    /// Counts the leader's rounds of proof that it still leads; comes back in the answer (thesis §6.4).
    package let round: UInt64
    /// Voter sets among the entries, each with the offset it stands at.
    package let voterSets: [PlacedVoterSet]

    package init(
        previous: LogPosition, end: Offset, runs: [LogPosition], committed: Offset, round: UInt64,
        voterSets: [PlacedVoterSet] = []
    ) {
        self.previous = previous
        self.end = end
        self.runs = runs
        self.committed = committed
        self.round = round
        self.voterSets = voterSets
    }
}

/// A voter set as the entry at `offset` says; in force from the moment that entry is in the log (thesis §4.1). At -1 stands
/// what a replica was formatted with: no entry says it yet.
package struct PlacedVoterSet: Hashable, Sendable {
    package let offset: Offset
    package let voters: VoterSet

    package init(offset: Offset, voters: VoterSet) {
        self.offset = offset
        self.voters = voters
    }

    /// Nobody, as a replica is formatted that the first voters do not count.
    package static let none = PlacedVoterSet(offset: -1, voters: .empty)
}

package struct AppendResponse: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        /// The sender's log is the leader's below `durable`, and on stable storage.
        case matched(durable: Offset)
        /// It does not hold `previous`. `hint`: the sender's own end of the last term that is not above the one asked for, or
        /// its log's end where that is shorter: the leader goes back a term at a time (§5.3, last paragraph).
        case mismatch(hint: LogPosition)
    }
    package let outcome: Outcome
    package let round: UInt64

    package init(_ outcome: Outcome, round: UInt64) {
        self.outcome = outcome
        self.round = round
    }
}

/// A snapshot stands for all entries below its end, and ends with an entry of its term.
package typealias SnapshotID = LogPosition

package struct SnapshotChunk: Equatable, Sendable {
    package let snapshot: SnapshotID
    /// Bytes before this piece, of `total`.
    package let position: Int64
    package let total: Int64
    package let count: Int
    /// The voters after the entries that the snapshot stands for, and where they were set.
    package let voters: PlacedVoterSet
    package let round: UInt64

    package init(
        snapshot: SnapshotID, position: Int64, total: Int64, count: Int, voters: PlacedVoterSet, round: UInt64
    ) {
        self.snapshot = snapshot
        self.position = position
        self.total = total
        self.count = count
        self.voters = voters
        self.round = round
    }
}

package struct SnapshotResponse: Equatable, Sendable {
    package let snapshot: SnapshotID
    /// Bytes that the receiver holds; the leader goes on from there.
    package let received: Int64
    /// The receiver's log begins at the snapshot's end or reaches beyond, on stable storage.
    package let isInstalled: Bool
    package let round: UInt64

    package init(snapshot: SnapshotID, received: Int64, isInstalled: Bool, round: UInt64) {
        self.snapshot = snapshot
        self.received = received
        self.isInstalled = isInstalled
        self.round = round
    }
}
