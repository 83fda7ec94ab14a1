import Vocabulary

/// TCP as it is: bytes in order within a connection, cut anywhere, late as the path likes; nothing told about a peer that
/// is gone until something is sent to it or much time has passed.
///
/// Machines call `dial`, `send`, `read`, `close`; what happens to them comes by `takeNotices`. A block of a path holds its
/// packets up (they are sent again when it ends), so it also keeps acknowledgements from coming back, and a connection with
/// bytes unacknowledged for `userTimeout` breaks at the sender, and only there.
package final class SimulatedNetwork {
    package let world: World
    package var options: NetworkOptions
    var sockets: [SocketID: SimulatedSocket] = [:]
    var nextID: SocketID = 1
    /// Ports that are listened on.
    private var listeners: Set<Listener> = []
    /// Machines without power: nothing that comes to them is answered.
    var dark: Set<HostID> = []
    var blocked: [NetworkPath: Int] = [:]  // How many faults hold the path.
    private var notices: [(HostID, NetworkNotice)] = []
    private var pathLatency: [NetworkPath: Int64] = [:]

    private struct Listener: Hashable {
        let host: HostID
        let port: UInt16
    }

    package init(world: World, options: NetworkOptions) {
        self.world = world
        self.options = options
    }

    // MARK: - What machines do

    package func listen(_ host: HostID, port: UInt16) { listeners.insert(Listener(host: host, port: port)) }

    /// - Returns: the dialer's end; `connected` or `connectFailed` follows.
    package func dial(from host: HostID, to target: HostID, port: UInt16) -> SocketID {
        let socket = make(host, target, port, .dialing)
        after(socket.path, .knocks(socket.id))
        world.schedule(.network(.dialTimedOut(socket.id)), afterMicroseconds: options.dialTimeoutMicroseconds)
        return socket.id
    }

    /// - Returns: how many of the bytes there was room for; when not all, `writable` follows.
    package func send(_ id: SocketID, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let socket = sockets[id], socket.state == .open else { return bytes.count }  // As into a broken pipe.
        let room = max(0, options.windowBytes - socket.flightBytes - (socket.peer?.received.count ?? 0))
        let count = min(room, bytes.count)
        if count < bytes.count { socket.wantsRoom = true }
        var at = 0
        while at < count {
            let piece =
                world.network.once(in: 4)
                ? Int.random(in: 1...(count - at), using: &world.network) : count - at
            launch(socket, Array(bytes[at..<at + piece]), isEnd: false)
            at += piece
        }
        return count
    }

    package func send(_ id: SocketID, _ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { send(id, $0) } }

    /// Takes at most so many of the bytes that have arrived.
    package func read(_ id: SocketID, max count: Int = .max) -> [UInt8] {
        guard let socket = sockets[id], !socket.received.isEmpty else { return [] }
        let taken: [UInt8]
        if count >= socket.received.count {
            taken = socket.received
            socket.received.removeAll(keepingCapacity: true)
        } else {
            taken = Array(socket.received[..<count])
            socket.received.removeFirst(count)
        }
        if let sender = socket.peer { tellOfRoom(sender) }
        return taken
    }

    package func hasUnread(_ id: SocketID) -> Bool { sockets[id].map { !$0.received.isEmpty } ?? false }

    /// Closes as a process does: what was sent still travels, then the end is told.
    package func close(_ id: SocketID) {
        guard let socket = sockets[id], socket.state != .closed else { return }
        let wasOpen = socket.state == .open
        socket.state = .closed
        guard wasOpen else { return forget(socket) }
        if !socket.received.isEmpty {
            // Unread bytes: the system resets, and what is on its way the other way is lost.
            socket.dropFlight()
            if let peer = socket.peer { after(socket.path, .reset(peer.id)) }
            return forget(socket)
        }
        launch(socket, [], isEnd: true)
    }

    package func takeNotices() -> [(HostID, NetworkNotice)] {
        defer { notices.removeAll(keepingCapacity: true) }
        return notices
    }

    // MARK: - What happens to machines

    /// The process is gone; its system closes its connections, with or without politeness.
    package func processDied(_ host: HostID) {
        listeners = listeners.filter { $0.host != host }
        for socket in all(of: host) {
            if world.network.once(in: 2) { socket.received.removeAll() }
            if socket.state == .dialing { forget(socket) } else { close(socket.id) }
        }
    }

    /// The power failed: nothing is told to anybody, and what had not arrived may be lost.
    package func powerFailed(_ host: HostID) {
        listeners = listeners.filter { $0.host != host }
        dark.insert(host)
        for socket in all(of: host) {
            while socket.hasFlight, world.network.once(in: 2) { arrives(from: socket) }
            socket.dropFlight()
            socket.state = .closed
            forget(socket)
        }
    }

    package func powerReturned(_ host: HostID) { dark.remove(host) }

    // MARK: - The wire

    package func handle(_ happening: NetworkHappening) {
        switch happening {
        case .knocks(let id): if let socket = sockets[id], socket.state == .dialing { knocks(socket) }
        case .connected(let id):
            guard let socket = sockets[id], socket.state == .dialing else { return }
            guard !isBlocked(from: socket.peerHost, to: socket.host) else { return }  // Until the dial times out.
            guard socket.peer != nil else { return failDial(socket, "connection reset") }
            socket.state = .open
            notify(socket.host, .connected(id))
        case .refused(let id):
            guard let socket = sockets[id], socket.state == .dialing else { return }
            failDial(socket, "connection refused")
        case .dialTimedOut(let id):
            guard let socket = sockets[id], socket.state == .dialing else { return }
            failDial(socket, "timed out")
        case .arrives(let id): if let socket = sockets[id] { arrivalDue(socket) }
        case .reset(let id): if let socket = sockets[id] { reset(socket) }
        case .checkUnacknowledged(let id): if let socket = sockets[id] { checkUnacknowledged(socket) }
        case .probes(let id): if let socket = sockets[id] { probe(socket) }
        case .released(let path): released(path)
        }
    }

    private func knocks(_ dialer: SimulatedSocket) {
        if isBlocked(from: dialer.host, to: dialer.peerHost) || dark.contains(dialer.peerHost) {
            // The packet is lost; another follows after a second, as long as the dial lasts.
            return world.schedule(.network(.knocks(dialer.id)), afterMicroseconds: 1_000_000)
        }
        if dialer.peer != nil { return }
        let back = NetworkPath(from: dialer.peerHost, to: dialer.host)
        guard listeners.contains(Listener(host: dialer.peerHost, port: dialer.port)) else {
            return after(back, .refused(dialer.id))
        }
        let accepted = make(dialer.peerHost, dialer.host, dialer.port, .open)
        accepted.peer = dialer
        dialer.peer = accepted
        notify(accepted.host, .accepted(accepted.id, port: accepted.port))
        after(back, .connected(dialer.id))
    }

    private func arrivalDue(_ socket: SimulatedSocket) {
        guard !isBlocked(from: socket.host, to: socket.peerHost) else {
            socket.isHeld = true
            return
        }
        while socket.hasFlight, socket.flight[socket.flightHead].due <= world.now { arrives(from: socket) }
    }

    private func arrives(from socket: SimulatedSocket) {
        let piece = socket.takePiece()
        if dark.contains(socket.peerHost) { return }  // Nothing comes back: the sender's timeout will tell.
        guard let peer = socket.peer else {
            // Nobody there any more: the answer is a reset.
            socket.dropFlight()
            let back = NetworkPath(from: socket.peerHost, to: socket.host)
            if socket.state == .closed { return forget(socket) }
            return after(back, .reset(socket.id))
        }
        acknowledge(socket)
        world.mix(piece.bytes)
        if piece.isEnd {
            forget(socket)
            peer.peer = nil
            if peer.state == .open { notify(peer.host, .closed(peer.id, "closed by the peer")) }
            if peer.state == .closed { forget(peer) }
            return
        }
        if peer.state == .closed {
            // It reads no more: a reset.
            socket.dropFlight()
            return after(NetworkPath(from: socket.peerHost, to: socket.host), .reset(socket.id))
        }
        peer.received.append(contentsOf: piece.bytes)
        notify(peer.host, .readable(peer.id))
    }

    /// The connection breaks at this end: unread bytes are lost with it.
    func reset(_ socket: SimulatedSocket, _ why: String = "connection reset") {
        let wasOpen = socket.state == .open
        socket.state = .closed
        socket.dropFlight()
        forget(socket)
        if wasOpen { notify(socket.host, .closed(socket.id, why)) }
    }

    // MARK: - Within

    private func make(_ host: HostID, _ peer: HostID, _ port: UInt16, _ state: SimulatedSocket.State)
        -> SimulatedSocket
    {
        let socket = SimulatedSocket(id: nextID, host: host, peerHost: peer, port: port, state: state)
        nextID += 1
        sockets[socket.id] = socket
        scheduleProbe(socket)
        return socket
    }

    private func launch(_ socket: SimulatedSocket, _ bytes: [UInt8], isEnd: Bool) {
        let due = max(
            socket.lastDue, Instant(nanoseconds: world.now.nanoseconds + latency(socket.path) * 1000))
        socket.lastDue = due
        socket.flight.append(.init(bytes: bytes, isEnd: isEnd, due: due))
        socket.flightBytes += bytes.count
        if socket.unacknowledgedSince == nil {
            socket.unacknowledgedSince = world.now
            world.schedule(
                .network(.checkUnacknowledged(socket.id)), afterMicroseconds: options.userTimeoutMicroseconds)
        }
        if !socket.isHeld { world.schedule(.network(.arrives(from: socket.id)), at: due) }
    }

    private func failDial(_ socket: SimulatedSocket, _ why: String) {
        socket.state = .closed
        forget(socket)
        notify(socket.host, .connectFailed(socket.id, why))
    }

    private func tellOfRoom(_ sender: SimulatedSocket) {
        guard sender.wantsRoom, sender.state == .open else { return }
        sender.wantsRoom = false
        notify(sender.host, .writable(sender.id))
    }

    func forget(_ socket: SimulatedSocket) {
        sockets[socket.id] = nil
        if let peer = socket.peer, peer.peer === socket { peer.peer = nil }
        socket.peer = nil
    }

    func notify(_ host: HostID, _ notice: NetworkNotice) { notices.append((host, notice)) }

    func all(of host: HostID) -> [SimulatedSocket] {
        sockets.values.filter { $0.host == host }.sorted { $0.id < $1.id }
    }

    func after(_ path: NetworkPath, _ happening: NetworkHappening) {
        world.schedule(.network(happening), afterMicroseconds: latency(path))
    }

    /// In microseconds: the path's own, and what chance adds to it.
    private func latency(_ path: NetworkPath) -> Int64 {
        let base: Int64
        if let known = pathLatency[path] {
            base = known
        } else {
            base = Int64.random(in: options.latencyMicroseconds, using: &world.network)
            pathLatency[path] = base
        }
        let jitter = Int64.random(in: 0...max(1, base / 2), using: &world.network)
        let spike =
            world.network.once(in: options.spikeOnceIn)
            ? Int64.random(in: 0...50_000, using: &world.network) : 0
        return base + jitter + spike
    }
}
