import Broker
import Glibc
import Host
import Ports
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReactorTests {
    @Test func `a frame cut at every byte is one frame`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        let frame = TestClient.frame("e", Array("hello, world".utf8))
        for cut in 1..<frame.count {
            try client.send(Array(frame[..<cut]))
            try client.send(Array(frame[cut...]))
            #expect(try client.receive(frame.count) == frame)
        }
        for byte in frame { try client.send([byte]) }
        #expect(try client.receive(frame.count) == frame)
    }

    @Test(arguments: [100, 16_000, 65_000, 70_000, 300_000, 2_500_000])
    func `frames of any size come through whole, one behind the other`(size: Int) throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        let frames = (0..<8).map { n in TestClient.frame("d", [UInt8](repeating: UInt8(n), count: size + n)) }
        let last = TestClient.frame("e", (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try client.send(frames.flatMap { $0 } + last)
        #expect(try client.receive(last.count) == last)
        #expect(server.seen.frames.load(ordering: .relaxed) == 9)
        // In pieces that never fit the frames.
        let all = frames.flatMap { $0 } + last
        for start in stride(from: 0, to: all.count, by: 77_777) {
            try client.send(Array(all[start..<min(start + 77_777, all.count)]))
        }
        #expect(try client.receive(last.count) == last)
        #expect(server.seen.frames.load(ordering: .relaxed) == 18)
    }

    @Test func `sizes mixed at random come through`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let frames = (0..<20).map { _ in
                let size = 8 + Int.random(in: 0..<(1 << Int.random(in: 1...19)), using: &generator)
                return TestClient.frame(
                    size < 50_000 ? "e" : "d", [UInt8](repeating: UInt8.random(in: 0...255), count: size))
            }
            try client.send(frames.flatMap { $0 } + TestClient.frame("e", Array("the end!".utf8)))
            let echoed = frames.filter { $0[4] == UInt8(ascii: "e") }.flatMap { $0 }
            #expect(try client.receive(echoed.count) == echoed)
            #expect(try client.receive(13) == TestClient.frame("e", Array("the end!".utf8)))
        }
    }

    @Test(arguments: [-1, 0, 7, 8_388_609, Int(Int32.max)]) func `a bad length closes the connection`(
        length: Int
    ) throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        let other = try TestClient(port: server.port)
        try client.send(withUnsafeBytes(of: Int32(length).bigEndian, Array.init))
        #expect(client.isClosedByPeer())
        let frame = TestClient.frame("e", Array("still here".utf8))
        try other.send(frame)
        #expect(try other.receive(frame.count) == frame)
    }

    @Test func `a promised length costs nothing until bytes come`() throws {
        let server = try TestServer(requestBytesMax: 100 << 20)
        let before = residentBytes()
        let clients = try (0..<50).map { _ in try TestClient(port: server.port) }
        for client in clients {
            try client.send(withUnsafeBytes(of: Int32(100 << 20).bigEndian, Array.init) + [1, 2, 3])
        }
        let frame = TestClient.frame("e", Array("in between".utf8))
        for _ in 0..<50 {  // Enough turns on both loops for all to be read.
            let prober = try TestClient(port: server.port)
            try prober.send(frame)
            #expect(try prober.receive(frame.count) == frame)
        }
        #expect(residentBytes() - before < 50 << 20)
    }

    @Test func `thousands of pipelined requests are answered in order`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        let frames = (0..<5000).flatMap { TestClient.frame("e", Array("request \($0)".utf8)) }
        try client.send(frames)
        #expect(try client.receive(frames.count) == frames)
        #expect(server.seen.bursts.load(ordering: .relaxed) < 2500)
    }

    @Test func `a slow reader stops being read, and gets everything in the end`() throws {
        let server = try TestServer(loops: 1, sendBuffer: 16 << 10)
        let client = try TestClient(port: server.port, receiveBuffer: 16 << 10)
        let other = try TestClient(port: server.port)
        let ask = TestClient.frame("n", 700_000)
        for _ in 0..<40 { try client.send(ask) }
        let frame = TestClient.frame("e", Array("not disturbed".utf8))
        for _ in 0..<5 {
            try other.send(frame)
            #expect(try other.receive(frame.count) == frame)
        }
        // Two answers pass the bound; the rest is not even asked for yet.
        #expect(server.seen.frames.load(ordering: .relaxed) <= 5 + 3)
        #expect(try client.receive(40 * 700_000).count == 40 * 700_000)
    }

    @Test func `what is queued is sent before a connection is closed`() throws {
        let server = try TestServer(sendBuffer: 16 << 10)
        let client = try TestClient(port: server.port, receiveBuffer: 16 << 10)
        try client.send(TestClient.frame("n", 900_000) + TestClient.frame("q", 0, 0))
        #expect(try client.receive(1_000_000).count == 900_000)
        #expect(client.isClosedByPeer())
    }

    @Test func `one address has no more connections than allowed`() throws {
        let server = try TestServer(limits: ConnectionLimits(perAddressMax: 2))
        let frame = TestClient.frame("e", Array("hello, world".utf8))
        var first: TestClient? = try TestClient(port: server.port)
        let second = try TestClient(port: server.port)
        for client in [first!, second] {
            try client.send(frame)
            #expect(try client.receive(frame.count) == frame)
        }
        #expect(try TestClient(port: server.port).isClosedByPeer())
        _ = first?.descriptor
        first = nil
        while server.seen.closed.load(ordering: .relaxed) == 0 || server.limits.count > 1 { sched_yield() }
        let third = try TestClient(port: server.port)
        try third.send(frame)
        #expect(try third.receive(frame.count) == frame)
    }

    @Test func `an address can have a limit of its own, and all together one`() {
        let limits = ConnectionLimits(
            totalMax: 3, perAddressMax: 1, overrides: ["10.0.0.1": 2, "10.0.0.9": 0])
        #expect(limits.admit("10.0.0.9") == .address)
        #expect(limits.admit("10.0.0.1") == nil)
        #expect(limits.admit("10.0.0.1") == nil)
        #expect(limits.admit("10.0.0.1") == .address)
        #expect(limits.admit("10.0.0.2") == nil)
        #expect(limits.admit("10.0.0.3") == .total)
        limits.release("10.0.0.1")
        #expect(limits.admit("10.0.0.3") == nil)
    }

    @Test func `an idle connection is closed, a busy one is not`() throws {
        let server = try TestServer(idleMs: 300)
        let idle = try TestClient(port: server.port)
        let busy = try TestClient(port: server.port)
        let halfOpen = try TestClient(port: server.port)
        try halfOpen.send([0, 0, 1])  // A frame that never ends.
        let frame = TestClient.frame("e", Array("ping".utf8) + [0, 0, 0, 0])
        for _ in 0..<8 {
            try busy.send(frame)
            #expect(try busy.receive(frame.count) == frame)
            usleep(100_000)  // The one thing here that is about time itself.
        }
        #expect(idle.isClosedByPeer())
        #expect(halfOpen.isClosedByPeer())
        #expect(busy.isClosedByPeer())
    }

    @Test func `regions of files arrive as they lie on disk`() throws {
        let directory = TemporaryDirectory()
        let disk = try PosixDisk(directory.path)
        let file = try disk.open("data", .create)
        let content = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        try content.withUnsafeBytes { try disk.write([$0], to: file, at: 0) }
        let server = try TestServer(disk: disk, file: file)
        let client = try TestClient(port: server.port)
        let places = [
            (0, 100), (5000, 16_383), (1, 16_384), (77, 1_000_000), (3, 4_999_997), (0, 5_000_000),
            (4_999_999, 1),
        ]
        for (position, count) in places {
            try client.send(TestClient.frame("f", position, count))
            #expect(try Self.length(client.receive(4)) == count)
            #expect(try client.receive(count) == Array(content[position..<position + count]))
        }
        // All at once, small and large mixed.
        try client.send(places.flatMap { TestClient.frame("f", $0.0, $0.1) })
        for (position, count) in places {
            #expect(try Self.length(client.receive(4)) == count)
            #expect(try client.receive(count) == Array(content[position..<position + count]))
        }
        // Cold, as after a restart.
        try disk.syncAll()
        for (position, count) in places {
            disk.dropCache(file)
            try client.send(TestClient.frame("f", position, count))
            #expect(try Self.length(client.receive(4)) == count)
            #expect(try client.receive(count) == Array(content[position..<position + count]))
        }
    }

    @Test func `a region that is not there any more closes the connection`() throws {
        let directory = TemporaryDirectory()
        let disk = try PosixDisk(directory.path)
        let file = try disk.open("data", .create)
        let server = try TestServer(disk: disk, file: file)
        for count in [100, 100_000] {
            let client = try TestClient(port: server.port)
            try client.send(TestClient.frame("f", 0, count))
            _ = try? client.receive(4)
            #expect(client.isClosedByPeer())
        }
    }

    @Test func `a graceful stop sends what is queued`() throws {
        let server = try TestServer(sendBuffer: 16 << 10)
        let client = try TestClient(port: server.port, receiveBuffer: 16 << 10)
        let idle = try TestClient(port: server.port)
        try client.send(TestClient.frame("n", 2_000_000))
        while server.seen.frames.load(ordering: .relaxed) == 0 { sched_yield() }
        let port = server.port
        let received = Mutex(0)
        let reader = HostThread("reader") {
            received.withLock { $0 = (try? client.receive(3_000_000).count) ?? -1 }
        }
        server.finish()
        reader.join()
        #expect(received.withLock { $0 } == 2_000_000)
        #expect(idle.isClosedByPeer())
        #expect(throws: TestClient.Failure.self) { try TestClient(port: port) }
        #expect(server.limits.count == 0)
    }

    private static func length(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private func residentBytes() -> Int {
        var text = [CChar](repeating: 0, count: 256)
        let file = fopen("/proc/self/statm", "r")!
        defer { fclose(file) }
        fgets(&text, 256, file)
        let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        return Int(fields[1])! * 4096
    }
}
