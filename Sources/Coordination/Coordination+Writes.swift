// Deciding writes. What is checked, in which order, is ZooKeeper's: a client may see which of two errors it gets.
extension Coordination {
    mutating func write(
        _ operation: ZnodeOperation, by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> CoordinationDecision {
        try checkSession(of: caller)
        let (write, result) = try decide(operation, by: caller, now)
        return .commit(.writes(write.map { [$0] } ?? []), .written(result))
    }

    /// Checks all, then enters all in the overlay: one that throws has changed nothing.
    /// - Returns: no write for a mere check.
    mutating func decide(
        _ operation: ZnodeOperation, by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> (ZnodeWrite?, ZnodeResult) {
        switch operation {
        case .create(let path, let data, let acl, let kind):
            try create(path, data, acl, kind, by: caller, now)
        case .delete(let path, let version): try delete(path, version, by: caller, now)
        case .setData(let path, let data, let version): try setData(path, data, version, by: caller, now)
        case .setACL(let path, let acl, let version): try setACL(path, acl, version, by: caller, now)
        case .check(let path, let version): try check(path, version, by: caller)
        }
    }

    private mutating func create(
        _ text: String, _ data: [UInt8]?, _ acl: ACL, _ kind: ZnodeKind, by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> (ZnodeWrite?, ZnodeResult) {
        try kind.check()
        try checkLength(data)
        // Before the number is there the name may be empty: `/queue/`.
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { throw .badArguments }
        let list = try access.fixed(acl, for: caller.identities)
        guard let parentPath = Self.parent(text, slash) else { throw .noNode }
        let parent = try decided(parentPath)
        try access.check(parent.head.acl, .create, caller.identities)
        let number = kind.isSequential ? Self.digits(parent.head.childrenCreated) : ""
        let name = text[text.utf8.index(after: slash)...] + number
        if text == "/", name.isEmpty { throw .nodeExists }
        // Two slashes at the start lead to the root and are no path.
        if parentPath.isRoot, slash != text.startIndex { throw .badArguments }
        guard let path = ZnodePath(text + number, childOf: parentPath, named: name) else {
            throw .badArguments
        }
        if node(path, in: parent) != nil { throw .nodeExists }
        if parent.head.owner.session != nil { throw .noChildrenForEphemerals }
        let usage = ZnodeUsage(nodes: 1, bytes: Int64(data?.count ?? 0))
        try checkQuota(path, adding: usage)

        let owner = kind.owner(session: caller.session)
        let head = ZnodeHead(zxid: now.zxid, at: now.time, owner: owner, acl: list)
        overlay.set(path, Overlay.Node(zxid: now.zxid, head: head, childCount: 0, data: data))
        var parentHead = parent.head
        parentHead.childCreated(zxid: now.zxid)
        set(parentPath, parent, parentHead, children: 1, now)
        overlay.add(usage, at: path, zxid: now.zxid)
        return (
            .create(path, data: data, acl: list, owner: owner.bits),
            .created(path: path.text, head.stat(dataLength: Int(usage.bytes), childCount: 0))
        )
    }

    private mutating func delete(
        _ text: String, _ version: Int32, by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> (ZnodeWrite?, ZnodeResult) {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")), !text.utf8.contains(0) else {
            throw .badArguments
        }
        // What is no path is the path of no node, but its parent may be there and be asked first.
        let path = ZnodePath(text)
        if let path, path.isPermanent { throw .badArguments }
        guard let parentPath = Self.parent(text, slash) else { throw .noNode }
        let parent = try decided(parentPath)
        try access.check(parent.head.acl, .delete, caller.identities)
        guard let path else { throw .noNode }
        guard let node = node(path, in: parent) else { throw .noNode }
        try Self.check(version, is: node.head.version)
        if node.childCount > 0 { throw .notEmpty }
        enterDeletion(of: path, node, from: parent, at: parentPath, now)
        return (.delete(path), .deleted)
    }

    /// Enters in the overlay that a node without children goes.
    mutating func enterDeletion(
        of path: ZnodePath, _ node: DecidedNode, from parent: DecidedNode, at parentPath: ZnodePath,
        _ now: Moment
    ) {
        overlay.set(path, Overlay.Node(zxid: now.zxid, head: nil, childCount: 0, data: nil))
        var parentHead = parent.head
        parentHead.childDeleted(zxid: now.zxid)
        set(parentPath, parent, parentHead, children: -1, now)
        overlay.add(-ZnodeUsage(nodes: 1, bytes: Int64(node.dataLength)), at: path, zxid: now.zxid)
    }

    private mutating func setData(
        _ text: String, _ data: [UInt8]?, _ version: Int32, by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> (ZnodeWrite?, ZnodeResult) {
        guard let path = ZnodePath(text) else { throw .badArguments }
        try checkLength(data)
        let node = try decided(path)
        try access.check(node.head.acl, .write, caller.identities)
        let length = data?.count ?? 0
        let usage = ZnodeUsage(nodes: 0, bytes: Int64(length - node.dataLength))
        try checkQuota(path, adding: usage)
        try Self.check(version, is: node.head.version)
        var head = node.head
        head.dataSet(zxid: now.zxid, at: now.time)
        overlay.set(
            path, Overlay.Node(zxid: now.zxid, head: head, childCount: node.childCount, data: data))
        overlay.add(usage, at: path, zxid: now.zxid)
        return (.setData(path, data), .dataSet(head.stat(dataLength: length, childCount: node.childCount)))
    }

    private mutating func setACL(
        _ text: String, _ acl: ACL, _ version: Int32, by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> (ZnodeWrite?, ZnodeResult) {
        guard let path = ZnodePath(text) else { throw .badArguments }
        let list = try access.fixed(acl, for: caller.identities)
        let node = try decided(path)
        try access.check(node.head.acl, .admin, caller.identities)
        try Self.check(version, is: node.head.aversion)
        var head = node.head
        head.aclSet(list)
        set(path, node, head, children: 0, now)
        return (
            .setACL(path, list), .aclSet(head.stat(dataLength: node.dataLength, childCount: node.childCount))
        )
    }

    private func check(
        _ text: String, _ version: Int32, by caller: Caller
    ) throws(CoordinationError) -> (ZnodeWrite?, ZnodeResult) {
        guard let path = ZnodePath(text) else { throw .badArguments }
        let node = try decided(path)
        try access.check(node.head.acl, .read, caller.identities)
        try Self.check(version, is: node.head.version)
        return (nil, .checked)
    }

    /// The path of what is left of the last slash; nil when that is none.
    private static func parent(_ text: String, _ slash: String.Index) -> ZnodePath? {
        slash == text.startIndex ? .root : ZnodePath(String(text[..<slash]))
    }

    // MARK: Helpers

    private mutating func set(
        _ path: ZnodePath, _ node: DecidedNode, _ head: ZnodeHead, children: Int, _ now: Moment
    ) {
        overlay.set(
            path,
            Overlay.Node(
                zxid: now.zxid, head: head, childCount: node.childCount + children, data: node.data))
    }

    private func checkLength(_ data: [UInt8]?) throws(CoordinationError) {
        if let data, data.count > config.dataBytesMax { throw .badArguments }
    }

    private static func check(_ asked: Int32, is version: Int32) throws(CoordinationError) {
        if asked != -1, asked != version { throw .badVersion }
    }

    /// Ten digits, more for a number below zero as Java prints it.
    private static func digits(_ number: Int32) -> String {
        let text = String(number.magnitude)
        let width = number < 0 ? 9 : 10
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}

extension ZnodePath {
    /// There from the beginning, and for ever.
    var isPermanent: Bool {
        isRoot || self == .zookeeper || self == .quota || self == .config
    }
}
