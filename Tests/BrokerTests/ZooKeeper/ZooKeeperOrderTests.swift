import Testing
import Vocabulary
import Wire
import ZooKeeper

@testable import Broker

/// A client's requests take effect in the order in which they came, however many are under way.
@Suite struct ZooKeeperOrderTests {
    @Test func `a read between two writes sees the one before it and not the one behind it`() throws {
        let harness = try BrokerHarness()
        let client = try ZnodeClient(harness)
        client.send([.create(CreateRequest(path: "/a"))])
        #expect(try client.replies().count == 1)
        harness.holdsSyncs = true
        client.send([set("one"), get, set("two"), get, get, set("three"), get])
        #expect(try client.replies().isEmpty)
        harness.releaseSyncs()
        #expect(try client.data() == ["one", "two", "two", "three"])
    }

    @Test func `a watch that a read leaves fires for the write behind it`() throws {
        let harness = try BrokerHarness()
        let client = try ZnodeClient(harness)
        client.send([.create(CreateRequest(path: "/a"))])
        _ = try client.replies()
        harness.holdsSyncs = true
        client.send([set("one"), .getData(ReadRequest(path: "/a", isWatching: true)), set("two")])
        harness.releaseSyncs()
        #expect(try client.replies().map(\.xid) == [2, 3, Xid.notification, 4])
    }

    @Test func `a session ends behind the reads before it`() throws {
        let harness = try BrokerHarness()
        let client = try ZnodeClient(harness)
        harness.holdsSyncs = true
        client.send([
            .create(CreateRequest(path: "/e", mode: .ephemeral)), .exists(ReadRequest(path: "/e")), .closeSession,
        ])
        harness.releaseSyncs()
        let replies = try client.replies()
        #expect(replies.map(\.code) == [.ok, .ok, .ok])
        #expect(client.connection.isClosing)
    }

    @Test func `requests that never run out are each answered once`() throws {
        let harness = try BrokerHarness()
        let client = try ZnodeClient(harness)
        client.send([.create(CreateRequest(path: "/a"))])
        _ = try client.replies()
        harness.holdsSyncs = true
        client.send([set("first")])
        for round in 1...600 {
            // One more is under way before the one before it is answered.
            client.send([set("\(round)")])
            harness.releaseSyncs()
            harness.holdsSyncs = true
        }
        harness.releaseSyncs()
        let answered = try client.replies()
        #expect(answered.count == 601)
        #expect(answered.allSatisfy { $0.code == .ok })
    }

    private var get: ZooKeeperRequest { .getData(ReadRequest(path: "/a")) }
    private func set(_ text: String) -> ZooKeeperRequest {
        .setData(SetDataRequest(path: "/a", data: Array(text.utf8)))
    }
}

/// A ZooKeeper client of the harness's broker, with a session; it sends what it is told in one burst.
final class ZnodeClient {
    let harness: BrokerHarness
    let connection: BrokerConnection
    private var received: [UInt8] = []
    private var lastXid: Int32 = 0
    private var opCodes: [Int32: OpCode] = [:]

    init(_ harness: BrokerHarness) throws {
        self.harness = harness
        connection = harness.quorum.open(listener: ZooKeeperSettings.listenerName, peer: "10.0.0.9", now: harness.now)
        var connect = ConnectRequest()
        connect.timeoutMs = 10_000
        deliver(connect.frame)
        let response = try #require(try frames().first)
        var at = 0
        #expect(try ConnectResponse(response.span.bytes, &at).sessionID != 0)
    }

    func send(_ requests: [ZooKeeperRequest]) {
        var burst: [UInt8] = []
        for request in requests {
            lastXid += 1
            opCodes[lastXid] = request.opCode
            burst += request.frame(xid: lastXid)
        }
        deliver(burst)
    }

    /// What has come since the last call: headers of replies and events.
    func replies() throws -> [ZooKeeperReplyHeader] {
        try frames().map { frame in
            var at = 0
            return try ZooKeeperReplyHeader(frame.span.bytes, &at)
        }
    }

    /// The data that the reads since the last call were answered with.
    func data() throws -> [String] {
        try frames().compactMap { frame in
            var at = 0
            let header = try ZooKeeperReplyHeader(frame.span.bytes, &at)
            guard let opCode = opCodes[header.xid], opCode == .getData else { return nil }
            guard case .data(let data, _) = try ZooKeeperReply(frame.span.bytes, &at, to: opCode, code: header.code)
            else { return "no data" }
            return String(decoding: data ?? [], as: UTF8.self)
        }
    }

    private func deliver(_ bytes: [UInt8]) {
        var bytes = bytes
        let consumed = bytes.withUnsafeMutableBytes { harness.quorum.received(connection, $0, now: harness.now) }
        #expect(consumed == bytes.count)
        harness.settle()
    }

    private func frames() throws -> [[UInt8]] {
        while let (piece, _) = connection.output.first() {
            guard case .bytes(let bytes) = piece else { throw TestFailure(what: "a region of a file for a ZooKeeper client") }
            received += bytes
            connection.output.consume(bytes.count)
        }
        var frames: [[UInt8]] = []
        while received.count >= 4 {
            let length = Int(received.withUnsafeBytes { Int32(bigEndian: $0.loadUnaligned(as: Int32.self)) })
            guard received.count >= 4 + length else { break }
            frames.append(Array(received[4..<4 + length]))
            received.removeFirst(4 + length)
        }
        return frames
    }

    private struct TestFailure: Error { let what: String }
}
