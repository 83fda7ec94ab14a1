import Wire

@testable import ZooKeeper

/// Frames as text: fields in their order on the wire, strings in quotes, bytes in hexadecimal between angle brackets,
/// stats as their eleven numbers in the wire's order.
enum FrameText {
    static func of(_ request: ConnectRequest) -> String {
        "version=\(request.protocolVersion) zxid=\(request.lastZxidSeen) timeout=\(request.timeoutMs) "
            + "session=\(request.sessionID) password=\(of(request.password)) "
            + "readOnly=\(request.isReadOnly.map(String.init) ?? "null")"
    }

    static func of(_ response: ConnectResponse) -> String {
        "version=\(response.protocolVersion) timeout=\(response.timeoutMs) session=\(response.sessionID) "
            + "password=\(of(response.password)) readOnly=\(response.isReadOnly.map(String.init) ?? "null")"
    }

    static func of(_ header: ZooKeeperReplyHeader) -> String {
        "xid=\(header.xid) zxid=\(header.zxid) err=\(header.code.rawValue)"
    }

    static func of(_ event: WatcherEvent) -> String {
        "type=\(event.kind.rawValue) state=\(event.state.rawValue) path=\(quoted(event.path))"
    }

    /// The body, without the op code's name.
    static func of(_ request: ZooKeeperRequest) -> String {
        switch request {
        case .create(let request): of(request)
        case .delete(let request), .check(let request): of(request)
        case .exists(let request), .getData(let request), .getChildren(let request),
            .getChildren2(let request):
            of(request)
        case .setData(let request): of(request)
        case .getACL(let path), .sync(let path), .getEphemerals(let path), .getAllChildrenNumber(let path):
            "path=\(quoted(path))"
        case .setACL(let request):
            "path=\(quoted(request.path)) acl=\(of(request.acl)) version=\(request.version)"
        case .ping, .whoAmI, .closeSession: ""
        case .multi(let operations):
            operations.map { operation in
                let body =
                    switch operation {
                    case .create(let request): of(request)
                    case .delete(let request), .check(let request): of(request)
                    case .setData(let request): of(request)
                    }
                return "(\(operation.opCode) \(body))"
            }.joined(separator: " ")
        case .multiRead(let operations):
            operations.map { operation in
                switch operation {
                case .getData(let request): "(getData \(of(request)))"
                case .getChildren(let request): "(getChildren \(of(request)))"
                }
            }.joined(separator: " ")
        case .reconfig(let request):
            "joining=\(request.joining.map(quoted) ?? "null") leaving=\(request.leaving.map(quoted) ?? "null") "
                + "members=\(request.members.map(quoted) ?? "null") config=\(request.configID)"
        case .checkWatches(let request), .removeWatches(let request), .addWatch(let request):
            "path=\(quoted(request.path)) number=\(request.number)"
        case .deleteContainer(let path): "path=\(quoted(path))"
        case .auth(let request):
            "type=\(request.type) scheme=\(quoted(request.scheme)) auth=\(of(request.auth))"
        case .setWatches(let request): of(request)
        case .sasl(let token): "token=\(of(token))"
        }
    }

    static func of(_ reply: ZooKeeperReply) -> String {
        switch reply {
        case .done, .failure: ""
        case .path(let path): "path=\(quoted(path))"
        case .created(let path, let stat): "path=\(quoted(path)) stat=\(of(stat))"
        case .stat(let stat): "stat=\(of(stat))"
        case .data(let data, let stat): "data=\(of(data)) stat=\(of(stat))"
        case .acl(let acl, let stat): "acl=\(of(acl)) stat=\(of(stat))"
        case .names(let names): "names=\(of(names))"
        case .children(let names, let stat): "names=\(of(names)) stat=\(of(stat))"
        case .count(let count): "count=\(count)"
        case .results(let results): results.map { "(\(of($0)))" }.joined(separator: " ")
        case .watchAdded: "err=0"
        case .identities(let identities):
            "identities=[\(identities.map { "\(quoted($0.scheme)) \(quoted($0.user))" }.joined(separator: ", "))]"
        case .token(let token): "token=\(of(token))"
        }
    }

    private static func of(_ result: MultiResult) -> String {
        switch result {
        case .created(let path): "create path=\(quoted(path))"
        case .createdWithStat(let path, let stat): "create2 path=\(quoted(path)) stat=\(of(stat))"
        case .deleted: "delete"
        case .dataSet(let stat): "setData stat=\(of(stat))"
        case .checked: "check"
        case .data(let data, let stat): "getData data=\(of(data)) stat=\(of(stat))"
        case .children(let names): "getChildren names=\(of(names))"
        case .error(let code): "error \(code.rawValue)"
        }
    }

    private static func of(_ request: CreateRequest) -> String {
        let common =
            "path=\(quoted(request.path)) data=\(of(request.data)) acl=\(of(request.acl)) flags=\(request.flags)"
        return request.opCode == .createTTL ? common + " ttl=\(request.ttlMs)" : common
    }

    private static func of(_ request: VersionedPath) -> String {
        "path=\(quoted(request.path)) version=\(request.version)"
    }

    private static func of(_ request: ReadRequest) -> String {
        "path=\(quoted(request.path)) watch=\(request.isWatching)"
    }

    private static func of(_ request: SetDataRequest) -> String {
        "path=\(quoted(request.path)) data=\(of(request.data)) version=\(request.version)"
    }

    private static func of(_ request: SetWatchesRequest) -> String {
        let three =
            "zxid=\(request.relativeZxid) data=\(of(request.data)) exist=\(of(request.exist)) "
            + "child=\(of(request.child))"
        guard request.opCode == .setWatches2 else { return three }
        return three + " persistent=\(of(request.persistent)) recursive=\(of(request.persistentRecursive))"
    }

    private static func of(_ stat: ZnodeStat) -> String {
        "{\(stat.czxid) \(stat.mzxid) \(stat.ctime) \(stat.mtime) \(stat.version) \(stat.cversion) "
            + "\(stat.aversion) \(stat.ephemeralOwner) \(stat.dataLength) \(stat.numChildren) \(stat.pzxid)}"
    }

    private static func of(_ acl: [ZnodeACL]) -> String {
        "[\(acl.map { "\($0.permissions) \(quoted($0.scheme)) \(quoted($0.id))" }.joined(separator: ", "))]"
    }

    private static func of(_ names: [String]) -> String { "[\(names.map(quoted).joined(separator: ", "))]" }

    private static func of(_ bytes: [UInt8]?) -> String {
        guard let bytes else { return "null" }
        return "<\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())>"
    }

    private static func quoted(_ text: String) -> String { "\"\(text)\"" }
}
