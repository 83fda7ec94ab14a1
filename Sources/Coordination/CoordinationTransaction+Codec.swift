package import Vocabulary

/// The stored form: version, type, then the fields in order. See `FieldWriter` for the primitives.
///
/// How it may grow, so that every old log stays readable for ever:
/// - A type's number is never reused, and a version's fields never change.
/// - Writers use the lowest version that can say what is to be said.
/// - What is unknown, of type, version or bytes left over, is an error: skipping a change would make replicas differ.
extension CoordinationTransaction {
    /// Never reused, never renumbered.
    private enum TransactionType: UInt64 {
        case writes = 1
        case sessionCreated = 2
        case sessionMoved = 3
        case sessionClosed = 4
        /// A single write, the most frequent: without a count.
        case write = 5
    }

    package func encode() -> [UInt8] {
        var out = FieldWriter(capacity: sizeEstimate)
        out.putVersion()
        switch self {
        case .writes(let writes) where writes.count == 1:
            out.put(type: TransactionType.write)
            writes[0].encode(to: &out)
        case .writes(let writes):
            out.put(type: TransactionType.writes)
            out.put(writes) { $1.encode(to: &$0) }
        case .sessionCreated(let session):
            out.put(type: TransactionType.sessionCreated)
            out.put(session)
        case .sessionMoved(let id, let broker, let timeoutMs):
            out.put(type: TransactionType.sessionMoved)
            out.put(id)
            out.put(zigzag: broker.value)
            out.put(zigzag: timeoutMs)
        case .sessionClosed(let id):
            out.put(type: TransactionType.sessionClosed)
            out.put(id)
        }
        return out.bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(FieldError) {
        var input = FieldReader(bytes)
        try input.version()
        switch try input.type(TransactionType.self) {
        case .write: self = .writes([try ZnodeWrite(from: &input)])
        case .writes:
            self = .writes(
                try input.array { input throws(FieldError) in try ZnodeWrite(from: &input) })
        case .sessionCreated: self = .sessionCreated(try input.session())
        case .sessionMoved:
            self = .sessionMoved(
                id: try input.integer(Int64.self), to: BrokerID(try input.zigzag32()),
                timeoutMs: try input.zigzag32())
        case .sessionClosed: self = .sessionClosed(id: try input.integer(Int64.self))
        }
        try input.end()
    }

    private var sizeEstimate: Int {
        guard case .writes(let writes) = self else { return 48 }
        return writes.reduce(16) { $0 + $1.sizeEstimate }
    }
}

extension ZnodeWrite {
    /// Never reused, never renumbered.
    private enum WriteType: UInt64 {
        case create = 1
        case delete = 2
        case setData = 3
        case setACL = 4
    }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .create(let path, let data, let acl, let owner):
            out.put(type: WriteType.create)
            out.put(path.text)
            out.put(data: data)
            out.put(acl)
            out.put(zigzag: owner)
        case .delete(let path):
            out.put(type: WriteType.delete)
            out.put(path.text)
        case .setData(let path, let data):
            out.put(type: WriteType.setData)
            out.put(path.text)
            out.put(data: data)
        case .setACL(let path, let acl):
            out.put(type: WriteType.setACL)
            out.put(path.text)
            out.put(acl)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        switch try input.type(WriteType.self) {
        case .create:
            self = .create(
                try input.path(), data: try input.data(), acl: try input.acl(), owner: try input.zigzag64())
        case .delete: self = .delete(try input.path())
        case .setData: self = .setData(try input.path(), try input.data())
        case .setACL: self = .setACL(try input.path(), try input.acl())
        }
    }

    var sizeEstimate: Int {
        switch self {
        case .create(let path, let data, _, _): path.text.utf8.count + (data?.count ?? 0) + 32
        case .setData(let path, let data): path.text.utf8.count + (data?.count ?? 0) + 16
        case .delete(let path), .setACL(let path, _): path.text.utf8.count + 64
        }
    }
}
