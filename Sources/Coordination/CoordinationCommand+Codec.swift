import Vocabulary

/// A command on its way from the broker that was asked to the leader. Both may be of different versions of the program: a leader
/// refuses what it does not know.
extension CoordinationCommand {
    private static let version: UInt8 = 0

    private enum CommandType: UInt8 {
        case write = 1
        case multi = 2
        case createSession = 3
        case moveSession = 4
        case closeSession = 5
        case deleteContainer = 6
    }

    package func encode() -> [UInt8] {
        var out = CoordinationWriter()
        out.put(byte: Self.version)
        switch self {
        case .write(let operation, let caller):
            out.put(byte: CommandType.write.rawValue)
            caller.encode(to: &out)
            operation.encode(to: &out)
        case .multi(let operations, let caller):
            out.put(byte: CommandType.multi.rawValue)
            caller.encode(to: &out)
            out.put(operations) { $1.encode(to: &$0) }
        case .createSession(let timeoutMs, let password, let broker):
            out.put(byte: CommandType.createSession.rawValue)
            out.put(Session(id: 0, password: password, timeoutMs: timeoutMs, broker: broker))
        case .moveSession(let id, let password, let timeoutMs, let broker):
            out.put(byte: CommandType.moveSession.rawValue)
            out.put(Session(id: id, password: password, timeoutMs: timeoutMs, broker: broker))
        case .closeSession(let id, let broker):
            out.put(byte: CommandType.closeSession.rawValue)
            out.put(fixed: UInt64(bitPattern: id))
            out.put(byte: broker == nil ? 0 : 1)
            if let broker { out.put(broker.value) }
        case .deleteContainer(let path):
            out.put(byte: CommandType.deleteContainer.rawValue)
            out.put(path)
        }
        return out.bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(CoordinationCodingError) {
        var input = CoordinationReader(bytes)
        let version = try input.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        let place = input.at
        let number = try input.byte()
        guard let type = CommandType(rawValue: number) else { throw .unknownType(number, at: place) }
        switch type {
        case .write:
            let caller = try Caller(from: &input)
            self = .write(try ZnodeOperation(from: &input), by: caller)
        case .multi:
            let caller = try Caller(from: &input)
            let operations = try input.array { input throws(CoordinationCodingError) in
                try ZnodeOperation(from: &input)
            }
            self = .multi(operations, by: caller)
        case .createSession:
            let session = try input.session()
            self = .createSession(
                timeoutMs: session.timeoutMs, password: session.password, broker: session.broker)
        case .moveSession:
            let session = try input.session()
            self = .moveSession(
                id: session.id, password: session.password, timeoutMs: session.timeoutMs,
                broker: session.broker)
        case .closeSession:
            let id = Int64(bitPattern: try input.fixed())
            self = .closeSession(id: id, broker: try input.byte() == 0 ? nil : BrokerID(try input.int32()))
        case .deleteContainer: self = .deleteContainer(path: try input.string())
        }
        try input.end()
    }
}

extension Caller {
    func encode(to out: inout CoordinationWriter) {
        out.put(fixed: UInt64(bitPattern: session))
        out.put(broker.value)
        out.put(identities) { $0.put($1) }
    }

    init(from input: inout CoordinationReader) throws(CoordinationCodingError) {
        session = Int64(bitPattern: try input.fixed())
        broker = BrokerID(try input.int32())
        identities = try input.array { input throws(CoordinationCodingError) in try input.identity() }
    }
}

extension ZnodeOperation {
    private enum OperationType: UInt8 {
        case create = 1
        case delete = 2
        case setData = 3
        case setACL = 4
        case check = 5
    }

    func encode(to out: inout CoordinationWriter) {
        switch self {
        case .create(let path, let data, let acl, let kind):
            out.put(byte: OperationType.create.rawValue)
            out.put(path)
            out.put(data)
            out.put(acl)
            kind.encode(to: &out)
        case .delete(let path, let version):
            out.put(byte: OperationType.delete.rawValue)
            out.put(path)
            out.put(version)
        case .setData(let path, let data, let version):
            out.put(byte: OperationType.setData.rawValue)
            out.put(path)
            out.put(data)
            out.put(version)
        case .setACL(let path, let acl, let version):
            out.put(byte: OperationType.setACL.rawValue)
            out.put(path)
            out.put(acl)
            out.put(version)
        case .check(let path, let version):
            out.put(byte: OperationType.check.rawValue)
            out.put(path)
            out.put(version)
        }
    }

    init(from input: inout CoordinationReader) throws(CoordinationCodingError) {
        let place = input.at
        let number = try input.byte()
        guard let type = OperationType(rawValue: number) else { throw .unknownType(number, at: place) }
        let path = try input.string()
        switch type {
        case .create:
            self = .create(
                path: path, data: try input.data(), acl: try input.acl(), kind: try ZnodeKind(from: &input))
        case .delete: self = .delete(path: path, version: try input.int32())
        case .setData: self = .setData(path: path, data: try input.data(), version: try input.int32())
        case .setACL: self = .setACL(path: path, acl: try input.acl(), version: try input.int32())
        case .check: self = .check(path: path, version: try input.int32())
        }
    }
}

extension ZnodeKind {
    /// As in requests of ZooKeeper's clients.
    var flags: UInt8 {
        switch self {
        case .persistent: 0
        case .ephemeral: 1
        case .persistentSequential: 2
        case .ephemeralSequential: 3
        case .container: 4
        case .ttl: 5
        case .ttlSequential: 6
        }
    }

    func encode(to out: inout CoordinationWriter) {
        out.put(byte: flags)
        switch self {
        case .ttl(let ttl), .ttlSequential(let ttl): out.put(ttl)
        case .persistent, .ephemeral, .persistentSequential, .ephemeralSequential, .container: break
        }
    }

    init(from input: inout CoordinationReader) throws(CoordinationCodingError) {
        let place = input.at
        let flags = try input.byte()
        let ttl: Int64? = flags == 5 || flags == 6 ? try input.int64() : nil
        do { try self.init(flags: Int32(flags), ttl: ttl) } catch {
            throw .malformed(at: place, "\(flags) is no kind of znode")
        }
    }
}
