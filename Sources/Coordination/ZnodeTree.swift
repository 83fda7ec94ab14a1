import HashTreeCollections
import Vocabulary

/// All znodes. A copy is free and stays as it is, so a snapshot can be written from one while this one changes.
///
/// Changes here are decided ones: that they cannot be made is our mistake, and stops the process.
package struct ZnodeTree: Hashable, Sendable {
    private(set) var root: Znode
    /// The ephemeral nodes of each session that has any.
    private(set) var ephemerals: TreeDictionary<Int64, TreeSet<ExactText>> = [:]
    private(set) var mortals = MortalNodes()

    /// What a new ZooKeeper holds: `/`, `/zookeeper`, `/zookeeper/quota`, `/zookeeper/config`.
    package init() {
        root = Self.first(.open)
        root.children["zookeeper"] = Self.first(.open)
        root.nodesBelow = 3
        _ = root.update(ZnodePath.zookeeper.names, adding: ZnodeUsage(nodes: 0, bytes: 0)) { node in
            node.children = ["quota": Self.first(.open), "config": Self.first(.readOnly)]
            node.nodesBelow = 2
        }
    }

    /// As read from a snapshot.
    init(root: Znode) {
        self.root = root
        var names: [ExactText] = []
        note(root, &names)
    }

    /// The root too.
    package var count: Int { Int(root.nodesBelow) + 1 }
    /// Bytes of data in all znodes.
    package var dataBytes: Int64 { root.usage.bytes }
    package var ephemeralCount: Int { ephemerals.values.reduce(0) { $0 + $1.count } }

    func node(_ path: ZnodePath) -> Znode? { root.node(path.names) }

    /// Sorted.
    package func ephemeralPaths(of session: Int64) -> [String] {
        ephemerals[session]?.sorted().map(\.text) ?? []
    }

    // MARK: Changing

    mutating func create(_ path: ZnodePath, _ node: Znode) {
        guard let name = path.names.last, let parent = path.parent else { invariantFailed("the root is created") }
        let zxid = node.head.czxid
        change(parent, adding: node.usage) { parent in
            let before = parent.children.updateValue(node, forKey: name)
            invariant(before == nil, "\(path) is created and is there, zxid \(zxid)")
            parent.count(node.usage)
            parent.head.childCreated(zxid: zxid)
        }
        if let session = node.head.owner.session { ephemerals[session, default: []].insert(path.key) }
        mortals.replace(nil, by: node.mortality, path)
    }

    mutating func delete(_ path: ZnodePath, zxid: Int64) {
        guard let name = path.names.last, let parent = path.parent, let node = node(path) else {
            invariantFailed("\(path) is deleted and is not there, zxid \(zxid)")
        }
        invariant(node.children.isEmpty, "\(path) is deleted and has children, zxid \(zxid)")
        change(parent, adding: -node.usage) { parent in
            parent.children[name] = nil
            parent.count(-node.usage)
            parent.head.childDeleted(zxid: zxid)
        }
        if let session = node.head.owner.session { forgetEphemeral(path.key, of: session) }
        mortals.replace(node.mortality, by: nil, path)
    }

    mutating func setData(_ path: ZnodePath, _ data: [UInt8]?, zxid: Int64, at time: Int64) {
        let before = node(path)?.dataLength ?? 0
        change(path, adding: ZnodeUsage(nodes: 0, bytes: Int64((data?.count ?? 0) - before))) { node in
            node.data = data
            node.head.dataSet(zxid: zxid, at: time)
        }
    }

    mutating func setACL(_ path: ZnodePath, _ acl: ACL) {
        change(path, adding: ZnodeUsage(nodes: 0, bytes: 0)) { $0.head.aclSet(acl) }
    }

    private mutating func change(
        _ path: ZnodePath, adding usage: ZnodeUsage, _ body: (inout Znode) -> Void
    ) {
        var before: Mortality?
        var after: Mortality?
        let isThere = root.update(path.names, adding: usage) { node in
            before = node.mortality
            body(&node)
            after = node.mortality
        }
        invariant(isThere, "\(path) is changed and is not there")
        mortals.replace(before, by: after, path)
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
            note(child, &names)
            names.removeLast()
        }
    }

    private static func first(_ acl: ACL) -> Znode {
        Znode(ZnodeHead(zxid: 0, at: 0, owner: .nobody, acl: acl), data: [])
    }
}
