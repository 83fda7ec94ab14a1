import HashTreeCollections
package import Vocabulary

/// Reads what `SnapshotWriter` wrote, in pieces of any size. Trusts nothing: what no writer writes is an error.
package struct SnapshotReader: Sendable {
    private let config: CoordinationConfig
    private var rest: [UInt8] = []
    private var lastZxid: Int64?
    private var lists: [ACL] = []
    private var sessions: TreeDictionary<Int64, Session> = [:]
    /// The node read last, its parent, and so on to the root, which is first: each not in its parent yet.
    private var open: [(name: ExactText, node: Znode)] = []
    private var nodeCount: UInt64 = 0
    private var whole: Coordination?
    /// Bytes before `rest`.
    private var position = 0

    package init(config: CoordinationConfig = CoordinationConfig()) { self.config = config }

    /// - Throws: for bytes that are no snapshot; reading on makes no sense then.
    package mutating func read(_ piece: some Collection<UInt8>) throws(FieldError) {
        rest += piece
        var at = 0
        while let body = try nextBody(&at) {
            var input = FieldReader(slice: rest[body])
            try readRecord(&input)
        }
        rest.removeFirst(at)
        position += at
    }

    /// The state, once all pieces were read.
    package func finish() throws(FieldError) -> Coordination {
        guard let whole, rest.isEmpty else { throw .truncated(at: position + rest.count) }
        return whole
    }

    /// Where the next record is; nil when it is not whole yet.
    private func nextBody(_ at: inout Int) throws(FieldError) -> Range<Int>? {
        var length: UInt64 = 0
        for index in 0..<10 {
            guard at + index < rest.count else { return nil }
            let byte = rest[at + index]
            length |= UInt64(byte & 0x7F) << (7 * UInt64(index))
            if byte & 0x80 != 0 { continue }
            let start = at + index + 1
            guard length <= UInt64(rest.count - start) else { return nil }
            at = start + Int(length)
            return start..<at
        }
        throw .malformed(at: position + at, "a record's length of more than 64 bits")
    }

    private mutating func readRecord(_ input: inout FieldReader) throws(FieldError) {
        if whole != nil { throw malformed(input, "a record behind the end") }
        let number = try input.varint()
        guard let type = SnapshotRecord(rawValue: number) else {
            throw .unknownType(number, at: position + input.at)
        }
        if (lastZxid == nil) != (type == .header) { throw malformed(input, "a header that is not first") }
        switch type {
        case .header:
            try input.version()
            lastZxid = try input.zigzag64()
        case .list: lists.append(try input.acl())
        case .node: try readNode(&input)
        case .session:
            let session = try input.session()
            guard sessions.updateValue(session, forKey: session.id) == nil else {
                throw malformed(input, "a session that was there before")
            }
        case .end: whole = try readEnd(&input)
        }
        if !input.isAtEnd { throw malformed(input, "bytes left over") }
    }

    private mutating func readNode(_ input: inout FieldReader) throws(FieldError) {
        let depth = try input.varint()
        guard depth <= UInt64(open.count), depth <= UInt64(ZnodePath.depthMax), depth > 0 || nodeCount == 0
        else {
            throw malformed(input, "a node without its parent")
        }
        try close(downTo: Int(depth), input)
        let text = try input.string()
        guard let name = depth > 0 ? ZnodePath.name(text[...]) : text.isEmpty ? "" : nil else {
            throw malformed(input, "text that is no znode's name")
        }
        let list = try input.varint()
        guard list < UInt64(lists.count) else {
            throw malformed(input, "an access list that was not there before")
        }
        let head = try ZnodeHead(from: &input, acl: lists[Int(list)])
        open.append((name, Znode(head, data: try input.data())))
        nodeCount += 1
    }

    /// Puts nodes at `depth` and below, to which no more children come, into their parents.
    private mutating func close(downTo depth: Int, _ input: FieldReader)
        throws(FieldError)
    {
        while open.count > max(depth, 1) {
            let (name, node) = open.removeLast()
            if node.head.owner.session != nil, !node.children.isEmpty {
                throw malformed(input, "an ephemeral node with children")
            }
            guard open[open.count - 1].node.adopt(node, named: name) else {
                throw malformed(input, "a node that was there before")
            }
        }
    }

    private mutating func readEnd(_ input: inout FieldReader) throws(FieldError)
        -> Coordination
    {
        let nodes = try input.varint()
        let sessions = try input.varint()
        guard nodes == nodeCount, sessions == UInt64(self.sessions.count) else {
            throw malformed(input, "not as many nodes and sessions as were written")
        }
        try close(downTo: 1, input)
        guard let root = open.popLast()?.node, let lastZxid else { throw malformed(input, "no root") }
        let tree = ZnodeTree(root: root)
        for owner in tree.ephemerals.keys where self.sessions[owner] == nil {
            throw malformed(input, "an ephemeral node without its session")
        }
        return Coordination(tree: tree, sessions: self.sessions, lastZxid: lastZxid, config: config)
    }

    private func malformed(_ input: FieldReader, _ why: String) -> FieldError {
        .malformed(at: position + input.at, why)
    }
}

extension ZnodeHead {
    init(from input: inout FieldReader, acl: ACL) throws(FieldError) {
        czxid = try input.zigzag64()
        mzxid = czxid &+ (try input.zigzag64())
        pzxid = czxid &+ (try input.zigzag64())
        ctime = try input.zigzag64()
        mtime = ctime &+ (try input.zigzag64())
        version = try input.zigzag32()
        aversion = try input.zigzag32()
        childrenCreated = try input.zigzag32()
        owner = ZnodeOwner(bits: try input.zigzag64())
        self.acl = acl
    }
}
