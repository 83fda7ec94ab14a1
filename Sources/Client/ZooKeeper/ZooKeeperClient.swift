package import Vocabulary
import Wire
package import ZooKeeper

/// One session with a ZooKeeper service, over one connection at a time.
///
///     connecting ──► connected ──► ended
///          ▲             │           ▲
///          └─ connection lost        └─ expired, refused, or closed by us
///
/// Requests asked for while there is no connection wait for one. Those in flight when it breaks fail with CONNECTIONLOSS:
/// whether they happened nobody can tell. Pings keep the session alive, at a third of its timeout without other traffic;
/// a server not heard for two thirds of it is given up for the next, while the session still lives. Watches are armed again
/// with the new connection.
package struct ZooKeeperClient: ClientMachine, Sendable {
    package enum State: Equatable, Sendable {
        /// Servers are tried in turn.
        case connecting
        /// `isReadOnly`: the server has no quorum behind it, and refuses writes.
        case connected(isReadOnly: Bool)
        /// For good: SESSIONEXPIRED, AUTHFAILED, or OK when we closed it.
        case ended(ResultCode)
    }

    package struct Settings: Sendable {
        package var address: ZooKeeperAddress
        /// What is asked for; the server decides within its bounds.
        package var sessionTimeoutMs: Int32 = 10_000
        package var connectTimeoutMs: Int64 = 5_000
        /// Whether a server without a quorum will do.
        package var acceptsReadOnly = false
        /// Identities that every connection is given.
        package var identities: [AuthRequest] = []
        /// Decides in what order servers are tried.
        package var seed: UInt64 = 0

        package init(address: ZooKeeperAddress) { self.address = address }
    }

    package struct Session: Equatable, Sendable {
        package let id: Int64
        package let password: [UInt8]
        package let timeoutMs: Int32
    }

    /// What the owner has to know, in the order it came.
    package enum Output: Equatable, Sendable {
        case changed(State)
        case replied(token: Int, ZooKeeperReply)
        /// Of the watch's path, within the chroot.
        case fired(WatcherEvent)
    }

    struct Connection: Sendable {
        enum Phase: Sendable { case opening, greeting, ready }
        let link: LinkID
        let startedAt: Instant
        var phase = Phase.opening
        var heardAt: Instant
        var sentAt: Instant
    }

    /// What is kept of a request until its answer comes.
    struct Waiting: Sendable {
        let xid: Int32
        let opCode: OpCode
        /// Nil for the client's own.
        let token: Int?
        let watch: AskedWatch?
    }

    package let settings: Settings
    package internal(set) var state = State.connecting
    package internal(set) var session: Session?
    /// The last transaction whose effects this client may have seen.
    package internal(set) var lastZxid: Int64 = 0
    /// Why the last attempt to connect came to nothing; nil once one succeeds.
    package internal(set) var unreachable: String?
    var connection: Connection?
    var waiting: [Waiting] = []
    var answered = 0  // How many at the front of `waiting` are done; cut off now and then.
    var watches = WatchRegister()
    var outputs: [Output] = []
    /// Frames of requests, one behind the other, to go out with the next flush.
    var outgoing: [UInt8] = []
    var queued: [(token: Int, request: ZooKeeperRequest)] = []
    var chance: SeededGenerator
    var servers: [Endpoint]
    var serverIndex = 0
    var failedInARow = 0
    var retryAt = Instant(nanoseconds: .min)
    var lastLink = 0
    private var lastToken = 0
    private var lastXid: Int32 = 0

    package init(_ settings: Settings) {
        self.settings = settings
        chance = SeededGenerator(seed: settings.seed)
        servers = settings.address.servers.shuffled(using: &chance)
    }

    /// Sends a request, at the latest when a connection is there; `flush` or a `woke` must follow.
    /// - Returns: the token that comes back with the reply.
    package mutating func ask(_ request: ZooKeeperRequest) -> Int {
        lastToken += 1
        if case .ended(let code) = state {
            outputs.append(.replied(token: lastToken, .failure(code == .ok ? .sessionExpired : code)))
        } else if connection?.phase == .ready {
            send(request, token: lastToken)
        } else {
            queued.append((lastToken, request))
        }
        return lastToken
    }

    /// Ends the session, and with it its ephemeral nodes; `flush` or a `woke` must follow.
    package mutating func close() {
        if connection?.phase == .ready { return send(.closeSession, token: nil) }
        end(.ok)
    }

    package mutating func takeOutputs() -> [Output] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    /// Requests that have been sent and not answered.
    package var inFlightCount: Int { waiting.count - answered }

    package mutating func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        var effects: [LinkEffect] = []
        switch event {
        case .opened(let link) where link == connection?.link: greet(at: now)
        case .closed(let link, let reason) where link == connection?.link: lost(reason, at: now)
        case .opened, .closed, .woke: break
        }
        checkTime(at: now, &effects)
        connect(at: now, &effects)
        effects += flush(at: now)
        if let due = nextDeadline { effects.append(.wake(at: due)) }
        return effects
    }

    package mutating func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        guard link == connection?.link else { return [] }
        connection!.heardAt = now
        do throws(ClientError) {
            if connection!.phase == .ready { try read(frame) } else { try greeted(frame) }
        } catch {
            return [.close(link)] + giveUp("\(error)", at: now)
        }
        if case .ended = state { return drop() }
        return flush(at: now)
    }

    /// What was asked for since the last flush, in one send.
    package mutating func flush(at now: Instant) -> [LinkEffect] {
        guard !outgoing.isEmpty, let link = connection?.link else { return [] }
        connection!.sentAt = now
        defer { outgoing = [] }
        return [.send(link, outgoing)]
    }

    // MARK: Requests

    mutating func send(_ request: ZooKeeperRequest, token: Int?) {
        // Only positive numbers: the others have meanings.
        lastXid = lastXid == .max ? 1 : lastXid + 1
        send(request, xid: lastXid, token: token)
    }

    mutating func send(_ request: ZooKeeperRequest, xid: Int32, token: Int?) {
        let lowered = settings.address.chroot.lowered(request)
        waiting.append(Waiting(xid: xid, opCode: lowered.opCode, token: token, watch: AskedWatch(lowered)))
        if outgoing.isEmpty {
            outgoing = lowered.frame(xid: xid)
        } else {
            outgoing += lowered.frame(xid: xid)
        }
    }

    mutating func change(_ next: State) {
        state = next
        outputs.append(.changed(next))
    }

    /// Nothing more will happen; what was asked fails with the reason.
    mutating func end(_ code: ResultCode) {
        if case .ended = state { return }
        change(.ended(code))
        let reason = code == .ok ? ResultCode.sessionExpired : code
        for request in waiting[answered...] {
            if let token = request.token { outputs.append(.replied(token: token, .failure(reason))) }
        }
        for (token, _) in queued { outputs.append(.replied(token: token, .failure(reason))) }
        waiting = []
        answered = 0
        queued = []
        outgoing = []
    }
}
