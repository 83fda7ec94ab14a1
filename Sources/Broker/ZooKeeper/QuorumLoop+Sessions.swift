import Consensus
import Coordination
import HashTreeCollections
import Vocabulary
import ZooKeeper

/// ZooKeeper sessions as this broker's clients have them: opened, taken back, ended.
extension QuorumLoop {
    func greet(_ client: ZooKeeperConnection, _ request: ConnectRequest) {
        // It has seen what is not here yet: another broker serves it without going back in time.
        guard request.lastZxidSeen <= applied.value else {
            return drop(
                client, "it has seen zxid \(request.lastZxidSeen), this broker has applied \(applied.value)")
        }
        client.seenZxid = max(0, request.lastZxidSeen)
        guard
            let password = SessionPassword(
                request.password.isEmpty ? [UInt8](repeating: 0, count: 16) : request.password)
        else { return drop(client, "its password is of \(request.password.count) bytes") }
        if isCutOff, config.zookeeper.isReadOnlyModeEnabled {
            guard request.isReadOnly == true else {
                return drop(client, "no leader of the quorum can be reached")
            }
            return openReadOnly(client, request)
        }
        let timeout = Int64(request.timeoutMs)
        client.timeoutMs = Int32(
            clamping: min(
                max(timeout, config.zookeeper.sessionTimeoutMinMs), config.zookeeper.sessionTimeoutMaxMs))
        // The time it would wait here in vain is missing where it could be served.
        guard isVouched(client) else { return drop(client, "no leader of the quorum can be reached") }
        client.state = .opening(request)
        client.askedForSessionAt = now.instant
        client.connection.isPaused = true  // What it sends behind is read once the session is open.
        let command: CoordinationCommand
        if request.sessionID == 0 {
            let password = SessionPassword(high: zookeeper.chance.next(), low: zookeeper.chance.next())
            command = .createSession(timeoutMs: client.timeoutMs, password: password, broker: me.id)
        } else {
            command = .moveSession(
                id: request.sessionID, password: password, timeoutMs: client.timeoutMs, broker: me.id)
        }
        ask(.coordination(command), .client(connection: client.connection.id, request: 0))
    }

    /// The leader gave a session, or would not.
    func opened(_ client: ZooKeeperConnection, _ request: ConnectRequest, _ outcome: PeerAnswer.Outcome) {
        switch outcome {
        case .coordination(.success(.session(let session))):
            // The answer waited until it was applied, and what was decided behind it may be applied by now too: a move that the client
            // had asked for elsewhere and given up, and that came late.
            guard coordination.sessions[session.id]?.broker == me.id else {
                return drop(client, "its session moved or ended before it was open")
            }
            client.session = session.id
            client.state = .open
            if let before = zookeeper.opened(client) {
                drop(before, "its session moved to another connection")
            }
            zookeeper.noteHeard(session.id)
            var response = ConnectResponse()
            response.timeoutMs = session.timeoutMs
            response.sessionID = session.id
            response.password = session.password.bytes
            response.isReadOnly = request.isReadOnly == nil ? nil : false
            write(response.frame, to: client)
            client.connection.isPaused = false
            markDirty(client.connection)
        case .coordination(.failure):
            write(
                ConnectResponse.expired(isReadOnly: request.isReadOnly == nil ? nil : false).frame, to: client
            )
            finish(client)
        default: drop(client, "no leader of the quorum can be reached")
        }
    }

    /// Read from a copy that may be old, with a session that only this broker knows.
    private func openReadOnly(_ client: ZooKeeperConnection, _ request: ConnectRequest) {
        client.isReadOnly = true
        client.state = .open
        client.session = zookeeper.takeReadOnlySession()
        client.timeoutMs = Int32(
            clamping: min(
                max(Int64(request.timeoutMs), config.zookeeper.sessionTimeoutMinMs),
                config.zookeeper.sessionTimeoutMaxMs))
        _ = zookeeper.opened(client)
        var response = ConnectResponse()
        response.timeoutMs = client.timeoutMs
        // A session it had stays its own: it takes it back where there is a quorum.
        response.sessionID = request.sessionID
        response.password = request.sessionID == 0 ? [UInt8](repeating: 0, count: 16) : request.password
        response.isReadOnly = true
        write(response.frame, to: client)
    }

    /// A quorum is there again: who was only read for comes back for a whole session.
    func endReadOnly() {
        for client in zookeeper.all where client.isReadOnly && !client.connection.isClosing {
            drop(client, "the quorum can be reached again")
        }
    }

    /// A session ended: by its client, or it expired.
    func clientSessionEnded(_ id: Int64) {
        guard let client = zookeeper.client(ofSession: id) else { return }
        // A client that closes its session is answered before its connection is closed.
        if client.isClosingSession { return }
        drop(client, "its session ended")
    }

    /// The session is another broker's now.
    func clientSessionMoved(_ id: Int64, to broker: BrokerID) {
        guard broker != me.id, let client = zookeeper.client(ofSession: id) else { return }
        drop(client, "its session moved to broker \(broker)")
    }

    // MARK: - Identities

    func authenticate(_ client: ZooKeeperConnection, _ auth: AuthRequest, xid: Int32) {
        switch auth.scheme {
        case "digest":
            let digest = Self.digest(auth.auth)
            if let superDigest = config.zookeeper.superDigest, digest == superDigest {
                add(.superuser, to: client)
            }
            add(Identity(scheme: "digest", id: digest), to: client)
        case "ip": break
        default:
            log(
                .info, "A ZooKeeper client failed to authenticate.",
                [("peer", client.connection.peer), ("scheme", auth.scheme)])
            reply(client, xid: xid, .failure(.authFailed))
            return finish(client)
        }
        reply(client, xid: xid, .done)
    }

    private func add(_ identity: Identity, to client: ZooKeeperConnection) {
        if !client.identities.contains(identity) { client.identities.append(identity) }
    }

    /// `user:base64(sha1(user:password))`, as ZooKeeper's digest scheme has it.
    static func digest(_ auth: [UInt8]) -> String {
        let user = auth.prefix { $0 != UInt8(ascii: ":") }
        return String(decoding: user, as: UTF8.self) + ":" + base64(sha1(auth))
    }
}
