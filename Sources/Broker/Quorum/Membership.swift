import Coordination
import Metadata
import Vocabulary

/// This broker's own place in the cluster: a session, kept alive as long as the quorum loop turns, with the ephemeral znode
/// `/brokers/ids/<id>`.
///
///     out -> wanted -> asked -> in -> leaving
///               ^--------+------+     (refused for now, or the session ended)
struct Membership {
    enum Standing {
        /// The control loop has not asked for it yet.
        case out
        /// To be asked for, at that time.
        case wanted(at: Instant)
        case asked
        case `in`(session: Int64)
        case leaving
    }

    var standing = Standing.out
    /// What the broker wants to be known as.
    var broker: NewBroker?
    /// It was in once: a session that ends is asked for anew, under a new incarnation.
    var wasIn = false
    /// The leader was asked to change where this voter listens.
    var isCorrecting = false
    /// When the leader is told next who was heard from.
    var nextHeard: Instant
    /// What it was told and has not answered, and when.
    var telling: (sessions: [Int64], since: Instant)?
    /// A leader that led then knows of every client that this broker had heard from until then.
    var vouchedAt: Instant

    init(now: Instant) {
        nextHeard = now
        vouchedAt = now
    }

    var session: Int64? { if case .in(let session) = standing { session } else { nil } }

    mutating func sessionEnded(_ id: Int64, now: Instant) {
        if case .in(id) = standing { standing = .wanted(at: now) }
    }

    var nextWake: Instant {
        if case .wanted(let at) = standing { min(at, nextHeard) } else { nextHeard }
    }
}

/// A broker that comes up asks to be let in.
struct JoinAsk {
    let broker: NewBroker
    let password: SessionPassword
    let timeoutMs: Int32

    init(_ broker: NewBroker, password: SessionPassword, timeoutMs: Int32) {
        self.broker = broker
        self.password = password
        self.timeoutMs = timeoutMs
    }

    func encode(to out: inout FieldWriter) {
        out.put(data: MetadataCommand.registerBroker(broker).encode())
        out.append(password.bytes)
        out.put(timeoutMs)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let start = input.at
        guard case .registerBroker(let broker) = try MetadataCommand(decoding: try input.encoded()) else {
            throw .malformed(at: start, "another command than a broker's registration")
        }
        self.broker = broker
        password = SessionPassword(high: try input.integer(UInt64.self), low: try input.integer(UInt64.self))
        timeoutMs = try input.integer(Int32.self)
    }
}
