import HashTreeCollections
import Vocabulary

/// All znodes. A copy is free and stays as it is, so a snapshot can be written from one while this one changes.
///
/// Changes here are decided ones: that they cannot be made is our mistake, and stops the process.
package struct ZnodeTree: Hashable, Sendable {
    private(set) var root: ZnodeBox
    /// The ephemeral nodes of each session that has any.
    private(set) var ephemerals: TreeDictionary<Int64, TreeSet<ExactText>> = [:]
    private(set) var mortals = MortalNodes()

    /// What a new ZooKeeper holds: `/`, `/zookeeper`, `/zookeeper/quota`, `/zookeeper/config`.
    package init() {
        let first = { (acl: ACL) in Znode(ZnodeHead(zxid: 0, at: 0, owner: .nobody, acl: acl), data: []) }
        var zookeeper = first(.open)
        _ = zookeeper.adopt(first(.open), named: "quota")
        var config = first(.readOnly)
        config.head.aversion = -1  // ZooKeeper sets its list at the start.
        _ = zookeeper.adopt(config, named: "config")
        var root = first(.open)
        _ = root.adopt(zookeeper, named: "zookeeper")
        self.root = ZnodeBox(root)
    }

    /// As read from a snapshot.
    init(root: Znode) {
        self.root = ZnodeBox(root)
        var names: [ExactText] = []
        note(root, &names)
    }

    /// The root too.
    package var count: Int { Int(root.node.nodesBelow) + 1 }
    /// Bytes of data in all znodes.
    package var dataBytes: Int64 { root.node.usage.bytes }
    package var ephemeralCount: Int { ephemerals.values.reduce(0) { $0 + $1.count } }

    /// Whether there may be any.
    var hasQuotas: Bool {
        guard let quota = root.node.children["zookeeper"]?.node.children["quota"] else { return false }
        return !quota.node.children.isEmpty
    }

    func find(_ path: ZnodePath) -> ZnodeBox? {
        var box = root
        for name in path.names {
            guard let child = box.node.children[name] else { return nil }
            box = child
        }
        return box
    }

    /// Sorted.
    package func ephemeralPaths(of session: Int64) -> [String] {
        ephemerals[session]?.sorted().map(\.text) ?? []
    }

    // MARK: Changing

    /// - Returns: the parent's access list.
    mutating func create(_ path: ZnodePath, _ node: Znode) -> ACL {
        guard let name = path.names.last else { invariantFailed("the root is created") }
        let zxid = node.head.czxid
        let acl = changeParent(of: path) { parent in
            let isNew = parent.adopt(node, named: name)
            invariant(isNew, "\(path) is created and is there, zxid \(zxid)")
            parent.head.childCreated(zxid: zxid)
            return node.usage
        }
        if let session = node.head.owner.session { ephemerals[session, default: []].insert(path.key) }
        mortals.replace(nil, by: node.mortality, path)
        return acl
    }

    /// - Returns: the access lists of the node as it was, and of its parent.
    mutating func delete(_ path: ZnodePath, zxid: Int64) -> (own: ACL, parent: ACL) {
        guard let name = path.names.last else { invariantFailed("the root is deleted") }
        var deleted: Znode?
        let acl = changeParent(of: path) { parent in
            guard let node = parent.disown(name) else {
                invariantFailed("\(path) is deleted and is not there, zxid \(zxid)")
            }
            invariant(node.children.isEmpty, "\(path) is deleted and has children, zxid \(zxid)")
            parent.head.childDeleted(zxid: zxid)
            deleted = node
            return -node.usage
        }
        if let session = deleted?.head.owner.session { forgetEphemeral(path.key, of: session) }
        mortals.replace(deleted?.mortality, by: nil, path)
        return (deleted?.head.acl ?? [], acl)
    }

    /// - Returns: the node's access list.
    mutating func setData(_ path: ZnodePath, _ data: [UInt8]?, zxid: Int64, at time: Int64) -> ACL {
        change(path, upTo: path.names.count) { node in
            let growth = (data?.count ?? 0) - node.dataLength
            node.data = data
            node.head.dataSet(zxid: zxid, at: time)
            return ZnodeUsage(nodes: 0, bytes: Int64(growth))
        }
    }

    mutating func setACL(_ path: ZnodePath, _ acl: ACL) {
        _ = change(path, upTo: path.names.count) { node in
            node.head.aclSet(acl)
            return .zero
        }
    }

    private mutating func changeParent(of path: ZnodePath, _ body: (inout Znode) -> ZnodeUsage) -> ACL {
        change(path, upTo: path.names.count - 1, body)
    }

    /// - Parameters:
    ///   - end: how many of the path's names lead to the node.
    ///   - body: returns by how much the node with all below it grew.
    /// - Returns: the node's access list.
    private mutating func change(
        _ path: ZnodePath, upTo end: Int, _ body: (inout Znode) -> ZnodeUsage
    ) -> ACL {
        var acl: ACL = []
        var mortality: (before: Mortality?, after: Mortality?)
        let growth = ZnodeBox.update(&root, path.names, upTo: end) { node in
            mortality.before = node.mortality
            let growth = body(&node)
            mortality.after = node.mortality
            acl = node.head.acl
            return growth
        }
        invariant(growth != nil, "no node at the first \(end) names of \(path), which changes")
        if mortality.before != mortality.after, let changed = end == path.names.count ? path : path.parent {
            mortals.replace(mortality.before, by: mortality.after, changed)
        }
        return acl
    }

    private mutating func forgetEphemeral(_ key: ExactText, of session: Int64) {
        let removed = ephemerals[session]?.remove(key)
        invariant(removed != nil, "\(key) was no ephemeral of session \(session)")
        if ephemerals[session]?.isEmpty == true { ephemerals[session] = nil }
    }

    /// Enters a node and all below it where the tree is not the place to find them by. `names` lead to it.
    private mutating func note(_ node: Znode, _ names: inout [ExactText]) {
        if node.head.owner != .nobody {
            let path = names.reduce(ZnodePath.root) { $0.appending($1) }
            if let session = node.head.owner.session { ephemerals[session, default: []].insert(path.key) }
            mortals.replace(nil, by: node.mortality, path)
        }
        for (name, child) in node.children {
            names.append(name)
            note(child.node, &names)
            names.removeLast()
        }
    }
}
