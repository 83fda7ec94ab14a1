import Vocabulary

/// Opening, losing and filling links.
extension Cluster {
    mutating func enqueue(_ item: Queued, to target: Target, at now: Instant) {
        let place = resolve(target)
        if let id = peers[place]?.link, links[id]!.state == .ready {
            transmit(item, on: id)
        } else {
            peers[place, default: Peer()].queue.append(item)
            connectWhereWanted(at: now)
        }
    }

    /// Where a call goes. `any` is a broker that answers already, else one of the bootstrap addresses.
    private func resolve(_ target: Target) -> Target {
        switch target {
        case .broker: return target
        case .controller:
            return view.brokers[view.controller] == nil ? resolve(.any) : .broker(view.controller)
        case .any:
            let ready = links.values.filter { $0.state == .ready }.min { $0.id < $1.id }
            return ready.flatMap { owners[$0.id] } ?? .any
        }
    }

    private mutating func transmit(_ item: Queued, on id: LinkID) {
        do throws(ClientError) {
            effects.append(
                .send(id, try links[id]!.encode(item.call, token: item.token, deadline: item.deadline)))
        } catch {
            fail(item.token, error)
        }
    }

    mutating func fail(_ token: Int, _ error: ClientError) {
        if token == Self.metadataToken {
            metadata.isAsking = false
            metadata.isWanted = true
            metadata.failures += 1
        } else {
            failures.append(Failure(token: token, error: error))
        }
    }

    mutating func ready(_ id: LinkID, at now: Instant) {
        guard let owner = owners[id] else { return }
        unreachable = nil
        bootstrapFailures = 0
        peers[owner]?.failures = 0
        peers[owner]?.retryAt = nil
        let queue = peers[owner]?.queue ?? []
        peers[owner]?.queue = []
        for item in queue { transmit(item, on: id) }
    }

    mutating func lost(_ id: LinkID, _ error: ClientError, at now: Instant) {
        guard let link = links.removeValue(forKey: id), let owner = owners.removeValue(forKey: id) else {
            return
        }
        var peer = peers[owner] ?? Peer()
        peer.link = nil
        peer.failures += 1
        let backoff = backoffMs(failures: peer.failures)
        peer.retryAt = now.adding(milliseconds: backoff)
        let tokens = link.waitingTokens + peer.queue.map(\.token)
        peer.queue = []
        peers[owner] = peer
        if owner == .any { bootstrapLost(link, error) }
        metadata.isWanted = true
        metadata.notBefore = max(metadata.notBefore, now.adding(milliseconds: backoff))
        for token in tokens { fail(token, error) }
    }

    private mutating func bootstrapLost(_ link: Link, _ error: ClientError) {
        bootstrapTurn += 1
        bootstrapFailures += 1
        if link.state != .ready, bootstrapFailures >= settings.bootstrap.count {
            unreachable = "cannot reach \(link.endpoint): \(error)"
        }
    }

    func backoffMs(failures: Int) -> Int64 {
        min(settings.backoffMaxMs, settings.backoffMinMs << Int64(min(max(failures - 1, 0), 16)))
    }

    /// Opens a link wherever calls wait for one and the backoff is over.
    mutating func connectWhereWanted(at now: Instant) {
        for (target, peer) in peers.sorted(by: { order($0.key) < order($1.key) })
        where peer.link == nil && !peer.queue.isEmpty && (peer.retryAt ?? now) <= now {
            guard let endpoint = endpoint(of: target) else {
                let queue = peer.queue
                peers[target]!.queue = []
                metadata.isWanted = true
                for item in queue { fail(item.token, .unreachable("no such broker is known")) }
                continue
            }
            lastLink += 1
            let id = LinkID(lastLink)
            links[id] = Link(id: id, endpoint: endpoint, clientID: settings.clientID)
            owners[id] = target
            peers[target]!.link = id
            peers[target]!.retryAt = now.adding(milliseconds: settings.connectTimeoutMs)
            effects.append(.connect(id, host: endpoint.host, port: endpoint.port))
        }
    }

    private func endpoint(of target: Target) -> Endpoint? {
        switch target {
        case .broker(let id): view.brokers[id]
        case .any, .controller: settings.bootstrap[bootstrapTurn % settings.bootstrap.count]
        }
    }

    private func order(_ target: Target) -> Int32 {
        if case .broker(let id) = target { id.value } else { -1 }
    }

    /// Breaks links that answer nothing in time, and fails what waited too long for a link.
    mutating func expire(at now: Instant) {
        for id in links.keys.sorted() {
            let link = links[id]!
            let isOpeningLate =
                link.state == .connecting
                && (owners[id].flatMap { peers[$0]?.retryAt } ?? .distantFuture) <= now
            guard isOpeningLate || (link.deadline ?? .distantFuture) <= now else { continue }
            effects.append(.close(id))
            lost(id, isOpeningLate ? .unreachable("no answer to the connection attempt") : .timedOut, at: now)
        }
        for target in peers.keys.sorted(by: { order($0) < order($1) }) {
            let late = peers[target]!.queue.filter { $0.deadline <= now }
            guard !late.isEmpty else { continue }
            peers[target]!.queue.removeAll { $0.deadline <= now }
            for item in late { fail(item.token, .timedOut) }
        }
    }

    /// When `woke` is wanted next.
    func nextDue(after now: Instant) -> Instant? {
        var due = Instant.distantFuture
        for link in links.values { if let deadline = link.deadline { due = min(due, deadline) } }
        for peer in peers.values {
            if peer.link != nil || !peer.queue.isEmpty, let at = peer.retryAt, at > now { due = min(due, at) }
            for item in peer.queue { due = min(due, item.deadline) }
        }
        if metadata.isWanted, !metadata.isAsking { due = min(due, max(metadata.notBefore, now)) }
        return due == .distantFuture ? nil : due
    }
}
