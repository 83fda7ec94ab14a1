import Coordination
import Vocabulary
import ZooKeeper

/// Reads, from this broker's own copy of the tree, and the watches they leave.
extension QuorumLoop {
    func read(_ request: ZooKeeperRequest, xid: Int32, _ client: ZooKeeperConnection) {
        let answer: ZooKeeperReply
        do throws(CoordinationError) {
            answer = try self.answer(to: request, client)
        } catch {
            answer = .failure(ResultCode(error))
        }
        reply(client, xid: xid, answer, zxid: applied.value)
    }

    private func answer(
        to request: ZooKeeperRequest, _ client: ZooKeeperConnection
    ) throws(CoordinationError) -> ZooKeeperReply {
        switch request {
        case .exists(let read):
            // A node that is not there can be watched for.
            if read.isWatching { zookeeper.watches.add(.data, read.path, for: client.session) }
            return .stat(WireStat(try coordination.exists(read.path)))
        case .getData(let read):
            let (data, stat) = try coordination.data(read.path, for: client.identities)
            if read.isWatching { zookeeper.watches.add(.data, read.path, for: client.session) }
            return .data(data, WireStat(stat))
        case .getChildren(let read):
            let (names, _) = try children(read, client)
            return .names(names)
        case .getChildren2(let read):
            let (names, stat) = try children(read, client)
            return .children(names, WireStat(stat))
        case .getACL(let path):
            let (acl, stat) = try coordination.acl(path, for: client.identities)
            return .acl(acl.map { ZnodeACL($0) }, WireStat(stat))
        case .getEphemerals(let prefix):
            return .names(coordination.ephemerals(of: client.session, prefix: prefix))
        case .getAllChildrenNumber(let path):
            return .count(try coordination.descendantCount(path, for: client.identities))
        case .multiRead(let operations): return .results(operations.map { result(of: $0, client) })
        case .whoAmI: return .identities(client.identities.map(Self.shown))
        case .checkWatches(let request): return try checkWatches(request, client, removes: false)
        case .removeWatches(let request): return try checkWatches(request, client, removes: true)
        case .addWatch(let request): return try addWatch(request, client)
        case .setWatches(let request): return setWatches(request, client)
        case .create, .delete, .setData, .setACL, .sync, .ping, .check, .multi, .reconfig, .deleteContainer, .auth,
            .sasl, .closeSession:
            invariantFailed("\(request.opCode) is no read")
        }
    }

    private func children(
        _ read: ReadRequest, _ client: ZooKeeperConnection
    ) throws(CoordinationError) -> (names: [String], stat: TreeStat) {
        let found = try coordination.children(read.path, for: client.identities)
        if read.isWatching { zookeeper.watches.add(.children, read.path, for: client.session) }
        return found
    }

    private func result(of operation: MultiReadOperation, _ client: ZooKeeperConnection) -> MultiResult {
        do throws(CoordinationError) {
            switch operation {
            case .getData(let read):
                let (data, stat) = try coordination.data(read.path, for: client.identities)
                return .data(data, WireStat(stat))
            case .getChildren(let read):
                return .children(try coordination.children(read.path, for: client.identities).names)
            }
        } catch {
            return .error(ResultCode(error))
        }
    }

    /// As `whoAmI` tells an identity: a digest by its user alone.
    private static func shown(_ identity: Identity) -> ClientIdentity {
        let isDigest = identity.scheme == "digest"
        let user = isDigest ? String(identity.id.prefix { $0 != ":" }) : identity.id
        return ClientIdentity(scheme: identity.scheme, user: user)
    }

    // MARK: - Watches

    private func checkWatches(
        _ request: WatchRequest, _ client: ZooKeeperConnection, removes: Bool
    ) throws(CoordinationError) -> ZooKeeperReply {
        guard let type = WatcherType(rawValue: request.number) else { throw .marshallingError }
        let isThere =
            removes
            ? zookeeper.watches.remove(type, request.path, for: client.session)
            : zookeeper.watches.contains(type, request.path, for: client.session)
        if !isThere { throw .noWatcher }
        return .done
    }

    private func addWatch(
        _ request: WatchRequest, _ client: ZooKeeperConnection
    ) throws(CoordinationError) -> ZooKeeperReply {
        switch request.mode {
        case .persistent: zookeeper.watches.add(.persistent, request.path, for: client.session)
        case .persistentRecursive: zookeeper.watches.add(.persistentRecursive, request.path, for: client.session)
        case nil: throw .marshallingError
        }
        return .watchAdded
    }

    /// A client that came back: what it missed it hears at once, before the answer.
    private func setWatches(_ request: SetWatchesRequest, _ client: ZooKeeperConnection) -> ZooKeeperReply {
        var former = FormerWatches()
        former.data = request.data
        former.exists = request.exist
        former.children = request.child
        former.persistent = request.persistent
        former.persistentRecursive = request.persistentRecursive
        let events = zookeeper.watches.renew(
            former, for: client.session, since: request.relativeZxid, in: coordination)
        for event in events { tell(event, client, zxid: -1) }
        return .done
    }

    /// What a transaction changed, to those who watch, before any answer that shows it.
    func notify(_ changes: [ZnodeChange], zxid: Int64) {
        for fired in zookeeper.watches.fire(changes) {
            guard let client = zookeeper.client(ofSession: fired.watcher),
                coordination.mayRead(fired.event.acl, client.identities)
            else { continue }
            tell(fired.event, client, zxid: zxid)
        }
    }

    private func tell(_ event: WatchEvent, _ client: ZooKeeperConnection, zxid: Int64) {
        guard let kind = WatcherEvent.Kind(rawValue: event.kind.rawValue) else {
            invariantFailed("an event without a number: \(event.kind)")
        }
        if Canary.losesEvents.isChosen, zxid % 8 == 0 { return }
        write(WatcherEvent(kind, path: event.path).notificationFrame(zxid: zxid), to: client)
    }
}
