import Broker
import CLinux
import Glibc
import Host
import Synchronization
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct QuorumLoopTests {
    @Test func `a word that looks like a huge frame comes to the logic at once`() throws {
        let quorum = try TestQuorum()
        let client = try TestClient(port: quorum.port)
        try client.send(Array("ruok".utf8))
        #expect(try client.receive(5) == Array("imok".utf8))
        // Letter by letter too, and behind a frame.
        let slow = try TestClient(port: quorum.port)
        let frame = TestClient.frame("e", Array("before".utf8))
        try slow.send(frame)
        for letter in "ruok".utf8 { try slow.send([letter]) }
        #expect(try slow.receive(100) == frame + Array("imok".utf8))
    }

    @Test(arguments: [0, 1, 7, 65_600, TestQuorumLogic.frameMax])
    func `how long a frame may be is the logic's to say`(length: Int) throws {
        let quorum = try TestQuorum()
        let client = try TestClient(port: quorum.port)
        let frame =
            withUnsafeBytes(of: UInt32(length).bigEndian, Array.init) + [UInt8](repeating: 5, count: length)
        for _ in 0..<3 {
            try client.send(frame)
            #expect(try client.receive(frame.count) == frame)
        }
    }

    @Test(arguments: [-1, TestQuorumLogic.frameMax + 1])
    func `what the logic does not take is refused at once`(
        length: Int
    ) throws {
        let quorum = try TestQuorum()
        let client = try TestClient(port: quorum.port)
        try client.send(withUnsafeBytes(of: Int32(length).bigEndian, Array.init))
        #expect(client.isClosedByPeer())
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func `a dialed connection carries frames both ways`(
        host: String
    ) throws {
        let quorum = try TestQuorum()
        let peer = try TestServer(loops: 1)
        quorum.dial(host, peer.port)
        #expect(eventually { quorum.shared.answers.withLock { $0.first } } == TestQuorumLogic.greeting)
        #expect(quorum.shared.dialed.withLock { $0 } == ["7 127.0.0.1"])
        #expect(quorum.shared.failed.withLock { $0 } == [])
        peer.finish()
        eventually { quorum.shared.closed.load(ordering: .relaxed) == 1 ? () : nil }
    }

    @Test func `a connection not wanted any more when it is made is closed`() throws {
        let quorum = try TestQuorum()
        let peer = try TestServer(loops: 1)
        quorum.shared.isWanted.store(false, ordering: .relaxed)
        quorum.dial("127.0.0.1", peer.port)
        eventually { peer.seen.closed.load(ordering: .relaxed) == 1 ? () : nil }
        #expect(quorum.shared.dialed.withLock { $0 } == ["7 127.0.0.1"])
    }

    @Test func `where nobody listens the dial fails, with the address and the reason`() throws {
        let quorum = try TestQuorum()
        let listener = nt_listen("127.0.0.1", 0, 1)
        let port = UInt16(nt_local_port(listener))
        close(listener)
        quorum.dial("127.0.0.1", port)
        #expect(
            eventually { quorum.shared.failed.withLock { $0.first } } == "7 127.0.0.1: Connection refused")
    }

    @Test func `a dial that cannot even begin fails in the loop's next turn`() throws {
        let quorum = try TestQuorum()
        quorum.dial("255.255.255.255", 9)
        #expect(eventually { quorum.shared.failed.withLock { $0.first } }.hasPrefix("7 255.255.255.255: "))
    }

    @Test func `a host without addresses fails the dial`() throws {
        let quorum = try TestQuorum()
        quorum.dial("no-such-host.invalid", 9)
        #expect(eventually { quorum.shared.failed.withLock { $0.first } }.hasPrefix("7 "))
        // Others are dialed as before.
        let peer = try TestServer(loops: 1)
        quorum.dial("127.0.0.1", peer.port)
        _ = eventually { quorum.shared.answers.withLock { $0.first } }
    }

    @Test func `a peer that does not answer is given up after two seconds`() throws {
        let quorum = try TestQuorum()
        // A listener whose queue is full drops what else comes.
        let listener = nt_listen("127.0.0.1", 0, 0)
        defer { close(listener) }
        let port = UInt16(nt_local_port(listener))
        let waiting = (0..<4).map { _ in nt_dial("127.0.0.1", port) }
        defer { for descriptor in waiting { close(descriptor) } }
        let start = SystemClock.instant()
        quorum.dial("127.0.0.1", port)
        let frame = TestClient.frame("e", Array("in between".utf8))
        let client = try TestClient(port: quorum.port)
        try client.send(frame)
        #expect(try client.receive(frame.count) == frame)
        #expect(eventually { quorum.shared.failed.withLock { $0.first } } == "7 127.0.0.1: no answer")
        #expect(SystemClock.instant() - start >= 1_900_000_000)
    }

    @Test func `a dialed connection counts nowhere and is never idle`() throws {
        let quorum = try TestQuorum(idleMs: 100)
        let peer = try TestServer(loops: 1)
        quorum.dial("127.0.0.1", peer.port)
        _ = eventually { quorum.shared.answers.withLock { $0.first } }
        #expect(quorum.limits.count == 0)
        // One that was accepted later is closed for idleness; the dialed one is there all the same.
        let idle = try TestClient(port: quorum.port)
        #expect(idle.isClosedByPeer())
        #expect(quorum.shared.closed.load(ordering: .relaxed) == 1)
        #expect(peer.seen.closed.load(ordering: .relaxed) == 0)
    }

    @Test func `a listener can have limits of its own`() throws {
        let own = ConnectionLimits(perAddressMax: 1)
        let quorum = try TestQuorum(ownLimits: own)
        let first = try TestClient(port: quorum.port)
        try first.send(TestQuorumLogic.greeting)
        #expect(try first.receive(TestQuorumLogic.greeting.count) == TestQuorumLogic.greeting)
        #expect(try TestClient(port: quorum.port).isClosedByPeer())
        #expect(own.count == 1)
        #expect(quorum.limits.count == 0)
        // The data loops' clients are not asked for them.
        let client = try TestClient(port: quorum.dataPort)
        try client.send(TestQuorumLogic.greeting)
        #expect(try client.receive(TestQuorumLogic.greeting.count) == TestQuorumLogic.greeting)
    }

    @Test func `limits within others count in their total, not by address`() {
        let whole = ConnectionLimits(totalMax: 3, perAddressMax: 1)
        let part = ConnectionLimits(
            perAddressMax: 2, perAddressRefusal: .init(property: "zookeeper.maxClientCnxns"), within: whole)
        #expect(part.admit("10.0.0.1") == nil)
        #expect(part.admit("10.0.0.1") == nil)
        #expect(part.admit("10.0.0.1")?.property == "zookeeper.maxClientCnxns")
        #expect(whole.count == 2)
        #expect(whole.admit("10.0.0.1") == nil)
        #expect(part.admit("10.0.0.2") == .total)
        part.release("10.0.0.1")
        #expect(part.admit("10.0.0.2") == nil)
        #expect(whole.count == 3)
    }

    @Test func `the quorum is served while the data loops have too much to do`() throws {
        let quorum = try TestQuorum()
        // Nobody empties the control loop's mailbox: none was started.
        quorum.reactor.run(Array(repeating: .post(.advanced([]), to: .control), count: 20_000))
        let client = try TestClient(port: quorum.dataPort)
        try client.send(TestQuorumLogic.greeting)
        let replica = try TestClient(port: quorum.port)
        for _ in 0..<100 {
            try replica.send(TestQuorumLogic.greeting)
            #expect(try replica.receive(TestQuorumLogic.greeting.count) == TestQuorumLogic.greeting)
        }
        var byte: UInt8 = 0
        #expect(recv(client.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == -1)
    }

    @Test func `the quorum loop ends last, and its logic is called once more`() throws {
        let quorum = try TestQuorum()
        let client = try TestClient(port: quorum.dataPort)
        let replica = try TestClient(port: quorum.port)
        quorum.reactor.finishLoops(by: SystemClock.instant())
        #expect(client.isClosedByPeer())
        quorum.reactor.finishControl()
        try replica.send(TestQuorumLogic.greeting)
        #expect(try replica.receive(TestQuorumLogic.greeting.count) == TestQuorumLogic.greeting)
        let before = quorum.shared.messages.load(ordering: .relaxed)
        quorum.wake()
        eventually { quorum.shared.messages.load(ordering: .relaxed) == before + 1 ? () : nil }
        quorum.finish()
        #expect(replica.isClosedByPeer())
        #expect(quorum.shared.shutdowns.load(ordering: .relaxed) == 1)
    }
}
