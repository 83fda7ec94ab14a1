import Coordination
import ZooKeeper

/// From the protocol's structures to the machine's, and back.
extension WireStat {
    init(_ stat: TreeStat) {
        self.init()
        czxid = stat.czxid
        mzxid = stat.mzxid
        pzxid = stat.pzxid
        ctime = stat.ctime
        mtime = stat.mtime
        version = stat.version
        cversion = stat.cversion
        aversion = stat.aversion
        // Marks of containers and of times to live are no sessions: clients are not told of them.
        ephemeralOwner = max(0, stat.ephemeralOwner)
        dataLength = stat.dataLength
        numChildren = stat.numChildren
    }
}

extension ZnodeACL {
    init(_ entry: ACLEntry) {
        self.init(permissions: entry.permissions.rawValue, scheme: entry.identity.scheme, id: entry.identity.id)
    }

    var entry: ACLEntry { ACLEntry(Permissions(rawValue: permissions), Identity(scheme: scheme, id: id)) }
}

extension ResultCode {
    init(_ error: CoordinationError) { self.init(rawValue: error.rawValue) }
}

extension CreateRequest {
    /// - Throws: `badArguments` for kinds that this op code does not make, `unimplemented` for times to live where these are off.
    func operation(allowsTTL: Bool) throws(CoordinationError) -> ZnodeOperation {
        let kind = try ZnodeKind(flags: flags, ttl: opCode == .createTTL ? ttlMs : nil)
        if opCode == .createTTL, !allowsTTL { throw .unimplemented }
        return .create(path: path, data: data, acl: acl.map(\.entry), kind: kind)
    }
}

extension MultiOperation {
    func operation(allowsTTL: Bool) throws(CoordinationError) -> ZnodeOperation {
        switch self {
        case .create(let request): try request.operation(allowsTTL: allowsTTL)
        case .delete(let request): .delete(path: request.path, version: request.version)
        case .setData(let request): .setData(path: request.path, data: request.data, version: request.version)
        case .check(let request): .check(path: request.path, version: request.version)
        }
    }
}

extension ZooKeeperRequest {
    /// What a request that changes something asks of the leader; nil for reads.
    ///
    /// - Throws: what is wrong with it in itself.
    func command(by caller: Caller, allowsTTL: Bool) throws(CoordinationError) -> CoordinationCommand? {
        switch self {
        case .create(let request): return .write(try request.operation(allowsTTL: allowsTTL), by: caller)
        case .delete(let request):
            return .write(.delete(path: request.path, version: request.version), by: caller)
        case .setData(let request):
            return .write(.setData(path: request.path, data: request.data, version: request.version), by: caller)
        case .setACL(let request):
            return .write(
                .setACL(path: request.path, acl: request.acl.map(\.entry), version: request.version), by: caller)
        case .check(let request):
            return .write(.check(path: request.path, version: request.version), by: caller)
        case .multi(let operations):
            var list: [ZnodeOperation] = []
            for operation in operations { list.append(try operation.operation(allowsTTL: allowsTTL)) }
            return .multi(list, by: caller)
        case .closeSession: return .closeSession(id: caller.session, broker: caller.broker)
        case .exists, .getData, .getACL, .getChildren, .getChildren2, .sync, .ping, .reconfig, .checkWatches,
            .removeWatches, .deleteContainer, .multiRead, .auth, .setWatches, .sasl, .getEphemerals,
            .getAllChildrenNumber, .addWatch, .whoAmI:
            return nil
        }
    }

    /// What the client is told of a change.
    func reply(to outcome: Result<CoordinationReply, CoordinationError>) -> ZooKeeperReply {
        switch outcome {
        case .failure(let error): .failure(ResultCode(error))
        case .success(.written(let result)): reply(to: result)
        case .success(.multi(let results)):
            if case .multi(let operations) = self {
                .results(zip(results, operations).map { MultiResult($0, of: $1) })
            } else {
                .failure(.systemError)
            }
        case .success(.session), .success(.sessionClosed): .done
        }
    }

    private func reply(to result: ZnodeResult) -> ZooKeeperReply {
        switch result {
        case .created(let path, let stat):
            opCode == .create ? .path(path) : .created(path: path, WireStat(stat))
        case .deleted, .checked: .done
        case .dataSet(let stat), .aclSet(let stat): .stat(WireStat(stat))
        case .failed(let error): .failure(ResultCode(error))
        }
    }
}

extension MultiResult {
    /// `create2` answers as `create` inside of a multi; containers and nodes with a time to live as `create2`.
    init(_ result: ZnodeResult, of operation: MultiOperation) {
        switch result {
        case .created(let path, let stat):
            var tellsStat = false
            if case .create(let request) = operation {
                tellsStat = request.opCode == .createContainer || request.opCode == .createTTL || request.flags == 4
            }
            self = tellsStat ? .createdWithStat(path: path, WireStat(stat)) : .created(path: path)
        case .deleted: self = .deleted
        case .dataSet(let stat), .aclSet(let stat): self = .dataSet(WireStat(stat))
        case .checked: self = .checked
        case .failed(let error): self = .error(ResultCode(error))
        }
    }
}
