import HashTreeCollections

// Reads of the committed state. A path that no node can have is one that no node has.
extension Coordination {
    /// Everybody may ask.
    package func exists(_ path: String) throws(CoordinationError) -> ZnodeStat { try found(path).node.stat }

    package func data(
        _ path: String, for identities: [Identity]
    ) throws(CoordinationError) -> (data: [UInt8]?, stat: ZnodeStat) {
        let node = try found(path).node
        try access.check(node.head.acl, .read, identities)
        guard path.utf8.starts(with: ZnodePath.quota.text.utf8), let checked = ZnodePath(path),
            let data = computedData(checked)
        else { return (node.data, node.stat) }
        return (data, node.head.stat(dataLength: data.count, childCount: node.children.count))
    }

    /// Their names, in no order.
    package func children(
        _ path: String, for identities: [Identity]
    ) throws(CoordinationError) -> (names: [String], stat: ZnodeStat) {
        let node = try found(path).node
        try access.check(node.head.acl, .read, identities)
        return (node.children.keys.map(\.text), node.stat)
    }

    /// Digests are shown to those who may administer the node.
    package func acl(
        _ path: String, for identities: [Identity]
    ) throws(CoordinationError) -> (acl: ACL, stat: ZnodeStat) {
        let node = try found(path).node
        try access.check(node.head.acl, [.read, .admin], identities)
        let isAdmin = access.permits(node.head.acl, .admin, identities)
        return (isAdmin ? node.head.acl : AccessControl.redacted(node.head.acl), node.stat)
    }

    /// How many nodes are below this one, at any depth.
    package func descendantCount(
        _ path: String, for identities: [Identity]
    ) throws(CoordinationError) -> Int32 {
        let node = try found(path).node
        try access.check(node.head.acl, .read, identities)
        return node.nodesBelow
    }

    /// The session's ephemeral nodes whose path begins so, sorted.
    package func ephemerals(of session: Int64, prefix: String) -> [String] {
        let start = prefix.utf8
        return tree.ephemeralPaths(of: session).filter { $0.utf8.starts(with: start) }
    }

    /// The session whose ephemeral node stands there, everything decided included; nil when there is none.
    package func ephemeralOwner(of path: String) -> Int64? {
        guard let path = ZnodePath(path) else { return nil }
        return node(path)?.head.owner.session
    }

    /// Whether someone may hear of a change to a node with that access list.
    package func mayRead(_ acl: ACL, _ identities: [Identity]) -> Bool {
        access.permits(acl, .read, identities)
    }

    private func found(_ path: String) throws(CoordinationError) -> ZnodeBox {
        if path.isEmpty { return tree.root }  // ZooKeeper keeps the root under that name too.
        guard let path = ZnodePath(path), let box = tree.find(path) else { throw .noNode }
        return box
    }
}
