import Metadata
import Testing
import Vocabulary

@testable import Broker

/// What the controller must know of a broker is said until it was decided on.
struct InsistenceTests {
    private let harness: BrokerHarness

    init() throws { harness = try BrokerHarness() }

    /// The commands that the control loop gives to the quorum, by number.
    private func asked() -> [UInt64] {
        harness.control.takeOutbound().compactMap { effect in
            guard case .post(.quorum(.command(let id, .unfenceBroker)), .quorum) = effect else { return nil }
            return id
        }
    }

    private func answer(_ id: UInt64, _ outcome: MetadataOutcome) {
        harness.control.deliver(.quorumNews(.commandEnded(id: id, outcome)), now: harness.now)
    }

    @Test func `a broker whose leader was lost asks the next one to be unfenced`() throws {
        let control = harness.control
        control.insist(.unfenceBroker(1, epoch: control.brokerEpoch))
        let first = try #require(asked().first)
        answer(first, .failure(QuorumNews.noLeader))
        let second = try #require(asked().first)
        #expect(second != first)
        answer(second, .success(.done))
        #expect(asked() == [])
    }

    @Test func `what was refused, and what an older registration said, is not asked again`() throws {
        let control = harness.control
        control.insist(.unfenceBroker(1, epoch: control.brokerEpoch))
        answer(try #require(asked().first), .failure(MetadataError(.staleBrokerEpoch, "")))
        #expect(asked() == [])
        control.insist(.unfenceBroker(1, epoch: control.brokerEpoch))
        let id = try #require(asked().first)
        control.brokerEpoch += 1
        answer(id, .failure(QuorumNews.noLeader))
        #expect(asked() == [])
    }
}
