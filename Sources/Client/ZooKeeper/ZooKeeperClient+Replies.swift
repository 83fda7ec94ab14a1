import Wire
import ZooKeeper

/// What arrives on a connection that has a session: events, and replies in the order of their requests.
extension ZooKeeperClient {
    /// - Throws: `.malformed`; the connection must be closed.
    mutating func read(_ frame: RawSpan) throws(ClientError) {
        do {
            var at = 0
            let header = try ZooKeeperReplyHeader(frame, &at)
            if header.xid == Xid.notification {
                fired(try WatcherEvent(frame, &at))
                return
            }
            let request = try match(header)
            if header.zxid > 0 { lastZxid = max(lastZxid, header.zxid) }
            if let watch = request.watch { watches.answered(watch, code: header.code) }
            if request.opCode == .auth, header.code != .ok { return end(.authFailed) }
            if request.opCode == .closeSession { return end(.ok) }
            guard let token = request.token else { return }
            let reply = try ZooKeeperReply(frame, &at, to: request.opCode, code: header.code)
            outputs.append(
                .replied(token: token, settings.address.chroot.raised(reply, to: request.opCode)))
        } catch let error as ClientError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }

    private mutating func fired(_ event: WatcherEvent) {
        watches.fired(event.kind, event.path)
        var event = event
        event.path = settings.address.chroot.raised(event.path)
        outputs.append(.fired(event))
    }

    /// A server answers in the order of requests, but pings and auths when it likes: those are known by their xid.
    private mutating func match(_ header: ZooKeeperReplyHeader) throws(ClientError) -> Waiting {
        let isOurs = header.xid < 0
        guard
            let place = waiting[answered...].firstIndex(where: { isOurs ? $0.xid == header.xid : $0.xid >= 0 }
            )
        else { throw .malformed("an answer to nothing") }
        let request = waiting[place]
        guard request.xid == header.xid else {
            throw .malformed("answer \(header.xid) instead of \(request.xid)")
        }
        if place > answered {
            waiting.remove(at: place)
            return request
        }
        answered += 1
        if answered >= 64 || answered == waiting.count {
            waiting.removeFirst(answered)
            answered = 0
        }
        return request
    }
}
