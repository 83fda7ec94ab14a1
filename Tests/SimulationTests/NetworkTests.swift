import Simulation
import Testing
import Vocabulary

/// Two machines and a connection between them.
struct NetworkTests {
    private final class Pair {
        let world: World
        let network: SimulatedNetwork
        var notices: [(HostID, NetworkNotice)] = []
        var dialer: SocketID = 0
        var accepted: SocketID?
        let client = HostID.client(1)
        let broker = HostID.broker(1)

        init(seed: UInt64 = 1, _ change: (inout NetworkOptions) -> Void = { _ in }) {
            world = World(seed: seed, brokers: 1)
            var options = NetworkOptions()
            change(&options)
            network = SimulatedNetwork(world: world, options: options)
            network.listen(broker, port: 9)
        }

        func dial() { dialer = network.dial(from: client, to: broker, port: 9) }

        func connect() throws {
            dial()
            run(ms: 100)
            _ = try #require(accepted)
        }

        func run(ms: Int64) {
            let end = world.now.adding(milliseconds: ms)
            while let happening = world.next(before: end) {
                if case .network(let what) = happening { network.handle(what) }
                for (host, notice) in network.takeNotices() {
                    if case .accepted(let socket, _) = notice { accepted = socket }
                    notices.append((host, notice))
                }
            }
        }

        func closings(of host: HostID) -> [String] {
            notices.compactMap { if $0.0 == host, case .closed(_, let why) = $0.1 { why } else { nil } }
        }
        func failures() -> [String] {
            notices.compactMap { if case .connectFailed(_, let why) = $0.1 { why } else { nil } }
        }
    }

    private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `bytes arrive in order, in whatever pieces`(seed: UInt64) throws {
        let pair = Pair(seed: seed) { $0.spikeOnceIn = 3 }
        try pair.connect()
        let sent = bytes(5000)
        var at = 0
        var got: [UInt8] = []
        var chance = SeededGenerator(seed: seed)
        while got.count < sent.count {
            let count = min(sent.count - at, Int.random(in: 0...700, using: &chance))
            at += pair.network.send(pair.dialer, Array(sent[at..<at + count]))
            pair.run(ms: 5)
            got += pair.network.read(pair.accepted!, max: Int.random(in: 1...900, using: &chance))
        }
        #expect(got == sent)
    }

    @Test func `a sender waits for a slow reader, and is told of room`() throws {
        let pair = Pair { $0.windowBytes = 1000 }
        try pair.connect()
        #expect(pair.network.send(pair.dialer, bytes(1500)) == 1000)
        pair.run(ms: 50)
        #expect(pair.network.send(pair.dialer, bytes(1)) == 0)
        #expect(pair.network.read(pair.accepted!, max: 300).count == 300)
        pair.run(ms: 1)
        #expect(pair.network.send(pair.dialer, bytes(1500)) == 300)
        #expect(
            pair.notices.contains { if case .writable = $0.1 { $0.0 == pair.client } else { false } }
                || !pair.network.takeNotices().isEmpty)
    }

    @Test func `a one-way block holds bytes up and lets the other way pass`() throws {
        let pair = Pair()
        try pair.connect()
        let there = NetworkPath(from: pair.client, to: pair.broker)
        pair.network.block(there)
        _ = pair.network.send(pair.dialer, [1, 2, 3])
        _ = pair.network.send(pair.accepted!, [4, 5])
        pair.run(ms: 500)
        #expect(pair.network.read(pair.accepted!).isEmpty)
        #expect(pair.network.read(pair.dialer) == [4, 5])
        pair.network.unblock(there)
        pair.run(ms: 1000)
        #expect(pair.network.read(pair.accepted!) == [1, 2, 3])
        #expect(pair.closings(of: pair.client).isEmpty)
    }

    @Test func `a block that lasts breaks the connection at the sender, and the other end does not know`()
        throws
    {
        let pair = Pair { $0.userTimeoutMicroseconds = 2_000_000 }
        try pair.connect()
        pair.network.block(NetworkPath(from: pair.client, to: pair.broker))
        _ = pair.network.send(pair.dialer, [1])
        pair.run(ms: 3000)
        #expect(pair.closings(of: pair.client) == ["timed out"])
        #expect(pair.closings(of: pair.broker).isEmpty)
        // What it says into the half-open connection is answered by a reset, once that can come through.
        pair.network.unblockAll()
        _ = pair.network.send(pair.accepted!, [2])
        pair.run(ms: 1000)
        #expect(pair.closings(of: pair.broker) == ["connection reset"])
    }

    @Test func `bytes that arrive and cannot be acknowledged break the connection too`() throws {
        let pair = Pair { $0.userTimeoutMicroseconds = 2_000_000 }
        try pair.connect()
        pair.network.block(NetworkPath(from: pair.broker, to: pair.client))
        _ = pair.network.send(pair.dialer, [1])
        pair.run(ms: 3000)
        #expect(pair.network.read(pair.accepted!) == [1])
        #expect(pair.closings(of: pair.client) == ["timed out"])
    }

    @Test func `a loss of power tells nobody; a killed process's system does`() throws {
        for isPower in [true, false] {
            let pair = Pair { $0.userTimeoutMicroseconds = 2_000_000 }
            try pair.connect()
            if isPower {
                pair.network.powerFailed(pair.broker)
            } else {
                pair.network.processDied(pair.broker)
            }
            pair.run(ms: 1000)
            #expect(pair.closings(of: pair.client).isEmpty == isPower)
            if isPower {
                _ = pair.network.send(pair.dialer, [1])
                pair.run(ms: 3000)
                #expect(pair.closings(of: pair.client) == ["timed out"])
            }
        }
    }

    @Test func `a machine that has come up again resets what it does not know`() throws {
        let pair = Pair()
        try pair.connect()
        pair.network.powerFailed(pair.broker)
        pair.network.powerReturned(pair.broker)
        _ = pair.network.send(pair.dialer, [1])
        pair.run(ms: 100)
        #expect(pair.closings(of: pair.client) == ["connection reset"])
    }

    @Test func `what was sent before a close still arrives; unread bytes turn it into a reset`() throws {
        let pair = Pair()
        try pair.connect()
        _ = pair.network.send(pair.dialer, [1, 2])
        pair.network.close(pair.dialer)
        pair.run(ms: 100)
        #expect(pair.network.read(pair.accepted!) == [1, 2])
        #expect(pair.closings(of: pair.broker) == ["closed by the peer"])

        let other = Pair()
        try other.connect()
        _ = other.network.send(other.accepted!, [9])
        other.run(ms: 100)
        _ = other.network.send(other.dialer, [1, 2])
        other.network.close(other.dialer)
        other.run(ms: 100)
        #expect(other.closings(of: other.broker) == ["connection reset"])
    }

    @Test func `a dial is refused, or times out, or finds the way once it is free`() {
        let refused = Pair()
        refused.dialer = refused.network.dial(from: refused.client, to: refused.broker, port: 10)
        refused.run(ms: 100)
        #expect(refused.failures() == ["connection refused"])

        let dark = Pair()
        dark.network.powerFailed(dark.broker)
        dark.dial()
        dark.run(ms: 5000)
        #expect(dark.failures() == ["timed out"])

        let late = Pair()
        late.network.block(NetworkPath(from: late.client, to: late.broker))
        late.dial()
        late.run(ms: 500)
        late.network.unblockAll()
        late.run(ms: 1400)
        #expect(late.notices.contains { if case .connected = $0.1 { true } else { false } })
    }

    @Test func `a broken connection loses what was on its way`() throws {
        let pair = Pair()
        try pair.connect()
        _ = pair.network.send(pair.dialer, [1, 2, 3])
        pair.network.breakConnection(between: pair.client, and: pair.broker)
        pair.run(ms: 200)
        #expect(pair.network.read(pair.accepted!).isEmpty)
        _ = pair.network.send(pair.dialer, [4])
        _ = pair.network.send(pair.accepted!, [5])
        pair.run(ms: 200)
        #expect(pair.closings(of: pair.client) == ["connection reset"])
        #expect(pair.closings(of: pair.broker) == ["connection reset"])
    }
}
