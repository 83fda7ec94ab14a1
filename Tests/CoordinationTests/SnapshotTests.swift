import Testing
import Vocabulary

@testable import Coordination

struct SnapshotTests {
    /// Writes and reads a state in pieces of that many bytes.
    static func copy(_ coordination: Coordination, piece: Int) throws -> Coordination {
        var writer = SnapshotWriter(coordination)
        var reader = SnapshotReader()
        while let bytes = writer.next(maxBytes: piece) {
            #expect(bytes.count <= piece)
            try reader.read(bytes)
        }
        return try reader.finish()
    }

    /// One of everything.
    static func sample() throws -> Coordination {
        var station = Station()
        var client = try station.connect(broker: 3)
        client.identities.append(Identity(scheme: "digest", id: "bob:hash"))
        _ = try station.connect(timeoutMs: .max)
        try station.create("/a", "data", by: client)
        try station.create("/a/ephemeral", nil, .ephemeral, acl: [ACLEntry(.read, .caller)], by: client)
        try station.create("/a/deep", by: client)
        try station.create("/a/deep/er", String(repeating: "x", count: 3000), by: client)
        try station.create("/c", "", .container, acl: .readOnly, by: client)
        try station.create("/t", "", .ttl(milliseconds: 5), by: client)
        try station.create("/日本", by: client)
        try station.set("/a", "more", by: client)
        return station.coordination
    }

    static func bytes(of coordination: Coordination) -> [UInt8] {
        var writer = SnapshotWriter(coordination)
        return writer.next(maxBytes: .max) ?? []
    }

    @Test(arguments: [1, 2, 7, 100, 4096, 1 << 20])
    func `a snapshot read back is the state it was taken of, in pieces of any size`(piece: Int) throws {
        let state = try Self.sample()
        let copy = try Self.copy(state, piece: piece)
        #expect(copy.tree == state.tree)
        #expect(copy.sessions == state.sessions)
        #expect(copy.lastZxid == state.lastZxid)
        #expect(copy.digest == state.digest)
    }

    @Test func `a snapshot does not see what is changed while it is written`() throws {
        var station = Station()
        let client = try station.connect()
        for index in 0..<100 { try station.create("/n\(index)", "before", by: client) }
        let before = station.coordination
        var writer = SnapshotWriter(before)
        var reader = SnapshotReader()
        var index = 0
        while let piece = writer.next(maxBytes: 32) {
            try reader.read(piece)
            if index < 100 { try station.set("/n\(index)", "after", by: client) }
            if index < 50 { try station.delete("/n\(index)", by: client) }
            index += 1
        }
        #expect(index > 90)
        let copy = try reader.finish()
        #expect(copy.tree == before.tree)
        #expect(copy.digest == before.digest)
        #expect(copy.digest != station.coordination.digest)
    }

    @Test func `what a restored state decides is what the original would have`() throws {
        var station = Station()
        let client = try station.connect()
        try station.create("/q", by: client)
        try station.create("/q/n", "", .ephemeralSequential, by: client)
        station.coordination = try Self.copy(station.coordination, piece: 10)
        #expect(try station.create("/q/n", "", .persistentSequential, by: client).path == "/q/n0000000001")
        try station.run(.closeSession(id: client.id, broker: nil))
        #expect(station.coordination.tree.ephemeralCount == 0)
        #expect(station.takeChanges().last == "deleted /q/n0000000000")
    }

    @Test func `a snapshot that is cut is not whole`() throws {
        let bytes = Self.bytes(of: try Self.sample())
        for count in bytes.indices {
            var reader = SnapshotReader()
            #expect(throws: FieldError.self) {
                try reader.read(bytes[..<count])
                _ = try reader.finish()
            }
        }
        var reader = SnapshotReader()
        #expect(throws: FieldError.self) { try reader.read(bytes + [0]) }
    }

    @Test func `wrong bytes anywhere are an error or another state, never a trap`() throws {
        var station = Station()
        let client = try station.connect()
        try station.create("/a", "data", .container, by: client)
        try station.create("/a/b", "", .ephemeral, acl: .readOnly, by: client)
        let bytes = Self.bytes(of: station.coordination)
        var wrongs = 0
        for place in bytes.indices {
            for wrong in [0x00, 0x01, 0x04, 0x7F, 0x80, 0xFF] as [UInt8] {
                var copy = bytes
                copy[place] = wrong
                var reader = SnapshotReader()
                do throws(FieldError) {
                    try reader.read(copy)
                    _ = try reader.finish().digest
                } catch {
                    wrongs += 1
                }
            }
        }
        #expect(wrongs > bytes.count)
    }

    @Test func `a snapshot of a later version is refused by name`() throws {
        var bytes = Self.bytes(of: Coordination())
        bytes[2] = 9
        var reader = SnapshotReader()
        #expect(throws: FieldError.unknownVersion(9, at: 2)) { try reader.read(bytes) }
    }

    @Test func `digests differ by any part of the state`() throws {
        var station = Station()
        let client = try station.connect()
        var seen: Set<UInt64> = [station.coordination.digest]
        try station.create("/a", "x", by: client)
        seen.insert(station.coordination.digest)
        let created = station.coordination
        try station.set("/a", "y", by: client)
        seen.insert(station.coordination.digest)
        try station.setACL("/a", .readOnly, by: client)
        seen.insert(station.coordination.digest)
        _ = try station.connect()
        seen.insert(station.coordination.digest)
        #expect(seen.count == 5)
        #expect(created.digest == created.digest)
    }
}
