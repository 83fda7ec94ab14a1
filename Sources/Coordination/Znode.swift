import HashTreeCollections

/// What is known of a znode besides its data and its children. The tree and the overlay share it, so that what is
/// decided and what is replayed change it by the same lines.
struct ZnodeHead: Hashable, Sendable {
    let czxid: Int64
    var mzxid: Int64
    var pzxid: Int64
    /// Milliseconds since 1970.
    let ctime: Int64
    var mtime: Int64
    var version: Int32 = 0
    var aversion: Int32 = 0
    /// How many children were ever created; the next sequential child's number.
    var childrenCreated: Int32 = 0
    let owner: ZnodeOwner
    var acl: ACL

    init(zxid: Int64, at time: Int64, owner: ZnodeOwner, acl: ACL) {
        czxid = zxid
        mzxid = zxid
        pzxid = zxid
        ctime = time
        mtime = time
        self.owner = owner
        self.acl = acl
    }

    mutating func childCreated(zxid: Int64) {
        childrenCreated &+= 1
        pzxid = zxid
    }

    mutating func childDeleted(zxid: Int64) { pzxid = zxid }

    mutating func dataSet(zxid: Int64, at time: Int64) {
        version = Self.next(version)
        mzxid = zxid
        mtime = time
    }

    mutating func aclSet(_ list: ACL) {
        acl = list
        aversion = Self.next(aversion)
    }

    func stat(dataLength: Int, childCount: Int) -> ZnodeStat {
        let children = Int32(truncatingIfNeeded: childCount)
        return ZnodeStat(
            czxid: czxid, mzxid: mzxid, ctime: ctime, mtime: mtime, version: version,
            // Creations and deletions: what was created and is no more was deleted.
            cversion: childrenCreated &* 2 &- children, aversion: aversion, ephemeralOwner: owner.bits,
            dataLength: Int32(truncatingIfNeeded: dataLength), numChildren: children, pzxid: pzxid)
    }

    /// -1 means any version to clients, so no node ever has it.
    private static func next(_ version: Int32) -> Int32 { version == -2 ? 0 : version &+ 1 }
}

/// A node of the tree with all below it.
struct Znode: Hashable, Sendable {
    var head: ZnodeHead
    /// Nil is not empty: clients that gave none get none.
    var data: [UInt8]?
    /// How many nodes are below it, and the bytes of their data.
    var nodesBelow: Int32 = 0
    var bytesBelow: Int64 = 0
    var children: TreeDictionary<ExactText, Znode> = [:]

    init(_ head: ZnodeHead, data: [UInt8]?) {
        self.head = head
        self.data = data
    }

    var dataLength: Int { data?.count ?? 0 }
    var stat: ZnodeStat { head.stat(dataLength: dataLength, childCount: children.count) }
    /// Of this node and all below it.
    var usage: ZnodeUsage { ZnodeUsage(nodes: Int64(nodesBelow) + 1, bytes: bytesBelow + Int64(dataLength)) }

    func node(_ names: [ExactText]) -> Znode? {
        var node = self
        for name in names {
            guard let child = node.children[name] else { return nil }
            node = child
        }
        return node
    }

    /// Runs `body` on the node at `names[depth...]` below this one; the nodes above it count what it adds below them.
    /// - Returns: whether there is such a node; if not, the counts are wrong now.
    mutating func update(
        _ names: [ExactText], depth: Int = 0, adding added: ZnodeUsage, _ body: (inout Znode) -> Void
    ) -> Bool {
        if depth == names.count {
            body(&self)
            return true
        }
        count(added)
        return children[names[depth]]?.update(names, depth: depth + 1, adding: added, body) ?? false
    }

    /// All below this node has become that much more.
    mutating func count(_ added: ZnodeUsage) {
        nodesBelow += Int32(added.nodes)
        bytesBelow += added.bytes
    }
}

/// How much there is: what quotas bound.
package struct ZnodeUsage: Hashable, Sendable {
    package var nodes: Int64
    package var bytes: Int64

    package init(nodes: Int64, bytes: Int64) {
        self.nodes = nodes
        self.bytes = bytes
    }

    static prefix func - (usage: ZnodeUsage) -> ZnodeUsage {
        ZnodeUsage(nodes: -usage.nodes, bytes: -usage.bytes)
    }

    static func += (a: inout ZnodeUsage, b: ZnodeUsage) {
        a.nodes += b.nodes
        a.bytes += b.bytes
    }
}
