import Vocabulary
import Wire
import ZooKeeper

/// Finding a server, being welcomed by it, and losing it again.
extension ZooKeeperClient {
    mutating func connect(at now: Instant, _ effects: inout [LinkEffect]) {
        guard connection == nil, now >= retryAt else { return }
        if case .ended = state { return }
        let server = servers[serverIndex]
        serverIndex = (serverIndex + 1) % servers.count
        lastLink += 1
        connection = Connection(link: LinkID(lastLink), startedAt: now, heardAt: now, sentAt: now)
        effects.append(.connect(LinkID(lastLink), host: server.host, port: server.port))
    }

    mutating func greet(at now: Instant) {
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

    mutating func greeted(_ frame: RawSpan) throws(ClientError) {
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
    mutating func lost(_ reason: String, at now: Instant) {
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

    mutating func giveUp(_ reason: String, at now: Instant) -> [LinkEffect] {
        lost(reason, at: now)
        return nextDeadline.map { [.wake(at: $0)] } ?? []
    }

    mutating func drop() -> [LinkEffect] {
        guard let link = connection?.link else { return [] }
        connection = nil
        return [.close(link)]
    }
}
