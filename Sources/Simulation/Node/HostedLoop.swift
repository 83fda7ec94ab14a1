import Broker
import Ports
import Vocabulary

/// One loop of a simulated broker with its mailbox and connections: takes turns as the host's loops do.
///
/// A turn: messages, then connections that came, readable ones in random order, each answered at once; then timers. How
/// much a turn does is chance: a mailbox may be emptied in part, a socket read by a few bytes.
final class HostedLoop {
    let id: LoopID
    let logic: any SimulatedLoop
    unowned let node: SimulatedNode
    /// When it takes its next turn.
    var turnAt: Instant?

    /// It has had its last call.
    var isOver = false
    private var idleTurns = 0

    var mailbox: [LoopMessage] = []
    var arrivals: [Arrival] = []
    var readable: [SocketID] = []
    var writable: [SocketID] = []
    private var connections: [SocketID: HostedConnection] = [:]
    /// Dials under way, by socket.
    private var dials: [SocketID: UInt64] = [:]

    enum Arrival {
        case accepted(SocketID, listener: String)
        case dialed(SocketID)
        case dialFailed(SocketID, String)
        case closed(SocketID)
    }

    init(_ id: LoopID, _ logic: any SimulatedLoop, node: SimulatedNode) {
        self.id = id
        self.logic = logic
        self.node = node
    }

    private var network: SimulatedNetwork { node.network }
    private var world: World { node.world }

    var socketIDs: [SocketID] { connections.keys.sorted() }

    /// - Returns: when it wants the next one.
    func turn() -> Instant? {
        let isIdle = mailbox.isEmpty && arrivals.isEmpty && readable.isEmpty && writable.isEmpty
        takeMail()
        let arrivals = self.arrivals
        self.arrivals.removeAll(keepingCapacity: true)
        for arrival in arrivals { take(arrival) }
        let room = writable
        writable.removeAll(keepingCapacity: true)
        for id in room { if let connection = connections[id] { sendAndResume(connection) } }
        var sockets = readable
        readable.removeAll(keepingCapacity: true)
        if sockets.count > 1 { sockets.shuffle(using: &world.nodes) }
        for id in sockets {
            if let connection = connections[id] { read(connection) }
            settleConnections()
        }
        settle()
        let wake = logic.advance(to: node.moment)
        settle()
        watchForSpinning(isIdle: isIdle, wake)
        let isLeftOver = !mailbox.isEmpty || !readable.isEmpty
        return isLeftOver ? world.now : wake
    }

    /// A loop that wants its turns at once, and finds nothing to do in them, burns a processor.
    private func watchForSpinning(isIdle: Bool, _ wake: Instant?) {
        guard isIdle, let wake, wake <= world.now else { return idleTurns = 0 }
        idleTurns += 1
        if idleTurns > 1000 {
            world.fail(
                "a loop does not spin",
                "loop \(id.index) of broker \(node.number) had 1000 turns with nothing to do")
        }
    }

    private func takeMail() {
        if mailbox.isEmpty { return }
        // Mail comes in bursts; what came later may wait for the next turn.
        let count =
            world.nodes.once(in: 8) ? Int.random(in: 1...mailbox.count, using: &world.nodes) : mailbox.count
        let taken = mailbox[..<count]
        mailbox.removeFirst(count)
        for message in taken { logic.deliver(message, now: node.moment) }
    }

    private func take(_ arrival: Arrival) {
        switch arrival {
        case .accepted(let id, let listener):
            adopt(logic.open(listener: listener, peer: node.peerAddress(of: id), now: node.moment), id)
        case .dialed(let id):
            guard let token = dials.removeValue(forKey: id) else { return }
            guard let connection = logic.dialed(token, peer: node.peerAddress(of: id), now: node.moment)
            else {
                return network.close(id)
            }
            adopt(connection, id)
        case .dialFailed(let id, let why):
            guard let token = dials.removeValue(forKey: id) else { return }
            logic.dialFailed(token, reason: why, now: node.moment)
        case .closed(let id): if let connection = connections[id] { drop(connection) }
        }
        settleConnections()
    }

    private func adopt(_ broker: BrokerConnection, _ id: SocketID) {
        broker.hostIndex = id
        connections[id] = HostedConnection(socket: id, broker: broker)
        if network.hasUnread(id), !readable.contains(id) { readable.append(id) }
    }

    // MARK: - Reading

    private func read(_ connection: HostedConnection) {
        guard connection.broker.wantsRead else { return }  // Read on once it may be, by `sendAndResume`.
        let burst = world.nodes.once(in: 6) ? Int.random(in: 1...64, using: &world.nodes) : 64 << 10
        let bytes = network.read(connection.socket, max: burst)
        guard !bytes.isEmpty else { return }
        connection.kept.append(contentsOf: bytes)
        process(connection)
        if network.hasUnread(connection.socket), !readable.contains(connection.socket) {
            readable.append(connection.socket)
        }
    }

    private func process(_ connection: HostedConnection) {
        var bytes = connection.kept
        let consumed = bytes.withUnsafeMutableBytes {
            logic.received(connection.broker, $0, now: node.moment)
        }
        invariant(consumed <= bytes.count, "consumed \(consumed) of \(bytes.count) bytes")
        // The buffer may have been changed in place; what is left comes again.
        connection.kept = consumed == bytes.count ? [] : Array(bytes[consumed...])
    }

    // MARK: - Sending

    private func sendAndResume(_ connection: HostedConnection) {
        send(connection)
        while connection.broker.hostIndex >= 0, connection.broker.wantsRead, !connection.kept.isEmpty {
            let before = connection.kept.count
            process(connection)
            if connection.kept.count == before { break }
        }
        if connection.broker.hostIndex >= 0, connection.broker.wantsRead,
            network.hasUnread(connection.socket),
            !readable.contains(connection.socket)
        {
            readable.append(connection.socket)
        }
    }

    private func send(_ connection: HostedConnection) {
        let output = connection.broker.output
        while let (piece, _) = output.first() {
            let offered: Int
            let sent: Int
            switch piece {
            case .bytes(let bytes):
                offered = bytes.count
                sent = network.send(connection.socket, bytes)
            case .region(let region):
                guard let bytes = Self.bytes(of: region) else { return drop(connection) }
                offered = bytes.count
                sent = network.send(connection.socket, bytes)
            }
            if sent > 0 { output.consume(sent) }
            if sent < offered { return }
        }
        if connection.broker.isClosing { drop(connection) }
    }

    private static func bytes(of region: FileRegion) -> [UInt8]? {
        let count = min(region.byteCount, 64 << 10)
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try? bytes.withUnsafeMutableBytes { room throws(DiskError) in
            try region.disk.read(region.file, at: region.position, into: room)
        }
        return got == count ? bytes : nil
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

    func settle() {
        while true {
            settleConnections()
            let effects = logic.takeOutbound()
            if effects.isEmpty { return }
            for effect in effects { run(effect) }
        }
    }

    private func run(_ effect: LoopEffect) {
        switch effect {
        case .post(let message, let loop): node.post(message, to: loop)
        case .log(let line): node.log(line)
        case .sync(let request): node.sync(request)
        case .up: node.cameUp()
        case .startFailed(let error): node.startFailed("\(error)")
        case .dial(let dial):
            guard let target = HostID(address: dial.host) else {
                return logic.dialFailed(dial.token, reason: "no such host: \(dial.host)", now: node.moment)
            }
            let socket = network.dial(from: node.host, to: target, port: dial.port)
            dials[socket] = dial.token
            node.own(socket, by: self)
        }
    }

    private func drop(_ connection: HostedConnection) {
        guard connection.broker.hostIndex >= 0 else { return }
        connection.broker.hostIndex = -1
        connections[connection.socket] = nil
        logic.closed(connection.broker)
        network.close(connection.socket)
    }
}

/// A connection and the bytes of it that were read and not consumed yet.
final class HostedConnection {
    let socket: SocketID
    let broker: BrokerConnection
    var kept: [UInt8] = []

    init(socket: SocketID, broker: BrokerConnection) {
        self.socket = socket
        self.broker = broker
    }
}
