import HashTreeCollections
import Testing
import Vocabulary

@testable import Coordination

/// Sessions are opened, moved and closed by what the leader decides.
struct SessionTests {
    var station = Station()

    @Test mutating func `a session's id is new for ever, and names the broker it began at`() throws {
        let first = try station.connect(broker: 3)
        let second = try station.connect(broker: 200)
        #expect(first.id != second.id)
        #expect(first.id >> 56 == 3)
        #expect(second.id >> 56 == 200 & 0x7F)
        #expect(first.id & 0xFF_FFFF == 1)
        for id in [first.id, second.id, Session.id(createdBy: .max, through: 255)] {
            #expect(
                ZnodeOwner.session(id).session == id,
                "no id looks like a container's or a time to live's mark")
        }
    }

    @Test mutating func `closing a session takes its ephemeral nodes along, in one transaction`() throws {
        let client = try station.connect()
        let other = try station.connect()
        try station.create("/p", by: client)
        for name in ["b", "a", "c"] { try station.create("/p/\(name)", "", .ephemeral, by: client) }
        try station.create("/p/other", "", .ephemeral, by: other)
        _ = station.takeChanges()
        #expect(try station.run(.closeSession(id: client.id, broker: 1)) == .sessionClosed)
        #expect(station.takeChanges() == ["deleted /p/a", "deleted /p/b", "deleted /p/c"])
        #expect(try station.children("/p", by: other) == ["other"])
        let stat = try station.stat("/p")
        #expect((stat.cversion, stat.numChildren, stat.pzxid) == (7, 1, station.zxid))
        #expect(station.coordination.sessions[client.id] == nil)
        #expect(station.coordination.ephemerals(of: client.id, prefix: "") == [])
    }

    @Test mutating func `ephemeral nodes that are only decided go with the session too`() throws {
        let client = try station.connect()
        try station.create("/gone", "", .ephemeral, by: client)
        try station.decide(.write(.create("/late", .ephemeral), by: client.caller))
        try station.decide(.write(.delete(path: "/gone", version: -1), by: client.caller))
        try station.decide(.closeSession(id: client.id, broker: nil))
        let other = try station.connect()
        #expect(station.coordination.tree.ephemeralCount == 0)
        #expect(try station.children("/", by: other) == ["zookeeper"])
        #expect(try station.stat("/").cversion == 3)
    }

    @Test mutating func `nothing is done for a session that is closed, or only decided to be`() throws {
        let client = try station.connect()
        try station.decide(.closeSession(id: client.id, broker: nil))
        #expect(throws: CoordinationError.sessionExpired) { try station.create("/a", by: client) }
        #expect(throws: CoordinationError.sessionExpired) { try station.multi(by: client) }
        #expect(throws: CoordinationError.sessionExpired) {
            try station.run(.closeSession(id: client.id, broker: nil))
        }
        #expect(throws: CoordinationError.sessionExpired) { try station.move(client, to: 1) }
    }

    @Test
    mutating func `a session moves to the broker its client comes back through, and is refused elsewhere`()
        throws
    {
        let old = try station.connect(broker: 1, timeoutMs: 5000)
        #expect(try station.move(old, to: 2, timeoutMs: 6000).timeoutMs == 6000)
        #expect(throws: CoordinationError.sessionMoved) { try station.create("/a", by: old) }
        #expect(throws: CoordinationError.sessionMoved) { try station.multi(.create("/a"), by: old) }
        #expect(throws: CoordinationError.sessionMoved) {
            try station.run(.closeSession(id: old.id, broker: 1))
        }
        let here = TestClient(session: try #require(station.coordination.sessions[old.id]))
        try station.create("/a", by: here)
        #expect(station.coordination.sessions[old.id]?.broker == 2)
        #expect(station.coordination.sessions[old.id]?.timeoutMs == 6000)
    }

    @Test mutating func `a move is seen before it is committed`() throws {
        let client = try station.connect(broker: 1)
        try station.decide(
            .moveSession(id: client.id, password: client.session.password, timeoutMs: 1, broker: 2))
        #expect(throws: CoordinationError.sessionMoved) {
            try station.decide(.write(.create("/a"), by: client.caller))
        }
        station.resign()
        try station.decide(.write(.create("/a"), by: client.caller))
    }

    @Test mutating func `coming back to the same broker with the same timeout writes nothing`() throws {
        let client = try station.connect(broker: 1, timeoutMs: 5000)
        let records = station.log.count
        #expect(try station.move(client, to: 1, timeoutMs: 5000) == client.session)
        #expect(station.log.count == records)
    }

    @Test mutating func `a wrong password takes over nothing`() throws {
        let client = try station.connect(broker: 1)
        let wrong = SessionPassword(high: client.session.password.high, low: ~client.session.password.low)
        #expect(throws: CoordinationError.sessionExpired) {
            try station.run(.moveSession(id: client.id, password: wrong, timeoutMs: 1, broker: 2))
        }
        #expect(station.coordination.sessions[client.id]?.broker == 1)
    }

    @Test func `a password is 16 bytes`() throws {
        let bytes = (1...16).map(UInt8.init)
        #expect(try #require(SessionPassword(bytes)).bytes == bytes)
        #expect(SessionPassword(Array(bytes.dropLast())) == nil)
        #expect(SessionPassword(bytes + [0]) == nil)
    }

    @Test mutating func `a session's ephemeral nodes are listed by how their path begins`() throws {
        let client = try station.connect()
        for path in ["/a", "/ab", "/b"] { try station.create(path, "", .ephemeral, by: client) }
        try station.create("/a-persistent", by: client)
        #expect(station.coordination.ephemerals(of: client.id, prefix: "/a") == ["/a", "/ab"])
        #expect(station.coordination.ephemerals(of: client.id, prefix: "/") == ["/a", "/ab", "/b"])
        #expect(station.coordination.ephemerals(of: 42, prefix: "/") == [])
    }
}

extension Station {
    mutating func move(
        _ client: TestClient, to broker: BrokerID, timeoutMs: Int32 = 10_000
    ) throws(CoordinationError) -> Session {
        let command = CoordinationCommand.moveSession(
            id: client.id, password: client.session.password, timeoutMs: timeoutMs, broker: broker)
        guard case .session(let session) = try run(command) else { throw .systemError }
        return session
    }
}
