import Vocabulary

@testable import Coordination

/// What commands should do, said as plainly as possible: nodes by path, every count made anew by looking.
struct ZnodeModel {
    struct Node {
        var data: [UInt8]?
        var acl: ACL
        var created: (zxid: Int64, time: Int64)
        var changed: (zxid: Int64, time: Int64)
        var childrenChanged: Int64
        var version: Int32 = 0
        var aclVersion: Int32 = 0
        /// Of children: creations and deletions.
        var creations: Int32 = 0
        var deletions: Int32 = 0
        /// Were there before counting began.
        var firstChildren: Int32 = 0
        var owner: Int64 = 0
    }

    var nodes: [String: Node] = [:]
    var sessions: [Int64: Session] = [:]
    private var access = AccessControl(moreSchemes: [])

    init() {
        let first = { (acl: ACL) in
            Node(data: [], acl: acl, created: (0, 0), changed: (0, 0), childrenChanged: 0)
        }
        nodes = ["/": first(.open), "/zookeeper": first(.open), "/zookeeper/quota": first(.open)]
        nodes["/zookeeper/config"] = first(.readOnly)
        nodes["/zookeeper/config"]?.aclVersion = -1
        nodes["/"]?.firstChildren = 1
        nodes["/zookeeper"]?.firstChildren = 2
    }

    func children(of path: String) -> [String] {
        let start = path == "/" ? "/" : path + "/"
        return nodes.keys.filter { $0 != "/" && $0.hasPrefix(start) }.map {
            String($0.dropFirst(start.count))
        }
        .filter { !$0.contains("/") }.sorted()
    }

    func stat(_ path: String) -> ZnodeStat? {
        guard let node = nodes[path] else { return nil }
        return ZnodeStat(
            czxid: node.created.zxid, mzxid: node.changed.zxid, ctime: node.created.time,
            mtime: node.changed.time, version: node.version,
            cversion: node.creations + node.deletions - node.firstChildren, aversion: node.aclVersion,
            ephemeralOwner: sessions[node.owner] == nil ? 0 : node.owner,
            dataLength: Int32(node.data?.count ?? 0),
            numChildren: Int32(children(of: path).count), pzxid: node.childrenChanged)
    }

    mutating func run(
        _ command: CoordinationCommand, zxid: Int64, at time: Int64
    ) -> Result<CoordinationReply, CoordinationError> {
        let before = self
        do throws(CoordinationError) {
            return .success(try attempt(command, zxid, time))
        } catch {
            self = before
            return .failure(error)
        }
    }

    private mutating func attempt(
        _ command: CoordinationCommand, _ zxid: Int64, _ time: Int64
    ) throws(CoordinationError) -> CoordinationReply {
        switch command {
        case .write(let operation, let caller):
            if sessions[caller.session] == nil { throw .sessionExpired }
            return .written(try attempt(operation, caller, zxid, time))
        case .multi(let operations, let caller):
            if sessions[caller.session] == nil { throw .sessionExpired }
            let before = self
            var results: [ZnodeResult] = []
            for operation in operations {
                do throws(CoordinationError) {
                    results.append(try attempt(operation, caller, zxid, time))
                } catch {
                    self = before
                    let done = results.count
                    return .multi(
                        Array(repeating: .failed(.ok), count: done) + [.failed(error)]
                            + Array(
                                repeating: .failed(.runtimeInconsistency), count: operations.count - done - 1)
                    )
                }
            }
            return .multi(results)
        case .createSession(let timeoutMs, let password, let broker):
            let id = Int64(broker.value) << 56 | zxid
            let session = Session(id: id, password: password, timeoutMs: timeoutMs, broker: broker)
            sessions[id] = session
            return .session(session)
        case .moveSession: throw .unimplemented
        case .closeSession(let id, _):
            if sessions.removeValue(forKey: id) == nil { throw .sessionExpired }
            for path in nodes.filter({ $0.value.owner == id }).keys { remove(path, zxid) }
            return .sessionClosed
        case .deleteContainer(let path):
            guard isPath(path), path != "/" else { throw .badArguments }
            guard let node = nodes[path] else { throw .noNode }
            if !children(of: path).isEmpty { throw .notEmpty }
            let bits = UInt64(bitPattern: node.owner)
            let isExpired =
                bits >> 40 == 0xFF00_00 && node.changed.time + Int64(bits & 0xFF_FFFF_FFFF) <= time
            if node.owner != .min, !isExpired { throw .badVersion }
            if node.owner == .min, node.creations == 0 { throw .badVersion }
            remove(path, zxid)
            return .written(.deleted)
        }
    }

    private mutating func attempt(
        _ operation: ZnodeOperation, _ caller: Caller, _ zxid: Int64, _ time: Int64
    ) throws(CoordinationError) -> ZnodeResult {
        switch operation {
        case .create(let asked, let data, let acl, let kind):
            var owner: Int64 = 0
            switch kind {
            case .ephemeral, .ephemeralSequential: owner = caller.session
            case .container: owner = .min
            case .ttl(let ttl), .ttlSequential(let ttl):
                if ttl < 1 { throw .badArguments }
                owner = Int64(bitPattern: 0xFF00_0000_0000_0000) + ttl
            case .persistent, .persistentSequential: break
            }
            guard asked.contains("/") else { throw .badArguments }
            let list = try access.fixed(acl, for: caller.identities)
            let above = parent(of: asked)
            guard let parent = nodes[above] else { throw .noNode }
            try access.check(parent.acl, .create, caller.identities)
            var path = asked
            if kind.isSequential {
                let number = String(parent.creations)
                path += String(repeating: "0", count: 10 - number.count) + number
            }
            guard isPath(path) else { throw .badArguments }
            if nodes[path] != nil { throw .nodeExists }
            if sessions[parent.owner] != nil { throw .noChildrenForEphemerals }
            nodes[path] = Node(
                data: data, acl: list, created: (zxid, time), changed: (zxid, time), childrenChanged: zxid,
                owner: owner)
            nodes[above]?.creations += 1
            nodes[above]?.childrenChanged = zxid
            return .created(path: path, stat(path)!)
        case .delete(let path, let version):
            if !path.contains("/") || path == "/" || path.hasPrefix("/zookeeper") { throw .badArguments }
            guard let parent = nodes[parent(of: path)] else { throw .noNode }
            try access.check(parent.acl, .delete, caller.identities)
            guard let node = nodes[path] else { throw .noNode }
            if version != -1, version != node.version { throw .badVersion }
            if !children(of: path).isEmpty { throw .notEmpty }
            remove(path, zxid)
            return .deleted
        case .setData(let path, let data, let version):
            let node = try changeable(path, .write, caller)
            if version != -1, version != node.version { throw .badVersion }
            nodes[path]?.data = data
            nodes[path]?.version += 1
            nodes[path]?.changed = (zxid, time)
            return .dataSet(stat(path)!)
        case .setACL(let path, let acl, let version):
            if !isPath(path) { throw .badArguments }
            let list = try access.fixed(acl, for: caller.identities)
            let node = try changeable(path, .admin, caller)
            if version != -1, version != node.aclVersion { throw .badVersion }
            nodes[path]?.acl = list
            nodes[path]?.aclVersion += 1
            return .aclSet(stat(path)!)
        case .check(let path, let version):
            let node = try changeable(path, .read, caller)
            if version != -1, version != node.version { throw .badVersion }
            return .checked
        }
    }

    private func changeable(
        _ path: String, _ permission: Permissions, _ caller: Caller
    ) throws(CoordinationError) -> Node {
        if !isPath(path) { throw .badArguments }
        guard let node = nodes[path] else { throw .noNode }
        try access.check(node.acl, permission, caller.identities)
        return node
    }

    private mutating func remove(_ path: String, _ zxid: Int64) {
        nodes[path] = nil
        nodes[parent(of: path)]?.deletions += 1
        nodes[parent(of: path)]?.childrenChanged = zxid
    }

    private func parent(of path: String) -> String {
        let above = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return above.isEmpty ? "/" : String(above)
    }

    private func isPath(_ path: String) -> Bool {
        path == "/" || path.hasPrefix("/") && !path.hasSuffix("/") && !path.contains("//")
    }
}
