import Vocabulary

/// The stored form: version, type, then the fields in order. See `CoordinationWriter` for the primitives.
///
/// How it may grow, so that every old log stays readable for ever:
/// - A type's number is never reused, and a version's fields never change.
/// - Writers use the lowest version that can say what is to be said.
/// - What is unknown, of type, version or bytes left over, is an error: skipping a change would make replicas differ.
extension CoordinationTransaction {
    private static let version: UInt8 = 0

    /// Never reused, never renumbered.
    private enum TransactionType: UInt8 {
        case writes = 1
        case sessionCreated = 2
        case sessionMoved = 3
        case sessionClosed = 4
        /// A single write, the most frequent: without a count.
        case write = 5
    }

    package func encode() -> [UInt8] {
        var out = CoordinationWriter(capacity: sizeEstimate)
        out.put(byte: Self.version)
        switch self {
        case .writes(let writes) where writes.count == 1:
            out.put(byte: TransactionType.write.rawValue)
            writes[0].encode(to: &out)
        case .writes(let writes):
            out.put(byte: TransactionType.writes.rawValue)
            out.put(writes) { $1.encode(to: &$0) }
        case .sessionCreated(let session):
            out.put(byte: TransactionType.sessionCreated.rawValue)
            out.put(session)
        case .sessionMoved(let id, let broker, let timeoutMs):
            out.put(byte: TransactionType.sessionMoved.rawValue)
            out.put(fixed: UInt64(bitPattern: id))
            out.put(broker.value)
            out.put(timeoutMs)
        case .sessionClosed(let id):
            out.put(byte: TransactionType.sessionClosed.rawValue)
            out.put(fixed: UInt64(bitPattern: id))
        }
        return out.bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(CoordinationCodingError) {
        var input = CoordinationReader(bytes)
        let version = try input.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        let place = input.at
        let number = try input.byte()
        guard let type = TransactionType(rawValue: number) else { throw .unknownType(number, at: place) }
        switch type {
        case .write: self = .writes([try ZnodeWrite(from: &input)])
        case .writes:
            self = .writes(
                try input.array { input throws(CoordinationCodingError) in try ZnodeWrite(from: &input) })
        case .sessionCreated: self = .sessionCreated(try input.session())
        case .sessionMoved:
            self = .sessionMoved(
                id: Int64(bitPattern: try input.fixed()), to: BrokerID(try input.int32()),
                timeoutMs: try input.int32())
        case .sessionClosed: self = .sessionClosed(id: Int64(bitPattern: try input.fixed()))
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
    private enum WriteType: UInt8 {
        case create = 1
        case delete = 2
        case setData = 3
        case setACL = 4
    }

    func encode(to out: inout CoordinationWriter) {
        switch self {
        case .create(let path, let data, let acl, let owner):
            out.put(byte: WriteType.create.rawValue)
            out.put(path.text)
            out.put(data)
            out.put(acl)
            out.put(owner)
        case .delete(let path):
            out.put(byte: WriteType.delete.rawValue)
            out.put(path.text)
        case .setData(let path, let data):
            out.put(byte: WriteType.setData.rawValue)
            out.put(path.text)
            out.put(data)
        case .setACL(let path, let acl):
            out.put(byte: WriteType.setACL.rawValue)
            out.put(path.text)
            out.put(acl)
        }
    }

    init(from input: inout CoordinationReader) throws(CoordinationCodingError) {
        let place = input.at
        let number = try input.byte()
        guard let type = WriteType(rawValue: number) else { throw .unknownType(number, at: place) }
        switch type {
        case .create:
            self = .create(
                try input.path(), data: try input.data(), acl: try input.acl(), owner: try input.int64())
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
