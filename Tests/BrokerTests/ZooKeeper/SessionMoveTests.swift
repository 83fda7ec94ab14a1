import Coordination
import Testing
import Vocabulary
import ZooKeeper

@testable import Broker

/// A session is at one broker at a time, and its client's connection is where the session is.
@Suite struct SessionMoveTests {
    /// A client asks broker after broker for its session; what it asked of one that it gave up may come last (ZOOKEEPER-710).
    @Test func `a client whose session has moved on behind its connect is let go`() throws {
        let harness = try BrokerHarness()
        let first = try connect(harness, sessionID: 0, password: [])
        let opened = try #require(try response(of: first))
        // Both moves are decided in one turn, and applied together.
        let second = try connect(
            harness, sessionID: opened.sessionID, password: opened.password, timeoutMs: 12_000, settles: false
        )
        let move = CoordinationCommand.moveSession(
            id: opened.sessionID, password: SessionPassword(opened.password)!, timeoutMs: 12_000, broker: 9)
        harness.quorum.ask(.coordination(move), .nobody)
        harness.settle()
        #expect(
            harness.quorum.coordination.sessions.contains {
                $0.key == opened.sessionID && $0.value.broker == 9
            })
        #expect(try response(of: second) == nil)
        #expect(second.isClosing)
    }

    private func connect(
        _ harness: BrokerHarness, sessionID: Int64, password: [UInt8], timeoutMs: Int32 = 10_000,
        settles: Bool = true
    ) throws -> BrokerConnection {
        let connection = harness.quorum.open(
            listener: ZooKeeperSettings.listenerName, peer: "10.0.0.9", now: harness.now)
        var request = ConnectRequest()
        request.timeoutMs = timeoutMs
        request.sessionID = sessionID
        request.password = password.isEmpty ? [UInt8](repeating: 0, count: 16) : password
        var bytes = request.frame
        let consumed = bytes.withUnsafeMutableBytes {
            harness.quorum.received(connection, $0, now: harness.now)
        }
        #expect(consumed == bytes.count)
        if settles { harness.settle() }
        return connection
    }

    private func response(of connection: BrokerConnection) throws -> ConnectResponse? {
        guard case .bytes(let bytes)? = connection.output.first()?.0 else { return nil }
        var at = 0
        return try ConnectResponse(Array(bytes[4...]).span.bytes, &at)
    }
}
