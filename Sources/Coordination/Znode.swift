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
            cversion: childrenCreated &* 2 &- children, aversion: aversion,
            ephemeralOwner: owner.session ?? 0,
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
    private(set) var nodesBelow: Int32 = 0
    private(set) var bytesBelow: Int64 = 0
    private(set) var children: TreeDictionary<ExactText, ZnodeBox> = [:]

    init(_ head: ZnodeHead, data: [UInt8]?) {
        self.head = head
        self.data = data
    }

    var dataLength: Int { data?.count ?? 0 }
    var stat: ZnodeStat { head.stat(dataLength: dataLength, childCount: children.count) }
    /// Of this node and all below it.
    var usage: ZnodeUsage { ZnodeUsage(nodes: Int64(nodesBelow) + 1, bytes: bytesBelow + Int64(dataLength)) }

    /// Puts a node below this one and counts it here.
    /// - Returns: whether there was none of that name; if there was, it is gone.
    mutating func adopt(_ child: Znode, named name: ExactText) -> Bool {
        let before = children.updateValue(ZnodeBox(child), forKey: name)
        count(child.usage)
        return before == nil
    }

    /// Removes a node from below this one, and counts it no more.
    mutating func disown(_ name: ExactText) -> Znode? {
        guard let child = children.removeValue(forKey: name)?.node else { return nil }
        count(-child.usage)
        return child
    }

    /// Runs `body` on the node that `names[depth..<end]` lead to from here. It returns by how much that node with all below
    /// it grew, and those above it count that.
    /// - Returns: the same; nil when there is no such node.
    mutating func update(
        _ names: [ExactText], from depth: Int, upTo end: Int, _ body: (inout Znode) -> ZnodeUsage
    ) -> ZnodeUsage? {
        if depth == end { return body(&self) }
        guard let growth = children[names[depth]].update(names, from: depth + 1, upTo: end, body) else {
            return nil
        }
        count(growth)
        return growth
    }

    private mutating func count(_ growth: ZnodeUsage) {
        nodesBelow += Int32(growth.nodes)
        bytesBelow += growth.bytes
    }
}

/// Where a node lies in memory: shared between trees, and copied by the first that changes it. A tree's hash tables hold
/// references this way, and are cheap to copy themselves.
///
/// Unchecked: what several threads may see is not changed, since only who holds it alone does.
final class ZnodeBox: Hashable, @unchecked Sendable {
    private(set) var node: Znode

    init(_ node: Znode) { self.node = node }

    static func == (a: ZnodeBox, b: ZnodeBox) -> Bool { a === b || a.node == b.node }
    func hash(into hasher: inout Hasher) { node.hash(into: &hasher) }

    /// As `Znode.update`, of the node in the box or a copy of it.
    static func update(
        _ box: inout ZnodeBox, _ names: [ExactText], from depth: Int = 0, upTo end: Int,
        _ body: (inout Znode) -> ZnodeUsage
    ) -> ZnodeUsage? {
        if !isKnownUniquelyReferenced(&box) { box = ZnodeBox(box.node) }
        return box.node.update(names, from: depth, upTo: end, body)
    }
}

extension ZnodeBox? {
    /// In place, if there is a node.
    fileprivate mutating func update(
        _ names: [ExactText], from depth: Int, upTo end: Int, _ body: (inout Znode) -> ZnodeUsage
    ) -> ZnodeUsage? {
        if self == nil { return nil }
        return ZnodeBox.update(&self!, names, from: depth, upTo: end, body)
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

    static let zero = ZnodeUsage(nodes: 0, bytes: 0)

    static prefix func - (usage: ZnodeUsage) -> ZnodeUsage {
        ZnodeUsage(nodes: -usage.nodes, bytes: -usage.bytes)
    }

    static func += (a: inout ZnodeUsage, b: ZnodeUsage) {
        a.nodes += b.nodes
        a.bytes += b.bytes
    }
}
