import Vocabulary

/// What goes wrong on the wire.
extension SimulatedNetwork {
    func isBlocked(from: HostID, to: HostID) -> Bool { blocked[NetworkPath(from: from, to: to)] != nil }

    /// Nothing reaches it from any broker.
    func isIsolated(_ host: HostID) -> Bool {
        blocked.keys.filter { $0.to == host && $0.from.number <= 1000 }.count > 1
    }

    /// Nothing passes that way until as many `unblock` have come.
    package func block(_ path: NetworkPath) { blocked[path, default: 0] += 1 }

    package func unblock(_ path: NetworkPath) {
        guard let count = blocked[path] else { return }
        blocked[path] = count > 1 ? count - 1 : nil
        // What was held up is sent again when the sender's timer next fires.
        if count == 1 {
            world.schedule(
                .network(.released(path)),
                afterMicroseconds: Int64.random(in: 1000...400_000, using: &world.network))
        }
    }

    package func unblockAll() {
        for path in blocked.keys.sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) }) {
            blocked[path] = 1
            unblock(path)
        }
    }

    func released(_ path: NetworkPath) {
        guard !isBlocked(from: path.from, to: path.to) else { return }
        for socket in all(of: path.from) where socket.peerHost == path.to && socket.isHeld {
            socket.isHeld = false
            for piece in socket.flight[socket.flightHead...] {
                world.schedule(.network(.arrives(from: socket.id)), at: piece.due)
            }
        }
        // And acknowledgements come back.
        for socket in all(of: path.to) where socket.peerHost == path.from && socket.owesAcknowledgement {
            socket.owesAcknowledgement = false
            socket.unacknowledgedSince = socket.hasFlight ? world.now : nil
        }
    }

    /// Breaks one of the connections between the two, bytes on their way lost; each end learns of it at its own time, or by
    /// what it sends next.
    package func breakConnection(between a: HostID, and b: HostID) {
        let candidates = all(of: a).filter {
            $0.peerHost == b && $0.state == .open && $0.peer?.state == .open
        }
        guard let socket = candidates.randomElement(using: &world.network), let peer = socket.peer else {
            return
        }
        socket.dropFlight()
        peer.dropFlight()
        socket.peer = nil
        peer.peer = nil
        for end in [socket, peer] where !world.network.once(in: 3) {
            world.schedule(
                .network(.reset(end.id)),
                afterMicroseconds: Int64.random(in: 0...20_000, using: &world.network))
        }
    }
}
