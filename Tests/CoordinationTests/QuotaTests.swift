import Testing
import Vocabulary

@testable import Coordination

/// Quotas, set as ZooKeeper's shell sets them: by znodes.
struct QuotaTests {
    private var station = Station()
    private let client: TestClient

    init() throws {
        client = try station.connect()
        try station.create("/a", "12345", by: client)
    }

    private mutating func limit(_ path: String, _ limits: String) throws {
        var place = "/zookeeper/quota"
        for name in path.split(separator: "/") {
            place += "/\(name)"
            _ = try? station.create(place, by: client)
        }
        try station.create(place + "/zookeeper_limits", limits, by: client)
        try station.create(place + "/zookeeper_stats", "count=-1,bytes=-1", by: client)
    }

    @Test mutating func `a hard limit on nodes refuses the one too many, and counts the bounded node itself`()
        throws
    {
        try limit("/a", "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3")
        try station.create("/a/1", by: client)
        try station.create("/a/1/deep", by: client)
        #expect(throws: CoordinationError.quotaExceeded) { try station.create("/a/2", by: client) }
        try station.create("/elsewhere", by: client)
        try station.set("/a/1", "data is another matter", by: client)
        try station.delete("/a/1/deep", by: client)
        try station.create("/a/2", by: client)
    }

    @Test mutating func `a hard limit on bytes refuses growth beyond it, by creation or by data`() throws {
        try limit("/a", "byteHardLimit=10")
        try station.create("/a/1", "1234", by: client)
        #expect(throws: CoordinationError.quotaExceeded) { try station.set("/a", "123456789", by: client) }
        #expect(throws: CoordinationError.quotaExceeded) { try station.create("/a/2", "12", by: client) }
        try station.create("/a/2", "1", by: client)
        try station.set("/a/1", "1", by: client)
        try station.set("/a", "12345678", by: client)
    }

    @Test mutating func `what is beyond a limit already may only shrink below it`() throws {
        try limit("/a", "byteHardLimit=3")
        #expect(throws: CoordinationError.quotaExceeded) { try station.set("/a", "1234", by: client) }
        try station.set("/a", "54321", by: client)
        try station.set("/a", "123", by: client)
    }

    @Test mutating func `what is decided and not committed is counted`() throws {
        try limit("/a", "countHardLimit=2")
        try station.decide(.write(.create("/a/1"), by: client.caller))
        #expect(throws: CoordinationError.quotaExceeded) {
            try station.decide(.write(.create("/a/2"), by: client.caller))
        }
        try station.decide(.write(.delete(path: "/a/1", version: -1), by: client.caller))
        try station.decide(.write(.create("/a/2"), by: client.caller))
        #expect(try station.multi(.create("/b"), .create("/a/3"), by: client).last == .failed(.quotaExceeded))
        try station.decide(
            .multi(
                [.delete(path: "/a/2", version: -1), .delete(path: "/none", version: -1)], by: client.caller))
        #expect(throws: CoordinationError.quotaExceeded) {
            try station.decide(.write(.create("/a/3"), by: client.caller))
        }
        let results = try station.multi(
            .delete(path: "/a/2", version: -1), .create("/a/3"), .create("/a/4"), by: client)
        #expect(results.last == .failed(.quotaExceeded))
        try station.decide(.multi([.delete(path: "/a/2", version: -1), .create("/a/3")], by: client.caller))
        station.commit()
        #expect(try station.children("/a", by: client) == ["3"])
    }

    @Test mutating func `a quota that is only decided holds, and one that will be gone does not`() throws {
        try station.create("/zookeeper/quota/a", by: client)
        let limits = "/zookeeper/quota/a/zookeeper_limits"
        try station.decide(
            .write(
                .create(path: limits, data: Array("countHardLimit=1".utf8), acl: .open, kind: .persistent),
                by: client.caller))
        #expect(throws: CoordinationError.quotaExceeded) {
            try station.decide(.write(.create("/a/1"), by: client.caller))
        }
        try station.decide(.write(.delete(path: limits, version: -1), by: client.caller))
        try station.decide(.write(.create("/a/1"), by: client.caller))
    }

    @Test mutating func `only the innermost quota counts, and the root has none`() throws {
        try limit("/a", "countHardLimit=3")
        try station.create("/a/in", by: client)
        try limit("/a/in", "countHardLimit=9")
        for index in 0..<5 { try station.create("/a/in/\(index)", by: client) }
        #expect(throws: CoordinationError.quotaExceeded) { try station.create("/a/x", by: client) }
        try station.create("/zookeeper/quota/zookeeper_limits", "countHardLimit=0", by: client)
        try station.create("/b", by: client)
    }

    @Test mutating func `a soft limit is reported and refuses nothing`() throws {
        try limit("/a", "count=1,bytes=4")
        #expect(station.coordination.quotas.map(\.isExceeded) == [true])
        try station.create("/a/1", "123", by: client)
        let quota = try #require(station.coordination.quotas.first)
        #expect(quota.path == "/a")
        #expect(quota.limits.count == 1)
        #expect(quota.limits.bytes == 4)
        #expect(quota.limits.countHard == nil)
        #expect(quota.usage == ZnodeUsage(nodes: 2, bytes: 8))
    }

    @Test mutating func `enforcement can be switched off`() throws {
        station.coordination.config.enforcesQuotas = false
        try limit("/a", "countHardLimit=1")
        try station.create("/a/1", by: client)
        #expect(station.coordination.quotas.map(\.isExceeded) == [true])
    }

    @Test mutating func `the stats node says what is used, whatever was written to it`() throws {
        try limit("/a", "count=10")
        let stats = "/zookeeper/quota/a/zookeeper_stats"
        #expect(try station.get(stats, by: client) == "count=1,bytes=5")
        try station.create("/a/1", "123", by: client)
        #expect(try station.get(stats, by: client) == "count=2,bytes=8")
        #expect(try station.coordination.data(stats, for: []).stat.dataLength == 15)
        #expect(throws: CoordinationError.noNode) {
            try station.get("/zookeeper/quota/b/zookeeper_stats", by: client)
        }
        #expect(try station.get("/zookeeper/quota/a/zookeeper_limits", by: client) == "count=10")
    }

    @Test(arguments: [
        "", "nonsense", "count", "count=", "count=x", "=;=;", "count=99999999999999999999", "a=b,c=d",
    ])
    mutating func `limits that say nothing limit nothing`(text: String) throws {
        #expect(ZnodeLimits(Array(text.utf8)) == ZnodeLimits(nil))
        try limit("/a", text)
        try station.create("/a/1", by: client)
    }
}

/// Nodes that go by themselves.
struct MortalNodesTests {
    private var station = Station()
    private let client: TestClient

    init() throws { client = try station.connect() }

    private func due(limit: Int = 100) -> [String] {
        station.coordination.nodesDue(at: station.now, limit: limit)
    }

    private mutating func pass(_ milliseconds: Int64) {
        station.now = Timestamp(milliseconds: station.now.milliseconds + milliseconds)
    }

    @Test mutating func `a container is due once it had children and has none`() throws {
        try station.create("/c", "", .container, by: client)
        pass(1_000_000)
        #expect(due() == [])
        try station.create("/c/1", by: client)
        try station.create("/c/2", by: client)
        try station.delete("/c/1", by: client)
        #expect(due() == [])
        try station.delete("/c/2", by: client)
        #expect(due() == ["/c"])
        try station.create("/c/3", by: client)
        #expect(due() == [])
        try station.delete("/c/3", by: client)
        try station.run(.deleteContainer(path: "/c"))
        #expect(due() == [])
        #expect(station.takeChanges().last == "deleted /c")
    }

    @Test
    mutating func
        `a node with a time to live is due when it was not changed for that long, without children`() throws
    {
        try station.create("/t", "", .ttl(milliseconds: 10_000), by: client)
        pass(9999)
        #expect(due() == [])
        pass(1)
        #expect(due() == ["/t"])
        try station.set("/t", "", by: client)
        #expect(due() == [])
        pass(10_000)
        try station.create("/t/child", by: client)
        #expect(due() == [])
        try station.delete("/t/child", by: client)
        #expect(due() == ["/t"])
        try station.run(.deleteContainer(path: "/t"))
        #expect(due() == [])
        #expect(station.coordination.tree.mortals == MortalNodes())
    }

    @Test mutating func `a new container in the place of one that was due stays`() throws {
        try station.create("/c", "", .container, by: client)
        try station.create("/c/x", by: client)
        try station.delete("/c/x", by: client)
        #expect(due() == ["/c"])
        // Decided, and not committed when the leader looks what is due.
        try station.decide(.write(.delete(path: "/c", version: -1), by: client.caller))
        try station.decide(
            .write(.create(path: "/c", data: nil, acl: .open, kind: .container), by: client.caller))
        #expect(throws: CoordinationError.badVersion) { try station.run(.deleteContainer(path: "/c")) }
        station.commit()
        #expect(due() == [])
    }

    @Test mutating func `a node that came to use again is not deleted`() throws {
        try station.create("/c", "", .container, by: client)
        try station.create("/c/x", by: client)
        #expect(throws: CoordinationError.notEmpty) { try station.run(.deleteContainer(path: "/c")) }
        try station.create("/t", "", .ttl(milliseconds: 1000), by: client)
        pass(5000)
        try station.set("/t", "", by: client)
        #expect(throws: CoordinationError.badVersion) { try station.run(.deleteContainer(path: "/t")) }
        for path in ["/zookeeper/config", "/c/x"] {
            #expect(throws: CoordinationError.badVersion) { try station.run(.deleteContainer(path: path)) }
        }
        #expect(throws: CoordinationError.noNode) { try station.run(.deleteContainer(path: "/none")) }
        #expect(throws: CoordinationError.badArguments) { try station.run(.deleteContainer(path: "/")) }
    }

    @Test mutating func `as many as asked for are named, sorted`() throws {
        for index in 0..<20 {
            try station.create("/t\(index)", "", .ttl(milliseconds: Int64(index) * 10_000 + 1), by: client)
        }
        pass(100_000)
        #expect(due(limit: 3).count == 3)
        #expect(due() == (0..<10).map { "/t\($0)" })
        pass(1_000_000)
        #expect(due().count == 20)
        #expect(due(limit: 0) == [])
    }
}
