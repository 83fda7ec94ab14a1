package import Vocabulary

/// What the leader knows of another replica's log, and what is on its way there.
struct Progress: Sendable {
    enum Mode: Equatable {
        /// Nobody knows whether the replica's log agrees up to `next`: heartbeats ask there, and no entries go out. A yes
        /// makes it `streaming`, a no moves `next` back.
        case probing
        /// Entries go out one append behind the other, before the answers come.
        case streaming
        /// The replica needs entries that are gone: it gets the snapshot instead, then streams from its end.
        case snapshot(Transfer)
    }

    /// A snapshot on its way, a chunk at a time.
    struct Transfer: Equatable {
        let snapshot: SnapshotID
        let total: Int64
        let voters: PlacedVoterSet
        /// The replica holds so many bytes of it.
        var position: Int64 = 0
        /// When the chunk at `position` was sent; nil: it is to be sent.
        var sentAt: Instant?
    }

    let key: ReplicaKey
    /// All below is in the replica's log as in ours, on stable storage there. Goes back when the replica says that it lost it.
    var match: Offset = 0
    /// The first entry to send next; in `streaming` that many are believed to arrive.
    var next: Offset
    var mode: Mode
    /// The ends of appends that were sent and are not acknowledged as durable, oldest first.
    var inFlight: [Offset] = []
    /// The replica was told that all below is committed.
    var committedSent: Offset = 0
    var lastHeard: Instant
    /// The last of our rounds that it answered.
    var round: UInt64 = 0
    /// When it last held all that our log held at that time (Kafka's `LastCaughtUpTimestamp`).
    var caughtUpAt: Instant?
    /// What our log held at `goalSetAt`; once the replica has that, it was caught up then.
    private var goal: Offset
    private var goalSetAt: Instant

    init(key: ReplicaKey, logEnd: Offset, isProbing: Bool, at now: Instant) {
        self.key = key
        mode = isProbing ? .probing : .streaming
        next = logEnd
        lastHeard = now
        goal = logEnd
        goalSetAt = now
    }

    var isGettingSnapshot: Bool {
        if case .snapshot = mode { true } else { false }
    }

    /// It holds what is below `durable`, for good.
    mutating func acknowledged(_ durable: Offset, logEnd: Offset, at now: Instant) {
        match = max(match, durable)
        next = max(next, match)
        inFlight.removeFirst(inFlight.firstIndex { $0 > match } ?? inFlight.count)
        if match >= goal {
            caughtUpAt = match >= logEnd ? now : goalSetAt
            goal = logEnd
            goalSetAt = now
        }
    }

    /// What was on its way may be lost: ask what is there before more goes out.
    mutating func probe(at offset: Offset) {
        next = offset
        mode = .probing
        inFlight.removeAll()
        committedSent = 0
    }

    mutating func connectionLost() {
        if case .snapshot(var transfer) = mode {
            transfer.sentAt = nil
            mode = .snapshot(transfer)
        } else {
            probe(at: next)
        }
    }
}

/// How far a replica has come, for those who look at the quorum from outside (DescribeQuorum).
package struct ReplicaStatus: Equatable, Sendable {
    package let key: ReplicaKey
    package let isVoter: Bool
    /// All below is on its stable storage; of the leader itself, its log's end.
    package let logEnd: Offset
    /// When it was last heard; not before this leader took office.
    package let lastHeard: Instant
    /// When it last held all that the leader's log held then; nil: not yet.
    package let lastCaughtUp: Instant?
    /// It gets a snapshot, so many bytes of it are there.
    package let snapshotReceived: Int64?
}
