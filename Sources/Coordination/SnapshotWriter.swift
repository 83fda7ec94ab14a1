import HashTreeCollections
import Vocabulary

/// The kinds of records in a snapshot, each behind its length: a header, access lists before the first node that has
/// one, the tree from the root down (a node before its children), sessions, an end.
enum SnapshotRecord: UInt64 {
    case header = 1
    case list = 2
    case node = 3
    case session = 4
    case end = 5
}

/// Writes a snapshot piece by piece, from a copy that does not change while the original goes on: on another thread too.
///
/// The same state gives other bytes in another process: children stand in the order of their hashes.
package struct SnapshotWriter: Sendable {
    private var sessions: TreeDictionary<Int64, Session>.Iterator
    private let sessionCount: Int
    private let nodeCount: Int
    /// The children yet to be written of the node last written, of its parent, and so on to the root, which is first.
    private var open: [TreeDictionary<ExactText, ZnodeBox>.Iterator] = []
    private var root: Znode?
    private var listNumbers: [ACL: UInt64] = [:]
    /// Written, not handed out.
    private var out = FieldWriter()
    private var isAtEnd = false

    package init(_ coordination: Coordination) {
        sessions = coordination.sessions.makeIterator()
        sessionCount = coordination.sessions.count
        nodeCount = coordination.tree.count
        root = coordination.tree.root.node
        var header = FieldWriter()
        header.put(type: SnapshotRecord.header)
        header.putVersion()
        header.put(zigzag: coordination.lastZxid)
        add(header)
    }

    /// - Returns: the next bytes, `maxBytes` of them but for the last piece; nil when all have been handed out.
    package mutating func next(maxBytes: Int) -> [UInt8]? {
        while out.bytes.count < maxBytes, !isAtEnd { writeNext() }
        if out.bytes.isEmpty { return nil }
        return out.take(maxBytes)
    }

    private mutating func writeNext() {
        if let root {
            write(root, named: "", depth: 0)
            self.root = nil
            return
        }
        while let last = open.indices.last {
            if let (name, box) = open[last].next() { return write(box.node, named: name, depth: open.count) }
            open.removeLast()
        }
        var record = FieldWriter()
        if let (_, session) = sessions.next() {
            record.put(type: SnapshotRecord.session)
            record.put(session)
        } else {
            record.put(type: SnapshotRecord.end)
            record.put(varint: UInt64(nodeCount))
            record.put(varint: UInt64(sessionCount))
            isAtEnd = true
        }
        add(record)
    }

    private mutating func write(_ node: Znode, named name: ExactText, depth: Int) {
        let head = node.head
        var record = FieldWriter(capacity: node.dataLength + name.text.utf8.count + 64)
        record.put(type: SnapshotRecord.node)
        record.put(varint: UInt64(depth))
        record.put(name.text)
        record.put(varint: number(of: head.acl))
        record.put(zigzag: head.czxid)
        record.put(zigzag: head.mzxid &- head.czxid)
        record.put(zigzag: head.pzxid &- head.czxid)
        record.put(zigzag: head.ctime)
        record.put(zigzag: head.mtime &- head.ctime)
        record.put(zigzag: head.version)
        record.put(zigzag: head.aversion)
        record.put(zigzag: head.childrenCreated)
        record.put(zigzag: head.owner.bits)
        record.put(data: node.data)
        add(record)
        open.append(node.children.makeIterator())
    }

    private mutating func number(of list: ACL) -> UInt64 {
        if let known = listNumbers[list] { return known }
        let number = UInt64(listNumbers.count)
        listNumbers[list] = number
        var record = FieldWriter()
        record.put(type: SnapshotRecord.list)
        record.put(list)
        add(record)
        return number
    }

    private mutating func add(_ record: FieldWriter) {
        out.put(varint: UInt64(record.bytes.count))
        out.append(record.bytes)
    }
}
