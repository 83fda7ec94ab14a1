import Testing
import Vocabulary

@testable import Coordination

/// Several operations as one.
struct MultiTests {
    var station = Station()
    let client: TestClient

    init() throws { client = try station.connect() }

    @Test mutating func `operations see those before them, and share a zxid`() throws {
        let results = try station.multi(
            .create("/a"), .create(path: "/a/b", data: [1], acl: .open, kind: .persistent),
            .setData(path: "/a", data: [1, 2], version: 0), .check(path: "/a", version: 1),
            .delete(path: "/a/b", version: 0), by: client)
        let time = station.now.milliseconds
        func stat(_ version: Int32, _ length: Int32, cversion: Int32, children: Int32) -> ZnodeStat {
            ZnodeStat(
                czxid: station.zxid, mzxid: station.zxid, ctime: time, mtime: time, version: version,
                cversion: cversion, aversion: 0, ephemeralOwner: 0, dataLength: length, numChildren: children,
                pzxid: station.zxid)
        }
        #expect(
            results == [
                .created(path: "/a", stat(0, 0, cversion: 0, children: 0)),
                .created(path: "/a/b", stat(0, 1, cversion: 0, children: 0)),
                .dataSet(stat(1, 2, cversion: 1, children: 1)), .checked, .deleted,
            ])
        #expect(try station.stat("/a") == stat(1, 2, cversion: 2, children: 0))
        #expect(station.takeChanges() == ["created /a", "created /a/b", "dataChanged /a", "deleted /a/b"])
        #expect(station.log.last?.zxid == station.zxid)
    }

    @Test mutating func `one that fails undoes all, and the results say which`() throws {
        try station.create("/there", "kept", by: client)
        let before = station.coordination
        let results = try station.multi(
            .create("/a"), .setData(path: "/there", data: [], version: -1),
            .delete(path: "/none", version: -1),
            .create("/b"), by: client)
        #expect(
            results == [.failed(.ok), .failed(.ok), .failed(.noNode), .failed(.runtimeInconsistency)])
        #expect(station.coordination.tree == before.tree)
        #expect(station.coordination.overlay.isEmpty)
        #expect(station.coordination.overlay.nodes.isEmpty)
        #expect(try station.stat("/").cversion == 0)
        try station.create("/a", by: client)
    }

    @Test mutating func `a time to live out of bounds fails its operation, not the request`() throws {
        let kind = try ZnodeKind(flags: 5, ttl: 0)
        let results = try station.multi(.create("/a"), .create("/b", kind), .create("/c"), by: client)
        #expect(results == [.failed(.ok), .failed(.badArguments), .failed(.runtimeInconsistency)])
    }

    @Test mutating func `what was decided before one that fails stays decided`() throws {
        try station.decide(.write(.create("/a"), by: client.caller))
        try station.decide(.write(.setData(path: "/a", data: [1, 2, 3], version: 0), by: client.caller))
        try station.decide(
            .multi([.delete(path: "/a", version: -1), .delete(path: "/a", version: -1)], by: client.caller))
        let reply = try station.decide(.write(.setData(path: "/a", data: [], version: 1), by: client.caller))
        guard case .written(.dataSet(let stat)) = reply else { return #expect(Bool(false), "\(reply)") }
        #expect(stat.version == 2)
        station.commit()
        #expect(try station.stat("/a") == stat)
    }

    @Test mutating func `mere checks change nothing, and go through the log to be true when answered`() throws
    {
        try station.create("/a", by: client)
        let records = station.log.count
        #expect(try station.multi(.check(path: "/a", version: 0), by: client) == [.checked])
        #expect(station.log.count == records + 1)
        #expect(station.log.last?.transaction == .writes([]))
        #expect(
            try station.multi(.check(path: "/a", version: 1), .check(path: "/a", version: 0), by: client)
                == [.failed(.badVersion), .failed(.runtimeInconsistency)])
        #expect(
            try station.run(.write(.check(path: "/a", version: -1), by: client.caller)) == .written(.checked))
    }

    @Test mutating func `none at all is done`() throws {
        #expect(try station.multi(by: client) == [])
    }

    @Test mutating func `sequential names within one count on`() throws {
        let results = try station.multi(
            .create("/q"), .create("/q/n", .persistentSequential), .create("/q/n", .persistentSequential),
            by: client)
        let paths = results.map { if case .created(let path, _) = $0 { path } else { "" } }
        #expect(paths == ["/q", "/q/n0000000000", "/q/n0000000001"])
    }
}
