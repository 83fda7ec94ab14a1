import Broker
import CLinux
import Glibc
import Logging
import Vocabulary

/// One data loop, or the quorum loop: a thread with its own epoll, receive buffers and connections, around the
/// broker's `LoopLogic`.
///
/// A turn: wait for events; per connection that is readable one read burst, its requests handled in place,
/// its answers sent at once; then what was posted to others, timers, and connections that have more to send.
/// Unsafe pointers stay in this file, its `+` files, `BufferPool` and `SocketConnection`.
final class DataLoop {
    let id: LoopID
    let context: LoopContext
    let mailbox: Mailbox<HostMessage>
    let logic: any LoopLogic
    let settings: ReactorSettings
    let epoll: Int32
    let shared: UnsafeMutableRawBufferPointer  // Where bursts are read to while no large frame is pending,
    let scratch: UnsafeMutableRawBufferPointer  // and small file regions while they are sent.
    var pool = BufferPool()
    var connections = ConnectionTable()
    var acceptor: Acceptor?
    var dials = DialTable()
    var now: Moment
    var sendQueue: [SocketConnection] = []
    private var idle: IdleWheel
    private var inbox: [HostMessage] = []
    private var finishBy: Instant?
    private var lastTrim: Instant

    /// What epoll carries for the mailbox, for listeners and for connections being made; connections have their
    /// key there.
    private static let mailboxWord: UInt64 = 1 << 56
    private static let listenerWord: UInt64 = 2 << 56
    static let dialWord: UInt64 = 4 << 56
    /// How many bytes one connection may read or send in a turn, while others wait.
    static let turnBytesMax = 1 << 20
    static let sharedBytes = 256 << 10

    init(id: LoopID, context: LoopContext, logic: any LoopLogic, listeners: [OpenListener]) {
        self.id = id
        self.context = context
        mailbox = context.mailbox(of: id)
        self.logic = logic
        settings = context.settings
        now = SystemClock.now()
        idle = IdleWheel(idleNanoseconds: settings.idleNanoseconds, now: now.instant)
        lastTrim = now.instant
        shared = .allocate(byteCount: Self.sharedBytes, alignment: 4096)
        scratch = .allocate(byteCount: Self.sharedBytes, alignment: 4096)
        epoll = nt_epoll_create()
        if epoll < 0 { fatalError("epoll: \(String(cString: strerror(errno)))") }
        watch(mailbox.descriptor, Self.mailboxWord)
        if !listeners.isEmpty { acceptor = Acceptor(listeners) }
        for (position, listener) in listeners.enumerated() {
            watch(listener.descriptor, Self.listenerWord | UInt64(position))
        }
    }

    deinit {
        shared.deallocate()
        scratch.deallocate()
        close(epoll)
    }

    private func watch(_ descriptor: Int32, _ word: UInt64) {
        if nt_epoll_add(epoll, descriptor, NT_READABLE, word) != 0 {
            fatalError("epoll: \(String(cString: strerror(errno)))")
        }
    }

    /// Runs until told to finish and everything is closed.
    func run() {
        var events = [nt_event](repeating: nt_event(), count: 256)
        var timeout: Int32 = 0
        while !isFinished {
            let isOverloaded = isOverloaded
            if isOverloaded { mailbox.wait(milliseconds: 1) }
            let count = nt_epoll_wait(epoll, &events, 256, isOverloaded ? 0 : timeout)
            now = SystemClock.now()
            for index in 0..<max(0, Int(count)) { handle(events[index], isOverloaded) }
            sendToQueued()
            settle()
            timeout = endTurn()
        }
        finish()
    }

    /// The quorum must not fall silent because clients keep the data loops busy: it minds its own mailbox only.
    private var isOverloaded: Bool { id == .quorum ? mailbox.isFull : context.isOverloaded }

    private func handle(_ event: nt_event, _ isOverloaded: Bool) {
        if event.data & Self.mailboxWord != 0 { return readMailbox() }
        if event.data & Self.dialWord != 0 { return dialEnded(UInt32(truncatingIfNeeded: event.data)) }
        if event.data & Self.listenerWord != 0 {
            if !isOverloaded { accept(at: Int(event.data & 0xFF)) }
            return
        }
        guard let connection = connections[word: event.data] else { return }  // Closed earlier in this turn.
        if event.events & (NT_ERROR | NT_HANGUP) != 0 { return drop(connection) }
        if event.events & NT_WRITABLE != 0 {
            connection.isBlocked = false
            sendAndResume(connection)
        }
        if event.events & NT_READABLE != 0, !isOverloaded, connection.broker.hostIndex >= 0 {
            read(connection)
            settleConnections()
            now = SystemClock.now()
        }
    }

    // MARK: - Turns

    /// Sends what connections have, and passes on what the logic wants of others, until nothing is left of
    /// either.
    func settle() {
        while true {
            settleConnections()
            let effects = logic.takeOutbound()
            if effects.isEmpty { return settleConnections() }  // What ends a turn may have made answers too.
            context.run(effects, dial: beginToDial)
        }
    }

    private func settleConnections() {
        while true {
            let dirty = logic.takeDirty()
            if dirty.isEmpty { return }
            for broker in dirty where broker.hostIndex >= 0 {
                guard let connection = connections[broker.hostIndex], connection.broker === broker else {
                    continue
                }
                sendAndResume(connection)
            }
        }
    }

    /// Sends what waits; a connection that was not read because of it may be read again then.
    private func sendAndResume(_ connection: SocketConnection) {
        send(connection)
        if connection.broker.hostIndex >= 0 { resume(connection) }
    }

    private func sendToQueued() {
        if sendQueue.isEmpty { return }
        let queued = sendQueue
        sendQueue.removeAll(keepingCapacity: true)
        for connection in queued {
            connection.isQueued = false
            sendAndResume(connection)
        }
    }

    /// - Returns: how long epoll may wait, in milliseconds.
    private func endTurn() -> Int32 {
        advanceDials()
        var wake = logic.advance(to: now)
        settle()
        for key in idle.takeDue(now.instant) {
            if let connection = connections[key] { closeIfIdle(connection) }
        }
        acceptor?.report(now.instant, context.logger)
        if now.instant - lastTrim > 5_000_000_000 {
            lastTrim = now.instant
            pool.trim()
        }
        if !sendQueue.isEmpty { return 0 }
        wake = min(wake ?? .distantFuture, idle.nextTick, dials.nextDue)
        if let finishBy { wake = min(wake!, finishBy) }
        let milliseconds = (wake! - now.instant + 999_999) / 1_000_000
        return Int32(max(0, min(milliseconds, 1000)))
    }

    private func readMailbox() {
        mailbox.drain(into: &inbox)
        for message in inbox {
            switch message {
            case .broker(let message): logic.deliver(message, now: now)
            case .adopt(let descriptor, let listener, let peer, let port):
                adopt(descriptor, listener: listener, peer: peer, port: port)
            case .resolved(let dial, let addresses): resolved(dial, addresses)
            case .warmed(let key):
                guard let connection = connections[key] else { continue }
                connection.isWarming = false
                sendAndResume(connection)
            case .finish(let deadline): beginToFinish(by: deadline)
            }
        }
        inbox.removeAll(keepingCapacity: true)
    }

    // MARK: - Connections come and go

    func adopt(_ descriptor: Int32, listener: OpenListener, peer: String, port: UInt16) {
        guard finishBy == nil else {
            limits(of: listener).release(peer)
            close(descriptor)
            return
        }
        let broker = logic.open(listener: listener.name, peer: peer, now: now)
        broker.peerPort = port
        let connection = insert(descriptor, broker, limits: limits(of: listener))
        if nt_epoll_add(epoll, descriptor, connection.interest, connection.key.word) != 0 { drop(connection) }
    }

    func insert(
        _ descriptor: Int32, _ broker: BrokerConnection, limits: ConnectionLimits?
    ) -> SocketConnection {
        let key = connections.nextKey()
        broker.hostIndex = key.slot
        let connection = SocketConnection(
            descriptor: descriptor, key: key, broker: broker, limits: limits, now: now.instant)
        connections.insert(connection)
        idle.insert(key, deadline: Instant(nanoseconds: now.instant.nanoseconds + settings.idleNanoseconds))
        return connection
    }

    /// Closes at once; what is queued is not sent.
    func drop(_ connection: SocketConnection) {
        guard connection.broker.hostIndex >= 0 else { return }
        connection.broker.hostIndex = -1
        logic.closed(connection.broker)
        connections.remove(connection)
        if connection.storage.count > 0 { pool.give(connection.storage) }
        connection.storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        connection.limits?.release(connection.broker.peer)
        close(connection.descriptor)
    }

    /// Watches the socket for what can be done with it just now.
    func updateInterest(_ connection: SocketConnection) {
        guard connection.broker.hostIndex >= 0 else { return }
        var interest: UInt32 = 0
        if connection.broker.wantsRead, finishBy == nil { interest |= NT_READABLE }
        if connection.isBlocked { interest |= NT_WRITABLE }
        guard interest != connection.interest else { return }
        connection.interest = interest
        if nt_epoll_modify(epoll, connection.descriptor, interest, connection.key.word) != 0 {
            drop(connection)
        }
    }

    private func closeIfIdle(_ connection: SocketConnection) {
        // One that is exempt is looked at again like one that was busy just now: it may not stay exempt.
        let lastActive = connection.broker.isExemptFromIdle ? now.instant : connection.lastActive
        let deadline = Instant(nanoseconds: lastActive.nanoseconds + settings.idleNanoseconds)
        guard deadline <= now.instant else { return idle.insert(connection.key, deadline: deadline) }
        context.logger.debug(
            "Closed an idle connection.",
            metadata: [
                "peer": "\(connection.broker.peer)", "unsent.bytes": "\(connection.broker.output.byteCount)",
            ])
        drop(connection)
    }

    // MARK: - The end

    private func beginToFinish(by deadline: Instant) {
        finishBy = deadline
        acceptor?.close()
        acceptor = nil
        dropDials()
        for connection in connections.all { finishConnection(connection) }
    }

    /// While the loop finishes: closes the connection once it has had its answers.
    func finishConnection(_ connection: SocketConnection) {
        guard finishBy != nil else { return }
        if connection.broker.output.isEmpty, !connection.broker.hasRepliesOutstanding {
            drop(connection)
        } else {
            updateInterest(connection)
        }
    }

    /// No more requests are taken.
    var isFinishing: Bool { finishBy != nil }

    private var isFinished: Bool {
        guard let finishBy else { return false }
        return connections.count == 0 || now.instant >= finishBy
    }

    private func finish() {
        for connection in connections.all { drop(connection) }
        settle()
        logic.shutdown(now: SystemClock.now())
        settle()
    }
}
