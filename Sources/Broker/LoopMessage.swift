package import CommitLog
package import Ports
package import Vocabulary

/// A loop of a broker: data loops are 0, 1, 2...; the control loop runs the controller and the maintenance; the quorum
/// loop the replicated log and whoever speaks with it.
package struct LoopID: Hashable, Sendable {
    package let index: Int
    package init(_ index: Int) { self.index = index }
    package static let control = LoopID(-1)
    package static let quorum = LoopID(-2)
    /// Loops are kept as bits of one word where a partition notes who waits.
    package static let countMax = 64
}

/// Now, by both clocks.
package struct Moment: Sendable {
    package let instant: Instant
    package let timestamp: Timestamp

    package init(instant: Instant, timestamp: Timestamp) {
        self.instant = instant
        self.timestamp = timestamp
    }
}

/// What one loop tells another, and the host's pools tell a loop. Travels through the loop's mailbox.
package enum LoopMessage: Sendable {
    /// Syncs that this loop asked for are done, or failed.
    case synced([SyncOutcome])
    /// Records became readable: fetches or acknowledgements that wait here may be due.
    case advanced([Partition])
    /// The control loop's answer to a request of this loop's connection: a whole frame.
    case reply(ReplyTicket, [UInt8])
    /// A request whose decision is the controller's. To the control loop only.
    case control(ControlRequest)
    /// A write or sync failed. To the control loop only, where the policy is.
    case diskFailed(BrokerDisk, DiskError)
    /// To the quorum loop only.
    case quorum(QuorumRequest)
    /// From the quorum loop to the control loop.
    case quorumNews(QuorumNews)
}

/// What a loop wants of its host.
package enum LoopEffect: Sendable {
    case post(LoopMessage, to: LoopID)
    case sync(SyncRequest)
    case log(LogLine)
    /// Connects to a peer. Not for the control loop, which has no connections.
    case dial(Dial)
    /// The control loop is through with its start: clients may come.
    case up
    /// It cannot come up, and why; nothing more happens.
    case startFailed(StartError)
}

/// A connection to make. The loop that asked gets one answer, unless it ends first: it was made, or why not, two seconds
/// later at most.
package struct Dial: Sendable, Equatable {
    /// The logic's own mark, given back with the answer.
    package let token: UInt64
    /// A name or a numeric address.
    package let host: String
    package let port: UInt16

    package init(token: UInt64, host: String, port: UInt16) {
        self.token = token
        self.host = host
        self.port = port
    }
}

/// Makes targets durable, off the loop; the answer is a `SyncOutcome` to `loop`. A target that is gone meanwhile (its topic was
/// deleted) counts as done.
package struct SyncRequest: Sendable {
    package let disk: any Disk
    package let targets: [SyncTarget]
    package let owner: SyncOwner
    package let loop: LoopID

    package init(disk: any Disk, targets: [SyncTarget], owner: SyncOwner, loop: LoopID) {
        self.disk = disk
        self.targets = targets
        self.owner = owner
        self.loop = loop
    }
}

package enum SyncOwner: Sendable {
    case partition(Partition, LogSync)
    case metadataLog(LogSync)
    /// A piece of a snapshot in the making, by the snapshot's end.
    case snapshot(end: Offset)
}

package struct SyncOutcome: Sendable {
    package let owner: SyncOwner
    /// The disk is offline from now on; it is never tried again.
    package let error: DiskError?

    package init(owner: SyncOwner, error: DiskError?) {
        self.owner = owner
        // For want of room too (blocks are given at write-back): what was written may be gone, unlike after a refused
        // write, and room that comes back does not bring it back.
        self.error = error.map {
            $0.reason == .noSpace
                ? DiskError(.offline, $0.operation, $0.path, detail: "no space was left for what was written") : $0
        }
    }
}

/// Where an answer belongs when it is made elsewhere than in its handler.
package struct ReplyTicket: Sendable {
    package let loop: LoopID
    package let connection: UInt64
    package let sequence: UInt64
    package let correlationID: Int32
    package let apiKey: Int16
    package let apiVersion: Int16
    package let receivedAt: Instant
}

/// A line for the log: cores are silent, the host writes it.
package struct LogLine: Sendable {
    package enum Level: Sendable { case debug, info, warning, error, critical }
    package let level: Level
    /// A constant sentence.
    package let message: String
    /// Dotted keys: `topic`, `partition`, `offset`.
    package let fields: [(key: String, value: String)]

    package init(_ level: Level, _ message: String, _ fields: [(key: String, value: String)] = []) {
        self.level = level
        self.message = message
        self.fields = fields
    }
}
