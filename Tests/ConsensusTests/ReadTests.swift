import Testing
import Vocabulary

@testable import Consensus

struct ReadTests {
    private func leader() -> Dialogue {
        var one = Dialogue()
        one.lead()
        for id in [2, 3] as [Int32] {
            _ = one.outgoing(to: id)
            _ = one.hear(.matched(term: 1, durable: 1), from: id)
        }
        return one
    }

    @Test func `thesis §6.4: a read is answered when a majority has answered a round begun after it came`() {
        var one = leader()
        #expect(
            one.step(.readRequested(id: 7)) == [
                .send(.append(term: 1, after: position(1, 1), committed: 1, round: 2), to: key(2)),
                .send(.append(term: 1, after: position(1, 1), committed: 1, round: 2), to: key(3)),
            ])
        // An answer to the round before proves nothing.
        #expect(
            !one.hear(.matched(term: 1, durable: 1, round: 1), from: 3).contains(.readReady(id: 7, index: 1)))
        #expect(
            one.hear(.matched(term: 1, durable: 1, round: 2), from: 3).contains(.readReady(id: 7, index: 1)))
    }

    @Test func `thesis §6.4: the read sees what was committed when it came`() {
        var one = leader()
        _ = one.step(.readRequested(id: 7))
        one.propose(4)
        _ = one.hear(.matched(term: 1, durable: 5, round: 1), from: 2)
        #expect(one.raft.committed == 5)
        #expect(
            one.hear(.matched(term: 1, durable: 5, round: 2), from: 2).contains(.readReady(id: 7, index: 1)))
    }

    @Test func `reads that come while a round is under way share the next one`() {
        var one = leader()
        _ = one.step(.readRequested(id: 1))
        #expect(one.step(.readRequested(id: 2)) == [])
        #expect(one.step(.readRequested(id: 3)) == [])
        let effects = one.hear(.matched(term: 1, durable: 1, round: 2), from: 2)
        #expect(effects.first == .readReady(id: 1, index: 1))
        #expect(
            effects.contains(
                .send(.append(term: 1, after: position(1, 1), committed: 1, round: 3), to: key(3))))
        #expect(
            one.hear(.matched(term: 1, durable: 1, round: 3), from: 3).starts(with: [
                .readReady(id: 2, index: 1), .readReady(id: 3, index: 1),
            ]))
    }

    @Test func `a round that got lost is made good by the next heartbeat`() {
        var one = leader()
        _ = one.step(.readRequested(id: 1))
        _ = one.wake()
        #expect(
            one.hear(.matched(term: 1, durable: 1, round: 3), from: 2).contains(.readReady(id: 1, index: 1)))
    }

    @Test func `§8: a leader reads nothing before an entry of its own term is committed`() {
        var one = Dialogue(log: [position(3, 1)])
        one.lead()
        #expect(one.raft.term == 2)
        #expect(one.step(.readRequested(id: 1)) == [])
        _ = one.hear(.matched(term: 2, durable: 3, round: 1), from: 2)
        let effects = one.hear(.matched(term: 2, durable: 4, round: 1), from: 2)
        #expect(effects.contains(.commit(upTo: 4)))
        #expect(
            one.hear(.matched(term: 2, durable: 4, round: 2), from: 2).contains(.readReady(id: 1, index: 4)))
    }

    @Test func `a quorum of one answers at once`() {
        var one = Dialogue(voters: voterSet(1))
        one.lead()
        #expect(one.step(.readRequested(id: 5)) == [.readReady(id: 5, index: one.raft.committed)])
    }

    @Test func `who does not lead refuses, and who leads no more refuses what waits`() {
        var one = leader()
        _ = one.step(.readRequested(id: 1))
        #expect(
            one.hear(.matched(term: 5, durable: 0), from: 2) == [
                .persist(HardState(term: 5)), .readRefused(id: 1), .becameFollower(5, leader: nil),
            ])
        #expect(one.step(.readRequested(id: 2)) == [.readRefused(id: 2)])
    }

    @Test func `observers prove nothing`() {
        var one = leader()
        _ = one.step(.connected(to: key(8)))
        _ = one.step(.connected(to: key(9)))
        _ = one.step(.readRequested(id: 1))
        for id in [8, 9] as [Int32] {
            #expect(
                !one.hear(.matched(term: 1, durable: 1, round: 9), from: id).contains(
                    .readReady(id: 1, index: 1)))
        }
    }
}
