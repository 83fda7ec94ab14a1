import Consensus
import Coordination
import Vocabulary
import Wire
import ZooKeeper

/// ZooKeeper clients: they connect, ask, and go.
extension QuorumLoop {
    func openZooKeeper(_ connection: BrokerConnection) {
        let client = ZooKeeperConnection(connection, now: now)
        if config.zookeeper.skipsACLs { client.identities.append(.superuser) }
        zookeeper.add(client)
    }

    func closedZooKeeper(_ connection: BrokerConnection) {
        _ = zookeeper.remove(connection.id)
        resumeReading()
    }

    // MARK: - Frames

    func received(_ client: ZooKeeperConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        var consumed = 0
        let connection = client.connection
        while bytes.count - consumed >= 4, connection.wantsRead, !connection.isClosed {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            if case .greeting = client.state, let word = FourLetterWord(rest) {
                answer(word, client)
                return bytes.count
            }
            let length = Int(Int32(bigEndian: rest.loadUnaligned(as: Int32.self)))
            guard length >= 0, length <= config.zookeeper.frameBytesMax else {
                drop(client, "its frame has a length of \(length)")
                break
            }
            guard rest.count - 4 >= length else { break }
            consumed += 4 + length
            let frame = UnsafeRawBufferPointer(rebasing: rest[4..<4 + length])
            do throws(WireError) {
                try handle(frame.bytes, from: client)
            } catch {
                drop(client, "\(error)")
            }
            pauseIfBusy(client)
        }
        return consumed
    }

    private func handle(_ frame: RawSpan, from client: ZooKeeperConnection) throws(WireError) {
        client.statistics.received += 1
        zookeeper.statistics.received += 1
        zookeeper.noteHeard(client.session)
        var at = 0
        switch client.state {
        case .greeting: greet(client, try ConnectRequest(frame, &at))
        case .opening: drop(client, "it asks before its session is open")
        case .open where !isVouched(client): drop(client, "no leader of the quorum can be reached")
        case .open:
            let header = try ZooKeeperRequestHeader(frame, &at)
            client.statistics.lastXid = header.xid
            handle(header, frame, &at, from: client)
        case .closing: break
        }
    }

    private func handle(
        _ header: ZooKeeperRequestHeader, _ frame: RawSpan, _ at: inout Int, from client: ZooKeeperConnection
    ) {
        do throws(WireError) {
            guard let request = try ZooKeeperRequest(frame, &at, type: header.type) else {
                reply(client, xid: header.xid, .failure(.unimplemented))
                return finish(client)
            }
            client.statistics.lastOperation = "\(request.opCode)".uppercased()
            handle(request, xid: header.xid, from: client)
        } catch {
            // The frame's end is known, so the next one can be read.
            take(.whoAmI, xid: header.xid, isAsked: false, client, reply: .failure(.marshallingError))
        }
    }

    // MARK: - Requests

    private func handle(_ request: ZooKeeperRequest, xid: Int32, from client: ZooKeeperConnection) {
        switch request {
        case .ping: return reply(client, xid: Xid.ping, .done)
        case .auth(let auth): return authenticate(client, auth, xid: xid)
        case .sasl, .deleteContainer:
            reply(client, xid: xid, .failure(.unimplemented))
            return finish(client)
        case .sync: return askLeader(.readIndex, request, xid: xid, client)
        case .reconfig(let change): return reconfigure(change, request, xid: xid, client)
        default: break
        }
        let caller = Caller(session: client.session, broker: me.id, identities: client.identities)
        do throws(CoordinationError) {
            if let command = try request.command(
                by: caller, allowsTTL: config.zookeeper.areExtendedTypesEnabled)
            {
                if client.isReadOnly { throw .notReadOnly }
                return askLeader(.coordination(command), request, xid: xid, client)
            }
            take(request, xid: xid, isAsked: false, client)
        } catch {
            take(request, xid: xid, isAsked: false, client, reply: .failure(ResultCode(error)))
        }
    }

    /// A request in its place in the row: at once when nothing is before it.
    func take(
        _ request: ZooKeeperRequest, xid: Int32, isAsked: Bool, _ client: ZooKeeperConnection,
        reply: ZooKeeperReply? = nil
    ) {
        let slot = ZooKeeperConnection.Slot(
            id: client.takeID(), xid: xid, request: request, arrived: now.instant, isAsked: isAsked,
            reply: reply)
        if client.isIdle, !isAsked { return answer(slot, client) }
        client.wait(slot)
        zookeeper.outstanding += 1
    }

    func askLeader(
        _ question: PeerQuestion, _ request: ZooKeeperRequest, xid: Int32, _ client: ZooKeeperConnection
    ) {
        if client.isReadOnly {
            return take(request, xid: xid, isAsked: false, client, reply: .failure(.notReadOnly))
        }
        let isHeld = client.isReadWaiting
        let slot = ZooKeeperConnection.Slot(
            id: client.takeID(), xid: xid, request: request, arrived: now.instant, isAsked: true,
            held: isHeld ? question : nil)
        client.wait(slot)
        zookeeper.outstanding += 1
        if !isHeld { ask(question, .client(connection: client.connection.id, request: slot.id)) }
    }

    /// The leader's answer, now that it shows here.
    func clientAnswered(_ connection: UInt64, _ id: UInt64, _ answer: PeerAnswer) {
        guard let client = zookeeper[connection] else { return }
        if case .opening(let request) = client.state { return opened(client, request, answer.outcome) }
        guard let slot = client[id] else { return }
        switch answer.outcome {
        case .coordination(let outcome):
            client.answered(id, slot.request.reply(to: outcome), zxid: answer.index.value)
        case .fresh:
            guard case .sync(let path) = slot.request else {
                invariantFailed("\(slot.request) was answered as a sync")
            }
            client.answered(id, .path(path), zxid: answer.index.value)
        case .quorum(let reply): client.answered(id, reconfigured(reply), zxid: answer.index.value)
        case .notLeader:
            // Whether it came to pass nobody knows: to its client that is a lost connection.
            return drop(client, "the leader was lost before it answered")
        case .metadata, .joined: invariantFailed("another question's answer came to a client")
        }
        goOn(client)
    }

    /// Answers what can be answered now, in order, and asks what waited for that.
    func goOn(_ client: ZooKeeperConnection) {
        while let slot = client.takeReady() {
            zookeeper.outstanding -= 1
            answer(slot, client)
        }
        while !client.connection.isClosing, let (question, id) = client.takeHeld() {
            ask(question, .client(connection: client.connection.id, request: id))
        }
        resumeReading()
    }

    private func answer(_ slot: ZooKeeperConnection.Slot, _ client: ZooKeeperConnection) {
        guard !client.connection.isClosing else { return }
        let nanoseconds = now.instant - slot.arrived
        client.statistics.latency.note(nanoseconds: nanoseconds)
        zookeeper.statistics.latency.note(nanoseconds: nanoseconds)
        zookeeper.requests += 1
        if let reply = slot.reply {
            self.reply(client, xid: slot.xid, reply, zxid: slot.zxid)
            if case .closeSession = slot.request, reply.code == .ok { finish(client) }
        } else {
            read(slot.request, xid: slot.xid, client)
        }
    }

    // MARK: - Answers

    /// - Parameter zxid: how much of what happened the answer shows: a write's own, what is applied for a read; 0 for an answer that
    ///   shows nothing of it. Clients take it for what they have seen, so it never goes back: a refusal may rest on less than they have
    ///   seen, and a ping must not show more than the write before it that is still on its way.
    func reply(_ client: ZooKeeperConnection, xid: Int32, _ reply: ZooKeeperReply, zxid: Int64 = 0) {
        client.seenZxid = max(client.seenZxid, zxid)
        client.statistics.lastZxid = client.seenZxid
        write(reply.frame(xid: xid, zxid: client.seenZxid), to: client)
    }

    func write(_ frame: [UInt8], to client: ZooKeeperConnection) {
        guard !client.connection.isClosing else { return }
        client.statistics.sent += 1
        zookeeper.statistics.sent += 1
        frame.withUnsafeBytes { client.connection.output.append($0) }
        markDirty(client.connection)
    }

    /// What was written is sent, then the connection is closed.
    func finish(_ client: ZooKeeperConnection) {
        client.state = .closing
        close(client.connection)
    }

    func drop(_ client: ZooKeeperConnection, _ why: String) {
        log(
            .info, "Closed a ZooKeeper client's connection.",
            [("peer", client.connection.peer), ("session.id", hex(client.session)), ("reason", why)])
        finish(client)
    }

    func dropClients(_ why: String) {
        for client in zookeeper.all where !client.connection.isClosing { drop(client, why) }
    }

    // MARK: - Backpressure

    private func pauseIfBusy(_ client: ZooKeeperConnection) {
        guard zookeeper.outstanding >= config.zookeeper.outstandingRequestsMax, !client.isIdle else { return }
        client.connection.isPaused = true
        zookeeper.paused.append(client.connection.id)
    }

    private func resumeReading() {
        guard !zookeeper.paused.isEmpty,
            zookeeper.outstanding * 2 < config.zookeeper.outstandingRequestsMax
        else { return }
        let paused = zookeeper.paused
        zookeeper.paused.removeAll()
        for id in paused {
            guard let client = zookeeper[id] else { continue }
            client.connection.isPaused = false
            markDirty(client.connection)
        }
    }
}
