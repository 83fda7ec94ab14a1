import Testing
import Vocabulary

@testable import Coordination

/// A coordination machine with the log it needs: what is decided is replayed, through its stored form.
struct Station {
    var coordination: Coordination
    /// Transactions in the order of their zxids.
    var log: [(zxid: Int64, transaction: CoordinationTransaction, time: Timestamp)] = []
    var zxid: Int64 = 0
    var now: Timestamp = 1_700_000_000_000
    /// What the replays did to znodes since the last `takeChanges`.
    var changes: [ZnodeChange] = []

    init(config: CoordinationConfig = CoordinationConfig()) {
        coordination = Coordination(config: config)
    }

    /// Decides and, for a decision to commit, replays it and all before it.
    @discardableResult
    mutating func run(_ command: CoordinationCommand) throws(CoordinationError) -> CoordinationReply {
        let reply = try decide(command)
        commit()
        return reply
    }

    /// Decides; the log has it, and it is not committed.
    @discardableResult
    mutating func decide(_ command: CoordinationCommand) throws(CoordinationError) -> CoordinationReply {
        zxid += 1
        switch coordination.decide(command, zxid: zxid, at: now) {
        case .refuse(let error): throw error
        case .answer(let reply): return Self.stored(reply)
        case .commit(let transaction, let reply):
            let stored = (try? CoordinationTransaction(decoding: transaction.encode())) ?? .writes([])
            #expect(stored == transaction)
            log.append((zxid, stored, now))
            return Self.stored(reply)
        }
    }

    /// Replays what is decided, or the next `count` of it.
    mutating func commit(_ count: Int = .max) {
        let start = (log.lastIndex { $0.zxid <= coordination.lastZxid } ?? -1) + 1
        let open = log[start...].prefix(count)
        for (zxid, transaction, time) in open {
            changes += coordination.replay(transaction, zxid: zxid, at: time)
        }
    }

    /// Leadership goes: what is decided and not committed never was.
    mutating func resign() {
        coordination.resign()
        log.removeAll { $0.zxid > coordination.lastZxid }
    }

    mutating func takeChanges() -> [String] {
        defer { changes = [] }
        return changes.map { "\($0.kind) \($0.path)" }
    }

    private static func stored(_ reply: CoordinationReply) -> CoordinationReply {
        let stored = (try? CoordinationReply(decoding: reply.encode())) ?? .sessionClosed
        #expect(stored == reply)
        return stored
    }
}

// MARK: A client's view

/// A session at a station, with what it has shown.
struct TestClient {
    let session: Session
    var identities: [Identity] = [Identity(scheme: "ip", id: "127.0.0.1")]

    var id: Int64 { session.id }
    var caller: Caller { Caller(session: session.id, broker: session.broker, identities: identities) }
}

extension Station {
    mutating func connect(broker: BrokerID = 1, timeoutMs: Int32 = 10_000) throws -> TestClient {
        let password = SessionPassword(high: 7, low: UInt64(zxid))
        let reply = try run(.createSession(timeoutMs: timeoutMs, password: password, broker: broker))
        guard case .session(let session) = reply else { throw CoordinationError.systemError }
        return TestClient(session: session)
    }

    @discardableResult
    mutating func create(
        _ path: String, _ data: String? = "", _ kind: ZnodeKind = .persistent, acl: ACL = .open,
        by client: TestClient
    ) throws(CoordinationError) -> (path: String, stat: ZnodeStat) {
        let operation = ZnodeOperation.create(
            path: path, data: data.map { Array($0.utf8) }, acl: acl, kind: kind)
        guard case .written(.created(let path, let stat)) = try run(.write(operation, by: client.caller))
        else {
            throw .systemError
        }
        return (path, stat)
    }

    mutating func delete(_ path: String, version: Int32 = -1, by client: TestClient) throws(CoordinationError)
    {
        try run(.write(.delete(path: path, version: version), by: client.caller))
    }

    @discardableResult
    mutating func set(
        _ path: String, _ data: String, version: Int32 = -1, by client: TestClient
    ) throws(CoordinationError) -> ZnodeStat {
        let operation = ZnodeOperation.setData(path: path, data: Array(data.utf8), version: version)
        guard case .written(.dataSet(let stat)) = try run(.write(operation, by: client.caller)) else {
            throw .systemError
        }
        return stat
    }

    @discardableResult
    mutating func setACL(
        _ path: String, _ acl: ACL, version: Int32 = -1, by client: TestClient
    ) throws(CoordinationError) -> ZnodeStat {
        let operation = ZnodeOperation.setACL(path: path, acl: acl, version: version)
        guard case .written(.aclSet(let stat)) = try run(.write(operation, by: client.caller)) else {
            throw .systemError
        }
        return stat
    }

    mutating func multi(_ operations: ZnodeOperation..., by client: TestClient) throws -> [ZnodeResult] {
        guard case .multi(let results) = try run(.multi(operations, by: client.caller)) else { return [] }
        return results
    }

    func get(_ path: String, by client: TestClient) throws(CoordinationError) -> String {
        String(decoding: try coordination.data(path, for: client.identities).data ?? [], as: UTF8.self)
    }

    func children(_ path: String, by client: TestClient) throws(CoordinationError) -> [String] {
        try coordination.children(path, for: client.identities).names.sorted()
    }

    func stat(_ path: String) throws(CoordinationError) -> ZnodeStat { try coordination.exists(path) }
}

extension ZnodeOperation {
    static func create(_ path: String, _ kind: ZnodeKind = .persistent) -> ZnodeOperation {
        .create(path: path, data: [], acl: .open, kind: kind)
    }
}
