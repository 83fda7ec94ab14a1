import Vocabulary
import Wire
import ZooKeeper

/// Frames out and in, and which request an answer is for.
extension ZnodeClient {
    func transmit(_ frame: [UInt8]) {
        lastSent = world.now
        outgoing.append(contentsOf: frame)
        flush()
    }

    func request(_ request: ZooKeeperRequest, _ purpose: Purpose, xid special: Int32? = nil) {
        let xid = special ?? nextXid
        if special == nil { nextXid = nextXid == .max ? 1 : nextXid + 1 }
        pending.append(
            Pending(
                xid: xid, opCode: request.opCode, sentAt: world.now, toldBefore: workload.zxidTold,
                purpose: purpose))
        transmit(request.frame(xid: xid))
    }

    func flush() {
        guard let socket = state.socket, !outgoing.isEmpty else { return }
        let sent = network.send(socket, outgoing)
        outgoing.removeFirst(sent)
    }

    func readAll(_ socket: SocketID, max: Int) {
        incoming.append(contentsOf: network.read(socket, max: max))
        var at = 0
        while state.socket == socket, incoming.count - at >= 4 {
            let length = incoming[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= 4 << 20 else { return broken("a frame of \(length) bytes") }
            guard incoming.count - at - 4 >= length else { break }
            let frame = Array(incoming[at + 4..<at + 4 + length])
            at += 4 + length
            lastHeard = world.now
            take(frame, socket)
        }
        if state.socket == socket, at > 0 { incoming.removeFirst(at) }
    }

    func take(_ frame: [UInt8], _ socket: SocketID) {
        do throws(WireError) {
            let span = frame.span.bytes
            var at = 0
            if case .greeting = state { return greeted(socket, try ConnectResponse(span, &at)) }
            let header = try ZooKeeperReplyHeader(span, &at)
            if header.xid == Xid.notification { return fired(try WatcherEvent(span, &at), zxid: header.zxid) }
            guard let request = takePending(header.xid) else {
                return broken("an answer that nobody asked for: \(header)")
            }
            guard request.xid == header.xid else {
                return broken("answers come in order: \(request.xid) was next, not \(header)")
            }
            let reply = try ZooKeeperReply(span, &at, to: request.opCode, code: header.code)
            answered(request, reply, zxid: header.zxid)
        } catch { broken("an answer that cannot be read: \(error)") }
    }

    func broken(_ how: String) { world.fail("the protocol is kept", "client \(number) got \(how)") }

    /// Answers come in the order of the requests; only a ping's may come before that.
    func takePending(_ xid: Int32) -> Pending? {
        guard pendingHead < pending.count else { return nil }
        if xid == Xid.ping, let index = pending[pendingHead...].firstIndex(where: { $0.xid == xid }),
            index > pendingHead
        {
            return pending.remove(at: index)
        }
        defer {
            pendingHead += 1
            if pendingHead == pending.count {
                pending.removeAll(keepingCapacity: true)
                pendingHead = 0
            }
        }
        return pending[pendingHead]
    }
}
