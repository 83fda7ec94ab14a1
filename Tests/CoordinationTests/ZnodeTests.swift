import HashTreeCollections
import Testing
import Vocabulary

@testable import Coordination

/// Nodes come, change and go as ZooKeeper's do.
struct ZnodeTests {
    var station = Station()
    let client: TestClient

    init() throws { client = try station.connect() }

    @Test func `a new tree holds what a new ZooKeeper holds`() throws {
        #expect(try station.children("/", by: client) == ["zookeeper"])
        #expect(try station.children("/zookeeper", by: client) == ["config", "quota"])
        let root = try station.stat("/")
        #expect(root.numChildren == 1)
        #expect(root.cversion == -1)
        #expect(try station.stat("/zookeeper").cversion == -2)
        #expect(station.coordination.tree.count == 4)
    }

    @Test mutating func `a created node has the stat of its transaction`() throws {
        let (path, stat) = try station.create("/a", "hello", by: client)
        #expect(path == "/a")
        let time = station.now.milliseconds
        #expect(
            stat
                == ZnodeStat(
                    czxid: station.zxid, mzxid: station.zxid, ctime: time, mtime: time, version: 0,
                    cversion: 0,
                    aversion: 0, ephemeralOwner: 0, dataLength: 5, numChildren: 0, pzxid: station.zxid))
        #expect(try station.stat("/a") == stat)
        #expect(try station.get("/a", by: client) == "hello")
    }

    @Test mutating func `setting data raises version, mzxid and mtime, of this node only`() throws {
        let before = try station.create("/a", by: client).stat
        let root = try station.stat("/")
        station.now = Timestamp(milliseconds: station.now.milliseconds + 5)
        let stat = try station.set("/a", "xyz", version: 0, by: client)
        var expected = before
        expected.version = 1
        expected.mzxid = station.zxid
        expected.mtime += 5
        expected.dataLength = 3
        #expect(stat == expected)
        #expect(try station.stat("/a") == expected)
        #expect(try station.stat("/") == root, "the parent's cversion counts children, not their data")
    }

    @Test mutating func `a parent's pzxid and cversion follow creations and deletions of children`() throws {
        try station.create("/p", by: client)
        try station.create("/p/a", by: client)
        var stat = try station.stat("/p")
        #expect((stat.cversion, stat.numChildren, stat.pzxid) == (1, 1, station.zxid))
        try station.create("/p/a/deep", by: client)
        #expect(try station.stat("/p") == stat, "grandchildren are no children")
        try station.delete("/p/a/deep", by: client)
        try station.delete("/p/a", by: client)
        stat = try station.stat("/p")
        #expect((stat.cversion, stat.numChildren, stat.pzxid) == (2, 0, station.zxid))
        #expect((stat.version, stat.mzxid) == (0, stat.czxid))
    }

    @Test mutating func `a version other than the node's is refused`() throws {
        try station.create("/a", by: client)
        try station.set("/a", "1", by: client)
        #expect(throws: CoordinationError.badVersion) { try station.set("/a", "2", version: 0, by: client) }
        #expect(throws: CoordinationError.badVersion) { try station.delete("/a", version: 2, by: client) }
        #expect(throws: CoordinationError.badVersion) {
            try station.setACL("/a", .open, version: 7, by: client)
        }
        try station.delete("/a", version: 1, by: client)
        #expect(throws: CoordinationError.noNode) { try station.stat("/a") }
    }

    @Test mutating func `a node is created under a parent, once, and deleted without children`() throws {
        #expect(throws: CoordinationError.noNode) { try station.create("/a/b", by: client) }
        try station.create("/a", by: client)
        try station.create("/a/b", by: client)
        #expect(throws: CoordinationError.nodeExists) { try station.create("/a", by: client) }
        #expect(throws: CoordinationError.notEmpty) { try station.delete("/a", by: client) }
        #expect(throws: CoordinationError.noNode) { try station.delete("/a/c", by: client) }
        #expect(throws: CoordinationError.noNode) { try station.set("/b", "", by: client) }
    }

    @Test(arguments: ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"])
    mutating func `what was there from the beginning stays`(path: String) throws {
        #expect(throws: CoordinationError.badArguments) { try station.delete(path, by: client) }
        #expect(throws: CoordinationError.nodeExists) { try station.create(path, by: client) }
    }

    @Test mutating func `sequential names carry ten digits of the parent's count of creations`() throws {
        try station.create("/q", by: client)
        #expect(try station.create("/q/n-", "", .persistentSequential, by: client).path == "/q/n-0000000000")
        try station.create("/q/other", by: client)
        try station.delete("/q/other", by: client)
        #expect(try station.create("/q/n-", "", .ephemeralSequential, by: client).path == "/q/n-0000000002")
        #expect(try station.create("/q/", "", .persistentSequential, by: client).path == "/q/0000000003")
        #expect(
            try station.create("/q/n-", "", .ttlSequential(milliseconds: 1), by: client).path
                == "/q/n-0000000004")
    }

    @Test(arguments: ["//", "//n", "/q//n", "/q/./", "/./n", "n", ""])
    mutating func `a number does not make a path of what is none`(path: String) throws {
        try station.create("/q", by: client)
        for kind in [ZnodeKind.persistentSequential, .persistent] {
            #expect(throws: CoordinationError.self) { try station.create(path, "", kind, by: client) }
        }
        #expect(station.coordination.tree.count == 5)
    }

    @Test mutating func `numbers go on below zero when 32 bits are used up`() throws {
        var head = ZnodeHead(zxid: 1, at: 0, owner: .nobody, acl: .open)
        head.childrenCreated = .max
        var root = station.coordination.tree.root.node
        _ = root.adopt(Znode(head, data: nil), named: "q")
        station.coordination = Coordination(
            tree: ZnodeTree(root: root), sessions: station.coordination.sessions, lastZxid: station.zxid,
            config: CoordinationConfig())
        #expect(try station.create("/q/n", "", .persistentSequential, by: client).path == "/q/n2147483647")
        #expect(try station.create("/q/n", "", .persistentSequential, by: client).path == "/q/n-2147483648")
        #expect(try station.create("/q/n", "", .persistentSequential, by: client).path == "/q/n-2147483647")
    }

    @Test mutating func `an ephemeral node has its session's id and no children`() throws {
        let (_, stat) = try station.create("/e", "", .ephemeral, by: client)
        #expect(stat.ephemeralOwner == client.id)
        #expect(throws: CoordinationError.noChildrenForEphemerals) { try station.create("/e/x", by: client) }
        #expect(station.coordination.ephemerals(of: client.id, prefix: "/") == ["/e"])
        try station.delete("/e", by: client)
        #expect(station.coordination.tree.ephemeralCount == 0)
    }

    @Test mutating func `containers and nodes with a time to live have no owner, and may have children`()
        throws
    {
        #expect(try station.create("/c", "", .container, by: client).stat.ephemeralOwner == 0)
        #expect(try station.create("/t", "", .ttl(milliseconds: 1000), by: client).stat.ephemeralOwner == 0)
        try station.create("/c/x", by: client)
        try station.create("/t/x", by: client)
        #expect(station.coordination.tree.ephemeralCount == 0)
    }

    @Test func `what keeps a node alive is stored in the bits that ZooKeeper stores`() {
        #expect(ZnodeOwner.container.bits == .min)
        #expect(UInt64(bitPattern: ZnodeOwner.ttl(milliseconds: 1000).bits) == 0xFF00_0000_0000_03E8)
        #expect(ZnodeOwner(bits: ZnodeOwner.ttl(milliseconds: ZnodeKind.ttlMax).bits).ttl == ZnodeKind.ttlMax)
        for owner in [ZnodeOwner.nobody, .container, .ttl(milliseconds: 1)] { #expect(owner.session == nil) }
        #expect(ZnodeOwner.session(7).session == 7)
    }

    @Test mutating func `a time to live must be from 1 ms to 40 bits`() throws {
        for ttl in [0, -1, ZnodeKind.ttlMax + 1, .max, .min] as [Int64] {
            #expect(throws: CoordinationError.badArguments) {
                try station.create("/t", "", .ttl(milliseconds: ttl), by: client)
            }
        }
        try station.create("/t", "", .ttl(milliseconds: ZnodeKind.ttlMax), by: client)
    }

    @Test func `flags of requests name the kinds`() throws {
        let kinds = try (0...6).map { flags in try ZnodeKind(flags: flags, ttl: flags > 4 ? 9 : -1) }
        #expect(
            kinds == [
                .persistent, .ephemeral, .persistentSequential, .ephemeralSequential, .container,
                .ttl(milliseconds: 9), .ttlSequential(milliseconds: 9),
            ])
        for (flags, ttl) in [(7, nil), (-1, nil), (5, nil), (6, nil), (0, 9), (4, 0)] as [(Int32, Int64?)] {
            #expect(throws: CoordinationError.badArguments) { try ZnodeKind(flags: flags, ttl: ttl) }
        }
    }

    @Test mutating func `no data and empty data are told apart`() throws {
        try station.create("/none", nil, by: client)
        try station.create("/empty", "", by: client)
        #expect(try station.coordination.data("/none", for: []).data == nil)
        #expect(try station.coordination.data("/empty", for: []).data == [])
        #expect(try station.stat("/none").dataLength == 0)
    }

    @Test mutating func `data beyond the limit is refused`() throws {
        station.coordination.config.dataBytesMax = 4
        try station.create("/a", "1234", by: client)
        #expect(throws: CoordinationError.badArguments) { try station.create("/b", "12345", by: client) }
        #expect(throws: CoordinationError.badArguments) { try station.set("/a", "12345", by: client) }
    }

    @Test mutating func `names that Unicode calls equal are two names`() throws {
        try station.create("/caf\u{E9}", "one", by: client)
        try station.create("/cafe\u{301}", "two", by: client)
        #expect(try station.get("/caf\u{E9}", by: client) == "one")
        #expect(try station.get("/cafe\u{301}", by: client) == "two")
        #expect(try station.coordination.children("/", for: []).names.count == 3)
    }

    @Test mutating func `a version never becomes -1, which means any`() {
        var head = ZnodeHead(zxid: 1, at: 0, owner: .nobody, acl: .open)
        head.version = -2
        head.dataSet(zxid: 2, at: 0)
        #expect(head.version == 0)
        head.version = .max
        head.dataSet(zxid: 3, at: 0)
        #expect(head.version == .min)
    }

    @Test mutating func `descendants are counted at any depth`() throws {
        for path in ["/a", "/a/b", "/a/b/c", "/a/d", "/ab"] { try station.create(path, by: client) }
        #expect(try station.coordination.descendantCount("/a", for: []) == 3)
        #expect(try station.coordination.descendantCount("/", for: []) == 8)
        try station.delete("/a/b/c", by: client)
        #expect(try station.coordination.descendantCount("/a", for: []) == 2)
        #expect(try station.coordination.descendantCount("/a/b", for: []) == 0)
    }
}
