package import Vocabulary
import ZooKeeper

/// A client of the coordination service: one session after another, over one connection at a time, from the bytes up.
///
/// It holds the server to its word as it goes: answers in order, zxids that never go back, events before new data, sessions
/// that do not expire while they are heard from. What several clients must agree on goes to the `Workload`.
package final class ZnodeClient {
    package enum State: Equatable {
        case idle
        case dialing(SocketID)
        case greeting(SocketID)
        case connected(SocketID)

        var socket: SocketID? {
            switch self {
            case .idle: nil
            case .dialing(let socket), .greeting(let socket), .connected(let socket): socket
            }
        }
    }

    package let number: Int
    let world: World
    let network: SimulatedNetwork
    let workload: Workload
    let servers: [HostID]
    let port: UInt16
    let readsSlowly: Bool
    let onlyReads: Bool

    package internal(set) var state = State.idle
    var session = Session()
    var pending: [Pending] = []
    var pendingHead = 0
    var nextXid: Int32 = 1
    package internal(set) var lastZxid: Int64 = 0
    /// What it had seen before the answer at hand.
    var zxidBefore: Int64 = 0
    var watches = ClientWatches()
    /// Watches that stay, on this connection.
    var spans: [WatchedChanges.Span] = []
    var isPrepared = false
    var sequentialsMade: [String] = []
    /// closeSession is on its way: nothing may follow it.
    var isClosing = false
    /// It does nothing more of its own accord, only what keeps its session.
    package var isQuiet = false
    /// It neither lets go of its connection nor ends its session of its own accord, and reads what there is.
    package var isSteady = false {
        didSet { if let socket = state.socket, isConnected { take(.readable(socket)) } }
    }
    /// When it was last answered a write, be it by a refusal.
    package internal(set) var lastWriteAt: Instant?
    /// When it was connected last.
    package internal(set) var connectedAt = Instant(nanoseconds: 0)

    var incoming: [UInt8] = []
    var outgoing: [UInt8] = []
    var lastHeard = Instant(nanoseconds: 0)
    var lastSent = Instant(nanoseconds: 0)
    private var nextAction = Instant(nanoseconds: 0)
    private var nextRead = Instant(nanoseconds: 0)
    private var wakeAt: Instant?

    package init(
        number: Int, workload: Workload, network: SimulatedNetwork, servers: [HostID], port: UInt16
    ) {
        self.number = number
        self.workload = workload
        world = workload.world
        self.network = network
        self.servers = servers
        self.port = port
        readsSlowly = world.workload.once(in: workload.options.slowReaderOnceIn)
        onlyReads = number > 1 && world.workload.once(in: workload.options.readerOnceIn)
    }

    var host: HostID { .client(number) }
    package var place: Place { .client(number) }
    private var takesItsTime: Bool { readsSlowly && !isSteady }
    package var isConnected: Bool { if case .connected = state { true } else { false } }
    /// Nothing it asked for is still to come.
    package var isAnswered: Bool { isConnected && inFlight == 0 }
    package var sessionID: Int64 { session.id }
    var inFlight: Int { pending.count - pendingHead }
    /// What it has waited for the longest.
    var oldestRequest: String? {
        inFlight == 0
            ? nil
            : "\(pending[pendingHead].opCode) since \(pending[pendingHead].sentAt.nanoseconds / 1_000_000) ms"
    }

    // MARK: - What the world calls

    package func start() { wake(afterMs: Int64.random(in: 0...500, using: &world.workload)) }

    package func clockRang() {
        guard wakeAt == world.now else { return }
        wakeAt = nil
        switch state {
        case .idle: connect()
        case .dialing, .greeting:
            if silentForMs >= Int64(workload.options.sessionTimeoutMs) / 3 { disconnect("no answer") }
        case .connected: act()
        }
        reschedule()
    }

    package func take(_ notice: NetworkNotice) {
        switch notice {
        case .connected(let socket) where state == .dialing(socket): greet(socket)
        case .connectFailed(let socket, let why) where state.socket == socket: disconnect(why)
        case .closed(let socket, let why) where state.socket == socket:
            readAll(socket, max: .max)  // What arrived before the end counts.
            if state.socket == socket { disconnect(why) }
        case .readable(let socket) where state.socket == socket:
            if takesItsTime, isConnected {
                nextRead = world.now.adding(milliseconds: 5)
            } else {
                readAll(socket, max: .max)
            }
        case .writable(let socket) where state.socket == socket: flush()
        case .accepted, .connected, .connectFailed, .closed, .readable, .writable: break
        }
        reschedule()
    }

    // MARK: - Connections

    private func connect() {
        let server = servers.randomElement(using: &world.workload)!
        lastHeard = world.now
        state = .dialing(network.dial(from: host, to: server, port: port))
    }

    private func greet(_ socket: SocketID) {
        state = .greeting(socket)
        lastHeard = world.now
        var request = ConnectRequest()
        request.lastZxidSeen = lastZxid
        request.timeoutMs = workload.options.sessionTimeoutMs
        request.sessionID = session.id
        request.password = session.password
        request.isReadOnly = false
        transmit(request.frame)
    }

    func disconnect(_ why: String) {
        guard let socket = state.socket else { return }
        world.note(place, "disconnected:", text: why)
        endSpans()
        network.close(socket)
        state = .idle
        incoming = []
        outgoing = []
        for lost in pending[pendingHead...] {
            workload.count(\.lost)
            if case .close = lost.purpose { endSession(isAnswered: false) }
            if case .prepare = lost.purpose { isPrepared = false }
        }
        pending = []
        pendingHead = 0
        isPrepared = false
        pauseBeforeConnecting()
    }

    /// Mostly short. Some clients sleep so long that their session may expire; some die, and what comes in their place knows nothing
    /// of the session they had.
    private func pauseBeforeConnecting() {
        var delay = Int64.random(in: 1...400, using: &world.workload)
        if !isSteady, world.workload.once(in: workload.options.napOnceIn) {
            delay = Int64.random(in: 0...2 * Int64(workload.options.sessionTimeoutMs), using: &world.workload)
            if session.id != 0, world.workload.once(in: 3) {
                world.note(place, "dies, and leaves session", text: String(session.id, radix: 16))
                endSession(isAnswered: false)
            }
        }
        wake(afterMs: delay)
    }

    func greeted(_ socket: SocketID, _ response: ConnectResponse) {
        guard response.timeoutMs > 0 else { return expired(socket) }
        if session.id != 0, response.sessionID != session.id {
            world.fail(
                "a session keeps its id",
                "client \(number) asked for \(session.id) and got \(response.sessionID)")
        }
        if session.id == 0 { workload.count(\.sessions) }
        workload.count(\.connects)
        session.id = response.sessionID
        session.password = response.password
        session.timeoutMs = Int64(response.timeoutMs)
        session.aliveAt = max(session.aliveAt, lastSent)
        session.knownAliveAt = max(session.knownAliveAt, lastSent)
        state = .connected(socket)
        connectedAt = world.now
        world.note(place, "connected, session", text: String(session.id, radix: 16))
        authenticate()
        if !watches.isEmpty { rearmWatches() }
        nextAction = world.now
    }

    private func expired(_ socket: SocketID) {
        workload.count(\.expired)
        world.note(place, "session expired", text: String(session.id, radix: 16))
        if session.id != 0, world.now < session.knownAliveAt.adding(milliseconds: session.timeoutMs) {
            world.fail(
                "a session that is heard from does not expire",
                "client \(number)'s expired \((world.now - session.knownAliveAt) / 1_000_000) ms after a request that the "
                    + "leader knew of; its timeout is \(session.timeoutMs) ms")
        }
        endSession(isAnswered: true)
        disconnect("expired")
    }

    /// The session is over, or (not answered) is left to end by itself.
    func endSession(isAnswered: Bool) {
        if session.madeEphemerals {
            workload.history.noteSessionEnd(
                client: number, owner: session.id, invoked: session.aliveAt,
                returned: isAnswered ? world.now : nil)
        }
        session = Session()
        lastZxid = isAnswered ? lastZxid : 0
        isClosing = false
        watches.removeAll()
        sequentialsMade = []
    }

    // MARK: - Time

    private var silentForMs: Int64 { (world.now - lastHeard) / 1_000_000 }

    private func act() {
        guard case .connected(let socket) = state else { return }
        if takesItsTime, nextRead <= world.now {
            nextRead = world.now.adding(milliseconds: 20)
            readAll(socket, max: 200)
            guard state == .connected(socket) else { return }
        }
        if silentForMs >= session.timeoutMs * 2 / 3 { return disconnect("the server is silent") }
        if !isClosing, (world.now - lastSent) / 1_000_000 >= session.timeoutMs / 3 {
            request(.ping, .ping, xid: Xid.ping)
        }
        if nextAction <= world.now {
            nextAction = world.now.adding(
                milliseconds: Int64.random(
                    in: 0...Int64(2 * workload.options.pauseMs), using: &world.workload))
            // Who only reads goes on while its server is silent: what it asks late must not be answered from an old state.
            let inFlightMax = onlyReads ? 20 : workload.options.requestsInFlightMax
            if !isQuiet, !isClosing, inFlight < inFlightMax { askSomething() }
        }
    }

    private func reschedule() {
        switch state {
        case .idle: break
        case .dialing, .greeting: wake(afterMs: Int64(workload.options.sessionTimeoutMs) / 6)
        case .connected:
            let ping = isClosing ? .distantFuture : lastSent.adding(milliseconds: session.timeoutMs / 3)
            let silence = lastHeard.adding(milliseconds: session.timeoutMs * 2 / 3)
            var next = min(ping, silence)
            if !isQuiet { next = min(next, nextAction) }
            if takesItsTime { next = min(next, nextRead) }
            wake(at: max(next, Instant(nanoseconds: world.now.nanoseconds + 100_000)))
        }
    }

    private func wake(afterMs delay: Int64) { wake(at: world.now.adding(milliseconds: delay)) }

    private func wake(at: Instant) {
        if let already = wakeAt, already <= at { return }
        wakeAt = at
        world.schedule(.client(number), at: at)
    }
}
