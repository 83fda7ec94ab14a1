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
    private var queued: [(token: Int, request: ZooKeeperRequest)] = []
    private var chance: SeededGenerator
    private var servers: [Endpoint]
    private var serverIndex = 0
    private var failedInARow = 0
    private var retryAt = Instant(nanoseconds: .min)
    private var lastLink = 0
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

    // MARK: Connecting

    private mutating func connect(at now: Instant, _ effects: inout [LinkEffect]) {
        guard connection == nil, now >= retryAt else { return }
        if case .ended = state { return }
        let server = servers[serverIndex]
        serverIndex = (serverIndex + 1) % servers.count
        lastLink += 1
        connection = Connection(link: LinkID(lastLink), startedAt: now, heardAt: now, sentAt: now)
        effects.append(.connect(LinkID(lastLink), host: server.host, port: server.port))
    }

    private mutating func greet(at now: Instant) {
        var request = ConnectRequest()
        request.lastZxidSeen = lastZxid
        request.timeoutMs = session?.timeoutMs ?? settings.sessionTimeoutMs
        request.isReadOnly = settings.acceptsReadOnly
        if let session {
            request.sessionID = session.id
            request.password = session.password
        }
        connection!.phase = .greeting
        outgoing = request.frame
    }

    private mutating func greeted(_ frame: RawSpan) throws(ClientError) {
        guard connection!.phase == .greeting else { throw .malformed("an answer to nothing") }
        let response: ConnectResponse
        do throws(WireError) {
            var at = 0
            response = try ConnectResponse(frame, &at)
        } catch {
            throw .malformed("\(error)")
        }
        guard response.timeoutMs > 0 else { return end(.sessionExpired) }
        session = Session(id: response.sessionID, password: response.password, timeoutMs: response.timeoutMs)
        connection!.phase = .ready
        failedInARow = 0
        unreachable = nil
        change(.connected(isReadOnly: response.isReadOnly ?? false))
        for identity in settings.identities { send(.auth(identity), xid: Xid.auth, token: nil) }
        for request in watches.requests(relativeZxid: lastZxid) {
            send(.setWatches(request), xid: Xid.setWatches, token: nil)
        }
        let requests = queued
        queued = []
        for (token, request) in requests { send(request, token: token) }
    }

    /// The connection is gone, or never was: the next server, at once unless all have been tried.
    private mutating func lost(_ reason: String, at now: Instant) {
        connection = nil
        outgoing = []
        failedInARow += 1
        if failedInARow >= servers.count {
            unreachable = reason
            retryAt = now.adding(milliseconds: Int64.random(in: 100...1_000, using: &chance))
        }
        let broken = waiting[answered...]
        waiting = []
        answered = 0
        let isClosing = broken.contains { $0.opCode == .closeSession }
        for request in broken {
            if let token = request.token { outputs.append(.replied(token: token, .failure(.connectionLoss))) }
        }
        if isClosing { return end(.ok) }
        if case .connected = state { change(.connecting) }
    }

    private mutating func giveUp(_ reason: String, at now: Instant) -> [LinkEffect] {
        lost(reason, at: now)
        return nextDeadline.map { [.wake(at: $0)] } ?? []
    }

    private mutating func drop() -> [LinkEffect] {
        guard let link = connection?.link else { return [] }
        connection = nil
        return [.close(link)]
    }

    // MARK: Time

    private mutating func checkTime(at now: Instant, _ effects: inout [LinkEffect]) {
        if case .ended = state {
            effects += drop()
            return
        }
        guard let connection, let deadline = silenceDeadline else { return }
        if now >= deadline {
            effects.append(.close(connection.link))
            return lost("the server did not answer in time", at: now)
        }
        if let due = pingDue, now >= due { send(.ping, xid: Xid.ping, token: nil) }
    }

    private var nextDeadline: Instant? {
        if case .ended = state { return nil }
        guard let silenceDeadline else { return retryAt }
        return min(silenceDeadline, pingDue ?? .distantFuture)
    }

    /// When the server counts as gone.
    private var silenceDeadline: Instant? {
        guard let connection else { return nil }
        guard connection.phase == .ready, let session else {
            return connection.startedAt.adding(milliseconds: settings.connectTimeoutMs)
        }
        return connection.heardAt.adding(milliseconds: Int64(session.timeoutMs) * 2 / 3)
    }

    private var pingDue: Instant? {
        guard let connection, connection.phase == .ready, let session else { return nil }
        return connection.sentAt.adding(milliseconds: max(1, Int64(session.timeoutMs) / 3))
    }

    // MARK: Requests

    private mutating func send(_ request: ZooKeeperRequest, token: Int?) {
        // Only positive numbers: the others have meanings.
        lastXid = lastXid == .max ? 1 : lastXid + 1
        send(request, xid: lastXid, token: token)
    }

    private mutating func send(_ request: ZooKeeperRequest, xid: Int32, token: Int?) {
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
