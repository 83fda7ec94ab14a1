import Client
import Testing
import Vocabulary
import Wire
import ZooKeeper

struct ZooKeeperClientTests {
    private let read = ZooKeeperRequest.getData(ReadRequest(path: "/a"))

    @Test func `a new client asks for a session and is connected when it has one`() throws {
        var world = try ScriptedServer("a:2191") { $0.sessionTimeoutMs = 12_000 }
        world.wakeUp()
        #expect(world.takeHappenings() == ["connect 1 a:2191"])
        let request = try world.welcome(session: 42, timeoutMs: 8_000)
        #expect(request.sessionID == 0)
        #expect(request.timeoutMs == 12_000)
        #expect(request.isReadOnly == false)
        #expect(world.client.takeOutputs() == [.changed(.connected(isReadOnly: false))])
        #expect(world.client.session?.id == 42)
        #expect(world.client.session?.timeoutMs == 8_000)
    }

    @Test func `what is asked before there is a connection goes out with the first`() throws {
        var world = try ScriptedServer()
        let token = world.client.ask(read)
        world.wakeUp()
        try world.welcome()
        let requests = try world.requests()
        #expect(requests.map(\.xid) == [1])
        #expect(requests.map(\.request) == [read])
        world.reply(1, .data([1], ZnodeStat()), zxid: 9)
        #expect(world.client.takeOutputs().last == .replied(token: token, .data([1], ZnodeStat())))
        #expect(world.client.lastZxid == 9)
    }

    @Test func `requests are pipelined and answered in their order`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome()
        let tokens = (0..<200).map { _ in world.client.ask(read) }
        world.wakeUp()
        #expect(try world.requests().map(\.xid) == Array(1...200))
        _ = world.client.takeOutputs()
        for xid: Int32 in 1...200 { world.reply(xid, .failure(.noNode)) }
        #expect(world.client.takeOutputs() == tokens.map { .replied(token: $0, .failure(.noNode)) })
        #expect(world.client.inFlightCount == 0)
    }

    @Test func `an answer out of turn ends the connection, and what was in flight is in doubt`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome()
        let tokens = [world.client.ask(read), world.client.ask(read)]
        world.wakeUp()
        _ = world.client.takeOutputs()
        world.reply(2, .failure(.noNode))
        #expect(world.takeHappenings() == ["connect 1 a:2181", "close 1"])
        #expect(
            world.client.takeOutputs()
                == tokens.map { .replied(token: $0, .failure(.connectionLoss)) } + [.changed(.connecting)])
    }

    @Test func `a broken connection is followed by one to the next server, with the same session`() throws {
        var world = try ScriptedServer("a,b")
        world.wakeUp()
        try world.welcome(session: 42)
        _ = world.client.ask(read)
        world.wakeUp()
        world.reply(1, .data([], ZnodeStat()), zxid: 77)
        let first = world.takeHappenings()
        world.cut()
        let second = world.takeHappenings()
        #expect(
            Set(first + second) == ["connect 1 a:2181", "connect 2 b:2181"]
                || Set(first + second) == ["connect 1 b:2181", "connect 2 a:2181"])
        let request = try world.welcome(session: 42)
        #expect(request.sessionID == 42)
        #expect(request.password == [UInt8](repeating: 5, count: 16))
        #expect(request.lastZxidSeen == 77)
    }

    @Test func `when no server answers they are tried again after a while`() throws {
        var world = try ScriptedServer("a,b")
        world.wakeUp()
        world.cut("refused")
        #expect(world.client.unreachable == nil)
        world.cut("refused too")
        #expect(world.client.unreachable == "refused too")
        #expect(world.takeHappenings().count == 2)
        let pause = try #require(world.wake) - world.now
        #expect((100_000_000...1_000_000_000).contains(pause))
        world.wakeUp(afterMs: 1_000)
        #expect(world.takeHappenings().count == 1)
        try world.welcome()
        #expect(world.client.unreachable == nil)
    }

    @Test func `a server that does not welcome the client in time is given up`() throws {
        var world = try ScriptedServer("a,b") { $0.connectTimeoutMs = 300 }
        world.wakeUp()
        world.open()
        _ = world.takeHappenings()
        world.wakeUp(afterMs: 299)
        #expect(world.takeHappenings() == [])
        world.wakeUp(afterMs: 1)
        #expect(world.takeHappenings().first == "close 1")
    }

    @Test func `a quiet connection is kept alive by pings at a third of the timeout`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome(timeoutMs: 9_000)
        world.wakeUp()
        #expect(world.wake == world.now.adding(milliseconds: 3_000))
        world.wakeUp(afterMs: 3_000)
        let requests = try world.requests()
        #expect(requests.map(\.xid) == [Xid.ping])
        #expect(requests.map(\.request) == [.ping])
        world.reply(Xid.ping, .done)
        world.wakeUp(afterMs: 3_000)
        #expect(try world.requests().map(\.request) == [.ping])
    }

    @Test func `a server silent for two thirds of the timeout is given up`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome(timeoutMs: 9_000)
        world.wakeUp(afterMs: 3_000)
        _ = world.takeHappenings()
        world.wakeUp(afterMs: 2_999)
        #expect(world.takeHappenings() == [])
        world.wakeUp(afterMs: 1)
        #expect(world.takeHappenings() == ["close 1"])
        #expect(world.client.takeOutputs().last == .changed(.connecting))
    }

    @Test func `an expired session ends the client, and all that waited fails with that`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome()
        world.cut()
        let token = world.client.ask(read)
        world.wakeUp(afterMs: 1_000)
        world.open()
        _ = world.client.takeOutputs()
        _ = world.takeHappenings()
        world.send(ConnectResponse.expired(isReadOnly: false).frame)
        #expect(
            world.client.takeOutputs() == [
                .changed(.ended(.sessionExpired)), .replied(token: token, .failure(.sessionExpired)),
            ])
        #expect(world.takeHappenings() == ["close 2"])
        let late = world.client.ask(read)
        #expect(world.client.takeOutputs() == [.replied(token: late, .failure(.sessionExpired))])
    }

    @Test func `closing says so to the server and then closes the connection`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome()
        world.client.close()
        world.wakeUp()
        #expect(try world.requests().map(\.request) == [.closeSession])
        _ = world.takeHappenings()
        world.reply(1, .done)
        #expect(world.client.state == .ended(.ok))
        #expect(world.takeHappenings() == ["close 1"])
        world.wakeUp(afterMs: 60_000)
        #expect(world.takeHappenings() == [])
    }

    @Test func `a client that was never connected closes at once`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        world.client.close()
        world.wakeUp()
        #expect(world.client.state == .ended(.ok))
        #expect(world.takeHappenings() == ["connect 1 a:2181", "close 1"])
    }

    @Test func `identities are given before anything is asked, and a refused one ends the client`() throws {
        let identity = AuthRequest(scheme: "digest", auth: Array("a:b".utf8))
        var world = try ScriptedServer { $0.identities = [identity] }
        let token = world.client.ask(read)
        world.wakeUp()
        try world.welcome()
        #expect(try world.requests().map(\.request) == [.auth(identity), read])
        _ = world.client.takeOutputs()
        world.reply(Xid.auth, .failure(.authFailed), zxid: 0)
        #expect(
            world.client.takeOutputs() == [
                .changed(.ended(.authFailed)), .replied(token: token, .failure(.authFailed)),
            ])
    }

    @Test func `a ping may be answered before or behind what was asked around it`() throws {
        var world = try ScriptedServer()
        world.wakeUp()
        try world.welcome(timeoutMs: 9_000)
        _ = world.client.ask(read)
        world.wakeUp()
        world.wakeUp(afterMs: 3_000)
        _ = world.client.ask(read)
        world.wakeUp()
        #expect(try world.requests().map(\.xid) == [1, Xid.ping, 2])
        world.reply(1, .failure(.noNode))
        world.reply(2, .failure(.noNode))
        world.reply(Xid.ping, .done)
        #expect(world.client.state == .connected(isReadOnly: false))
        #expect(world.client.inFlightCount == 0)
    }

    @Test func `within a chroot paths are the application's own`() throws {
        var world = try ScriptedServer("a/app")
        world.wakeUp()
        try world.welcome()
        _ = world.client.takeOutputs()
        let token = world.client.ask(.create(CreateRequest(.create, path: "/x")))
        _ = world.client.ask(.exists(ReadRequest(path: "/", isWatching: true)))
        world.wakeUp()
        let requests = try world.requests().map(\.request)
        #expect(requests[0] == .create(CreateRequest(.create, path: "/app/x")))
        #expect(requests[1] == .exists(ReadRequest(path: "/app", isWatching: true)))
        world.reply(1, .path("/app/x"))
        #expect(world.client.takeOutputs() == [.replied(token: token, .path("/x"))])
        world.send(WatcherEvent(.nodeDataChanged, path: "/app").notificationFrame())
        #expect(world.client.takeOutputs() == [.fired(WatcherEvent(.nodeDataChanged, path: "/"))])
    }

    @Test(arguments: 1...20)
    func `no bytes from a server make the client trap`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        var world = try ScriptedServer()
        for _ in 0..<200 {
            world.wakeUp(afterMs: 1_001)
            if Bool.random(using: &chance), world.client.state == .connecting { _ = try? world.welcome() }
            _ = world.client.ask(read)
            _ = world.client.ask(.multi([]))
            world.wakeUp()
            var frame = ZooKeeperReply.data([1, 2, 3], ZnodeStat()).frame(xid: 1, zxid: 1)
            for _ in 0..<4 {
                frame[Int.random(in: 4..<frame.count, using: &chance)] = UInt8.random(
                    in: 0...255, using: &chance)
            }
            world.send(Array(frame.prefix(Int.random(in: 4...frame.count, using: &chance))))
            _ = world.client.takeOutputs()
        }
    }
}
