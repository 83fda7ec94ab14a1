import Testing
import Vocabulary

@testable import Coordination

/// The machine as a whole: what leaders and replicas owe each other.
struct CoordinationTests {
    private var station = Station()

    @Test mutating func `what is decided is not read until it is replayed`() throws {
        let client = try station.connect()
        try station.decide(.write(.create("/a"), by: client.caller))
        #expect(throws: CoordinationError.noNode) { try station.stat("/a") }
        #expect(station.coordination.decidedZxid == station.zxid)
        #expect(station.coordination.lastZxid == station.zxid - 1)
        station.commit()
        #expect(try station.stat("/a").czxid == station.zxid)
        #expect(station.coordination.overlay.nodes.isEmpty)
    }

    @Test mutating func `a part of what is decided can be committed`() throws {
        let client = try station.connect()
        try station.decide(.write(.create("/a"), by: client.caller))
        try station.decide(.write(.create("/a/b"), by: client.caller))
        try station.decide(.write(.setData(path: "/a", data: [1], version: 0), by: client.caller))
        station.commit(1)
        #expect(try station.stat("/a").version == 0)
        #expect(throws: CoordinationError.noNode) { try station.stat("/a/b") }
        #expect(throws: CoordinationError.notEmpty) {
            try station.decide(.write(.delete(path: "/a", version: 1), by: client.caller))
        }
        station.commit(1)
        #expect(throws: CoordinationError.badVersion) {
            try station.decide(.write(.setData(path: "/a", data: [], version: 0), by: client.caller))
        }
        station.commit()
        #expect(try station.stat("/a").version == 1)
    }

    @Test mutating func `a refusal uses up no record, and what it rests on is known`() throws {
        let client = try station.connect()
        try station.decide(.write(.create("/a"), by: client.caller))
        let decided = station.coordination.decidedZxid
        #expect(throws: CoordinationError.nodeExists) {
            try station.decide(.write(.create("/a"), by: client.caller))
        }
        #expect(station.coordination.decidedZxid == decided)
        #expect(station.coordination.lastZxid < decided)
        station.resign()
        #expect(station.coordination.decidedZxid == station.coordination.lastZxid)
        try station.decide(.write(.create("/a"), by: client.caller))
    }

    @Test mutating func `many decisions in flight are forgotten one by one as they are committed`() throws {
        let client = try station.connect()
        for index in 0..<3000 { try station.decide(.write(.create("/n\(index)"), by: client.caller)) }
        for left in stride(from: 2999, through: 0, by: -1) {
            station.commit(1)
            #expect(station.coordination.overlay.nodes.count == (left == 0 ? 0 : left + 1))
        }
        #expect(station.coordination.overlay.isEmpty)
        #expect(station.coordination.overlay.usages.isEmpty)
    }

    @Test mutating func `a copy stays as it was while the original goes on`() throws {
        let client = try station.connect()
        try station.create("/a", "one", by: client)
        try station.create("/a/b", "one", .ephemeral, by: client)
        let copy = station.coordination
        let digest = copy.digest
        try station.set("/a/b", "two", by: client)
        try station.create("/a/c", by: client)
        try station.run(.closeSession(id: client.id, broker: nil))
        #expect(copy.digest == digest)
        #expect(try copy.data("/a/b", for: []).data == Array("one".utf8))
        #expect(copy.tree.count == 6)
        #expect(copy.tree.ephemeralPaths(of: client.id) == ["/a/b"])
        #expect(copy != station.coordination)
    }

    @Test mutating func `a path of the greatest depth is created, read, written out and deleted`() throws {
        let client = try station.connect()
        var path = ""
        for _ in 0..<ZnodePath.depthMax {
            path += "/d"
            try station.create(path, by: client)
        }
        #expect(throws: CoordinationError.badArguments) { try station.create(path + "/d", by: client) }
        #expect(throws: CoordinationError.noNode) { try station.stat(path + "/d") }
        #expect(throws: CoordinationError.badArguments) { try station.set(path + "/d", "", by: client) }
        try station.set(path, "deep", by: client)
        #expect(try station.coordination.descendantCount("/", for: []) == 203)
        let copy = try SnapshotTests.copy(station.coordination, piece: 1000)
        #expect(copy.digest == station.coordination.digest)
        #expect(copy.tree == station.coordination.tree)
        while path != "" {
            try station.delete(path, by: client)
            path.removeLast(2)
        }
        #expect(station.coordination.tree.count == 4)
    }

    @Test func `a zxid that goes back stops the broker`() async {
        await #expect(processExitsWith: .failure) {
            var coordination = Coordination()
            _ = coordination.replay(.writes([]), zxid: 5, at: 0)
            _ = coordination.replay(.writes([]), zxid: 5, at: 0)
        }
        await #expect(processExitsWith: .failure) {
            var coordination = Coordination()
            _ = coordination.replay(.writes([]), zxid: 5, at: 0)
            let password = SessionPassword(high: 0, low: 0)
            _ = coordination.decide(
                .createSession(timeoutMs: 1, password: password, broker: 1), zxid: 5, at: 0)
        }
    }

    @Test func `a transaction that cannot be applied stops the broker`() async {
        await #expect(processExitsWith: .failure) {
            var coordination = Coordination()
            _ = coordination.replay(.writes([.delete(.config), .delete(.config)]), zxid: 1, at: 0)
        }
        await #expect(processExitsWith: .failure) {
            var coordination = Coordination()
            _ = coordination.replay(.sessionClosed(id: 1), zxid: 1, at: 0)
        }
    }
}

extension Coordination {
    /// Equal in what is replicated.
    static func != (a: Coordination, b: Coordination) -> Bool {
        a.tree != b.tree || a.sessions != b.sessions || a.lastZxid != b.lastZxid
    }
}
