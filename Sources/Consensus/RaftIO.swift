package import Vocabulary

/// What happened, as `Raft.step` is told it. The time comes beside it.
package enum RaftEvent: Equatable, Sendable {
    /// Time went on; timers may be due.
    case timePassed
    /// A message came. Of an `append` the host still holds the entries' bytes, of a `snapshotChunk` the piece's.
    case received(Message, from: ReplicaKey)
    /// A connection to that replica was made, maybe in place of another: what was on its way is lost. A leader replicates to
    /// everyone who is connected, and to the voters.
    case connected(to: ReplicaKey)
    /// The connection to that replica is gone, and there is no other.
    case connectionLost(to: ReplicaKey)
    /// The leader's host has put entries up to `end` behind the log's end, with the leader's term; not durable yet.
    /// `voterSet`: the last of them is this change of the quorum.
    case proposed(end: Offset, voterSet: VoterSet?)
    /// The log is on stable storage below `end`. Never more than was in the log when the sync began and was not cut since.
    case durable(end: Offset)
    /// A linearizable read asks from where the state is fresh enough (thesis §6.4).
    case readRequested(id: UInt64)
    /// The piece of a snapshot that `storeChunk` gave is kept; of the last piece: the whole snapshot is on stable storage.
    case chunkStored(SnapshotChunk)
    /// There was no room for it, or the whole is damaged: all pieces of that snapshot are gone. The leader sends them again, from the first on.
    case chunkDropped(SnapshotChunk)
    /// Our own snapshot is durable; entries below it may go (`logStart` is where the host's log begins now, at the snapshot's end or
    /// before). `Raft.neededFrom` tells what others still have to get. Said again of the same one, its bytes are others, or it is
    /// to be sent in place of older ones that are damaged.
    case snapshotTaken(SnapshotID, bytes: Int64, logStart: Offset)
    /// Operators' wishes; answered by the effects `transferEnded`, `voterChangeEnded`. Leadership goes to that voter, or the
    /// one that has most of the log.
    case transferLeadership(to: ReplicaKey?)
    case addVoter(Voter)
    /// A voter listens elsewhere now.
    case updateVoter(Voter)
    case removeVoter(ReplicaKey)
    /// The host wants to lead no more (it stops, or its disk failed): a leader hands over where it can, then follows, and
    /// does not stand for election until it is started anew.
    case resign
}

/// What is to be done, in order.
package enum RaftEffect: Equatable, Sendable {
    /// Make it durable, now: what follows vouches for it.
    case persist(HardState)
    case send(Message, to: ReplicaKey)
    /// There may be entries or a snapshot for that replica: call `nextAppend(to:)` until it gives nothing.
    case replicate(to: ReplicaKey)
    /// Cut the log: keep what is below. Never below what is committed.
    case truncate(to: Offset)
    /// Put entries `from..<end` of the `append` in hand behind the log's end, sync, and say `durable`.
    case appendReceived(from: Offset, end: Offset)
    /// All below is committed: apply it. Rises only.
    case commit(upTo: Offset)
    /// Put an empty entry of this term in the log at once and say `proposed` (§5.4.2, §8).
    case becameLeader(LeaderEpoch)
    /// Led before, or follows another now; nil: nobody is known to lead.
    case becameFollower(LeaderEpoch, leader: ReplicaKey?)
    /// State that includes all below `index` is fresh enough, once applied.
    case readReady(id: UInt64, index: Offset)
    /// Not the leader, or no more: ask whoever leads.
    case readRefused(id: UInt64)
    /// Keep the piece of a snapshot in hand, then say `chunkStored` or `chunkDropped`. `position` 0 begins anew. Nothing of our own changes by
    /// it yet.
    case storeChunk(SnapshotChunk)
    /// The snapshot whose last piece was stored takes the log's place, at once and for good: the log is empty and begins at
    /// its end.
    case installSnapshot(SnapshotID)
    /// Put this voter set in the log as an entry and say `proposed(end, voterSet)`.
    case proposeVoters(VoterSet)
    case voterChangeEnded(VoterChangeOutcome)
    case transferEnded(isDone: Bool)
    /// The set in force is another: dial these.
    case votersChanged(VoterSet)
}

package enum VoterChangeOutcome: Equatable, Sendable {
    case done
    /// Another change is under way, or the leader has not committed an entry of its term yet: try again.
    case busy
    /// The new voter did not catch up in time, or the leader lost its office: the change may still come about then.
    case timedOut
    case alreadyVoter, unknownVoter, notLeader
    /// The last voter cannot go.
    case lastVoter
    /// No majority of the new set is heard: it could not even agree on itself, and nobody could lead any more.
    case quorumAtRisk
}

/// What must survive: the term, and whom this replica voted for in it.
package struct HardState: Hashable, Sendable {
    package var term: LeaderEpoch
    package var votedFor: ReplicaKey?
    /// The position that this replica once vouched for and lost (a damaged log was cut). Until its log reaches it again, it
    /// does not stand, and votes only for who reaches it: it might elect a leader that lacks what it helped to commit.
    package var owes: LogPosition?

    package init(term: LeaderEpoch = 0, votedFor: ReplicaKey? = nil, owes: LogPosition? = nil) {
        self.term = term
        self.votedFor = votedFor
        self.owes = owes
    }
}

/// What `nextAppend` wants sent.
package enum RaftOutgoing: Equatable, Sendable {
    /// The host adds the bytes of entries `append.previous.end..<append.end`.
    case append(Message)
    /// The host adds the snapshot's bytes from `position`.
    case snapshotChunk(Message)
}

/// What a start finds on disk, all of it on stable storage (what recovery found in the log is synced before).
///
/// A log that does not hold its snapshot's last entry is of no use: the entries were not kept and the snapshot was, or a
/// crash came between the two halves of `installSnapshot`. The replica begins with an empty log at the snapshot's end then,
/// and so must the host: it compares with `logStart` and `logEnd`.
package struct RaftRestored: Sendable {
    package var hardState = HardState()
    /// The first offset in the log, and the position of the snapshot that stands for what lies before (`start` when nothing
    /// does).
    package var snapshot: SnapshotID = .start
    package var snapshotBytes: Int64 = 0
    package var logStart: Offset = 0
    /// The log's terms in runs, from `logStart` to its end.
    package var runs: [LogPosition] = []
    /// What is known to be committed beyond the snapshot: by a host that begins anew in the same process.
    package var committed: Offset = 0
    /// The snapshot's, as `Raft.voterSet(asOf:)` gave it, or what the replica was formatted with, at -1; then those of the
    /// log's entries.
    package var voterSets: [PlacedVoterSet] = []

    package init() {}
}

package struct RaftConfig: Sendable {
    package var me: ReplicaKey
    /// A follower that hears nothing for this long, and by chance up to half as long again, stands for election; a leader
    /// that hears of no majority for this long steps down. Kafka's `controller.quorum.election.timeout.ms`, 1000.
    package var electionTimeoutMs: Int64 = 1000
    package var heartbeatMs: Int64 = 100
    /// How many appends may be on their way to one replica.
    package var appendsInFlightMax = 64
    /// How long a new voter may take to catch up.
    package var catchUpMs: Int64 = 30_000
    /// A snapshot goes out in pieces of this size.
    package var snapshotChunkBytes: Int64 = 1 << 20

    package init(me: ReplicaKey) { self.me = me }
}
