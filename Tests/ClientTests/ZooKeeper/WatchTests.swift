import Client
import Testing
import ZooKeeper

struct WatchTests {
    @Test func `watches are armed again with a new connection`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome()
        _ = world.client.ask(.getData(ReadRequest(path: "/data", isWatching: true)))
        _ = world.client.ask(.exists(ReadRequest(path: "/none", isWatching: true)))
        _ = world.client.ask(.getChildren2(ReadRequest(path: "/parent", isWatching: true)))
        _ = world.client.ask(.addWatch(WatchRequest(path: "/all", mode: .persistentRecursive)))
        _ = world.client.ask(.getData(ReadRequest(path: "/failed", isWatching: true)))
        world.wakeUp()
        world.reply(1, .data(nil, ZnodeStat()), zxid: 5)
        world.reply(2, .failure(.noNode), zxid: 5)
        world.reply(3, .children([], ZnodeStat()), zxid: 6)
        world.reply(4, .watchAdded, zxid: 6)
        world.reply(5, .failure(.noNode), zxid: 8)
        world.cut()
        world.wakeUp(afterMs: 1_000)
        try world.welcome()
        let requests = try world.requests()
        var expected = SetWatchesRequest(.setWatches2)
        expected.relativeZxid = 8
        expected.data = ["/data"]
        expected.exist = ["/none"]
        expected.child = ["/parent"]
        expected.persistentRecursive = ["/all"]
        #expect(requests.map(\.xid) == [Xid.setWatches])
        #expect(requests.map(\.request) == [.setWatches(expected)])
        world.reply(Xid.setWatches, .done)
        #expect(world.client.state == .connected(isReadOnly: false))
    }

    @Test func `a watch that has fired is not armed again, a persistent one is`() {
        var register = WatchRegister()
        register.answered(.data("/a"), code: .ok)
        register.answered(.child("/a"), code: .ok)
        register.answered(.persistent("/a"), code: .ok)
        register.answered(.exist("/b"), code: .noNode)
        register.fired(.nodeCreated, "/b")
        register.fired(.nodeDeleted, "/a")
        var expected = SetWatchesRequest(.setWatches2)
        expected.relativeZxid = 3
        expected.persistent = ["/a"]
        #expect(register.requests(relativeZxid: 3) == [expected])
        register.answered(.removed("/a", .any), code: .ok)
        #expect(register.isEmpty)
        #expect(register.requests(relativeZxid: 3) == [])
    }

    @Test func `without persistent watches the older setWatches does`() {
        var register = WatchRegister()
        register.answered(.exist("/a"), code: .ok)
        var expected = SetWatchesRequest(.setWatches)
        expected.data = ["/a"]
        #expect(register.requests(relativeZxid: 0) == [expected])
    }

    @Test func `many watches go in several requests, each path once`() {
        var register = WatchRegister()
        let paths = (1000..<2000).map { "/node-\($0)" }
        for path in paths { register.answered(.data(path), code: .ok) }
        for path in paths { register.answered(.child(path), code: .ok) }
        let requests = register.requests(relativeZxid: 0, bytesMax: 1_000)
        #expect(requests.count > 20)
        #expect(requests.flatMap(\.data) == paths)
        #expect(requests.flatMap(\.child) == paths)
        for request in requests { #expect(ZooKeeperRequest.setWatches(request).size < 1_100) }
    }
}
