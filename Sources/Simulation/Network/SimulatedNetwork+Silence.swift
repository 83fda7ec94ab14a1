import Vocabulary

/// How ends learn that the other is gone: by what is not acknowledged, and by asking.
extension SimulatedNetwork {
    // MARK: - Acknowledgements

    func acknowledge(_ socket: SimulatedSocket) {
        if isBlocked(from: socket.peerHost, to: socket.host) {
            socket.owesAcknowledgement = true
        } else {
            socket.unacknowledgedSince = socket.hasFlight ? world.now : nil
        }
    }

    func checkUnacknowledged(_ socket: SimulatedSocket) {
        guard let since = socket.unacknowledgedSince else { return }
        let due = Instant(nanoseconds: since.nanoseconds + options.userTimeoutMicroseconds * 1000)
        if due <= world.now { return reset(socket, "timed out") }
        world.schedule(.network(.checkUnacknowledged(socket.id)), at: due)
    }

    // MARK: - Keepalive

    /// Brokers ask each other soon, and clients late; clients never ask.
    func scheduleProbe(_ socket: SimulatedSocket) {
        guard socket.host.number <= 1000 else { return }
        let isPeer = socket.peerHost.number <= 1000
        world.schedule(
            .network(.probes(socket.id)),
            afterMicroseconds: isPeer ? options.keepAliveMicroseconds : 10 * options.keepAliveMicroseconds)
    }

    func probe(_ socket: SimulatedSocket) {
        guard socket.state != .closed else { return }
        let isWayFree =
            !isBlocked(from: socket.host, to: socket.peerHost)
            && !isBlocked(from: socket.peerHost, to: socket.host)
            && !dark.contains(socket.peerHost)
        if isWayFree, socket.state == .open, socket.peer == nil, !socket.hasFlight {
            return after(NetworkPath(from: socket.peerHost, to: socket.host), .reset(socket.id))
        }
        socket.probesMissed = isWayFree ? 0 : socket.probesMissed + 1
        if socket.probesMissed > 2, socket.state == .open { return reset(socket, "timed out") }
        scheduleProbe(socket)
    }
}
