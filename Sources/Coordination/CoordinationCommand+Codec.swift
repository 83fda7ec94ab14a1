package import Vocabulary

/// A command on its way from the broker that was asked to the leader. Both may be of different versions of the program: a leader
/// refuses what it does not know.
extension CoordinationCommand {
    private enum CommandType: UInt64 {
        case write = 1
        case multi = 2
        case createSession = 3
        case moveSession = 4
        case closeSession = 5
        case deleteContainer = 6
    }

    package func encode() -> [UInt8] {
        var out = FieldWriter()
        out.putVersion()
        switch self {
        case .write(let operation, let caller):
            out.put(type: CommandType.write)
            caller.encode(to: &out)
            operation.encode(to: &out)
        case .multi(let operations, let caller):
            out.put(type: CommandType.multi)
            caller.encode(to: &out)
            out.put(operations) { $1.encode(to: &$0) }
        case .createSession(let timeoutMs, let password, let broker):
            out.put(type: CommandType.createSession)
            out.put(Session(id: 0, password: password, timeoutMs: timeoutMs, broker: broker))
        case .moveSession(let id, let password, let timeoutMs, let broker):
            out.put(type: CommandType.moveSession)
            out.put(Session(id: id, password: password, timeoutMs: timeoutMs, broker: broker))
        case .closeSession(let id, let broker):
            out.put(type: CommandType.closeSession)
            out.put(id)
            out.put(broker) { $0.put(zigzag: $1.value) }
        case .deleteContainer(let path):
            out.put(type: CommandType.deleteContainer)
            out.put(path)
        }
        return out.bytes
    }

    package init(decoding bytes: some Collection<UInt8>) throws(FieldError) {
        var input = FieldReader(bytes)
        try input.version()
        switch try input.type(CommandType.self) {
        case .write:
            let caller = try Caller(from: &input)
            self = .write(try ZnodeOperation(from: &input), by: caller)
        case .multi:
            let caller = try Caller(from: &input)
            let operations = try input.array { input throws(FieldError) in
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
            let id = try input.integer(Int64.self)
            self = .closeSession(
                id: id,
                broker: try input.optional { input throws(FieldError) in BrokerID(try input.zigzag32()) })
        case .deleteContainer: self = .deleteContainer(path: try input.string())
        }
        try input.end()
    }
}

extension Caller {
    func encode(to out: inout FieldWriter) {
        out.put(session)
        out.put(zigzag: broker.value)
        out.put(identities) { $0.put($1) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        session = try input.integer(Int64.self)
        broker = BrokerID(try input.zigzag32())
        identities = try input.array { input throws(FieldError) in try input.identity() }
    }
}

extension ZnodeOperation {
    private enum OperationType: UInt64 {
        case create = 1
        case delete = 2
        case setData = 3
        case setACL = 4
        case check = 5
    }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .create(let path, let data, let acl, let kind):
            out.put(type: OperationType.create)
            out.put(path)
            out.put(data: data)
            out.put(acl)
            kind.encode(to: &out)
        case .delete(let path, let version):
            out.put(type: OperationType.delete)
            out.put(path)
            out.put(zigzag: version)
        case .setData(let path, let data, let version):
            out.put(type: OperationType.setData)
            out.put(path)
            out.put(data: data)
            out.put(zigzag: version)
        case .setACL(let path, let acl, let version):
            out.put(type: OperationType.setACL)
            out.put(path)
            out.put(acl)
            out.put(zigzag: version)
        case .check(let path, let version):
            out.put(type: OperationType.check)
            out.put(path)
            out.put(zigzag: version)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let type = try input.type(OperationType.self)
        let path = try input.string()
        switch type {
        case .create:
            self = .create(
                path: path, data: try input.data(), acl: try input.acl(), kind: try ZnodeKind(from: &input))
        case .delete: self = .delete(path: path, version: try input.zigzag32())
        case .setData: self = .setData(path: path, data: try input.data(), version: try input.zigzag32())
        case .setACL: self = .setACL(path: path, acl: try input.acl(), version: try input.zigzag32())
        case .check: self = .check(path: path, version: try input.zigzag32())
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

    func encode(to out: inout FieldWriter) {
        out.put(flags)
        switch self {
        case .ttl(let ttl), .ttlSequential(let ttl): out.put(zigzag: ttl)
        case .persistent, .ephemeral, .persistentSequential, .ephemeralSequential, .container: break
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let place = input.at
        let flags = try input.byte()
        let ttl: Int64? = flags == 5 || flags == 6 ? try input.zigzag64() : nil
        do { try self.init(flags: Int32(flags), ttl: ttl) } catch {
            throw .malformed(at: place, "\(flags) is no kind of znode")
        }
    }
}
