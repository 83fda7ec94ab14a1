import Consensus
import Metadata
import Testing
import Vocabulary

@testable import Broker

/// Two brokers have two connections between them, and each learns at its own time when one breaks.
struct AnswerRouteTests {
    private let harness: BrokerHarness

    init() throws { harness = try BrokerHarness() }

    /// Another broker's connection, which has said who it is.
    private func dialed() -> BrokerConnection {
        let connection = harness.quorum.open(listener: "CONTROLLER", peer: "10.0.0.2", now: harness.now)
        let key = ReplicaKey(id: 2, directory: UUID128(high: 1, low: 2))
        send(.hello(PeerHello(clusterID: harness.broker.clusterID, key: key, voters: [])), on: connection)
        return connection
    }

    private func send(_ frame: PeerFrame, on connection: BrokerConnection) {
        var bytes = frame.encode()
        let consumed = bytes.withUnsafeMutableBytes { harness.quorum.received(connection, $0, now: harness.now) }
        #expect(consumed == bytes.count)
        harness.settle()
    }

    /// The questions answered on it since the last look, by their numbers.
    private func answers(on connection: BrokerConnection) throws -> [UInt64] {
        var answered: [UInt64] = []
        while case .bytes(let bytes)? = connection.output.first()?.piece {
            var rest = Array(bytes)[...]
            while !rest.isEmpty {
                let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                if case .answer(let id, _) = try PeerFrame(decoding: Array(rest.dropFirst(4).prefix(length))) {
                    answered.append(id)
                }
                rest = rest.dropFirst(4 + length)
            }
            connection.output.consume(bytes.count)
        }
        return answered
    }

    @Test func `a question is answered on the connection that it came on`() throws {
        let older = dialed()
        let newer = dialed()
        send(.ask(id: 7, .readIndex), on: older)
        send(.ask(id: 8, .readIndex), on: newer)
        #expect(try answers(on: older) == [7])
        #expect(try answers(on: newer) == [8])
    }

    @Test func `one whose connection has ended is answered nowhere`() throws {
        harness.holdsSyncs = true
        let older = dialed()
        let newer = dialed()
        send(.ask(id: 7, .metadata(.autoCreateTopics(["t"]))), on: older)
        harness.quorum.closed(older)
        harness.releaseSyncs()
        #expect(try answers(on: newer) == [])
    }
}
