import Testing
import Vocabulary

@testable import Consensus

/// A voter whose log was damaged: it vouched for more than it has.
struct DebtTests {
    private func debtor() -> Dialogue {
        Dialogue(hardState: HardState(term: 5, owes: position(10, 5)), log: [position(4, 3)])
    }

    @Test func `a voter that lost entries votes only for who has them`() {
        var one = debtor()
        for last in [position(4, 3), position(9, 5), position(20, 4)] {
            let no = Message.of(term: one.raft.term.value, .preVoteResponse(isGranted: false))
            #expect(one.hear(.of(term: 7, .preVoteRequest(last: last)), from: 2) == [.send(no, to: key(2))])
            let answer = one.hear(.of(term: 6, .voteRequest(last: last, isTransfer: false)), from: 2)
            #expect(answer.last == .send(.of(term: 6, .voteResponse(isGranted: false)), to: key(2)))
        }
        let answer = one.hear(.of(term: 6, .voteRequest(last: position(10, 5), isTransfer: false)), from: 3)
        #expect(answer.last == .send(.of(term: 6, .voteResponse(isGranted: true)), to: key(3)))
    }

    @Test func `a voter that lost entries does not stand, not even when the leader asks it to`() {
        var one = debtor()
        #expect(one.wake() == [])
        #expect(one.raft.nextWake == .distantFuture)
        #expect(one.hear(.of(term: 5, .timeoutNow), from: 2) == [.becameFollower(5, leader: key(2))])
        #expect(one.raft.term == 5)
    }

    @Test func `the debt is paid when the log is there again on stable storage`() {
        var one = debtor()
        _ = one.hear(.append(term: 5, after: position(4, 3), position(10, 5)), from: 2)
        #expect(one.raft.hardState.owes == position(10, 5))
        #expect(
            one.step(.durable(end: 10)) == [
                .persist(HardState(term: 5)), .send(.matched(term: 5, durable: 10), to: key(2)),
            ])
        one.now = one.raft.nextWake
        #expect(
            one.step(.timePassed).contains(
                .send(.of(term: 6, .preVoteRequest(last: position(10, 5))), to: key(2))))
    }

    @Test func `entries of a later leader pay the debt too, since it had all that was committed`() {
        var one = debtor()
        _ = one.hear(.append(term: 6, after: position(4, 3), position(5, 6)), from: 2)
        _ = one.step(.durable(end: 5))
        #expect(one.raft.hardState.owes == nil)
    }

    @Test func `the leader takes back what a replica lost, and sends it again`() {
        var one = Dialogue()
        one.lead()
        one.propose(9)
        _ = one.outgoing(to: 2)
        _ = one.hear(.matched(term: 1, durable: 10), from: 2)
        #expect(one.raft.committed == 10)
        let asked = one.hear(.mismatch(term: 1, hint: position(6, 1)), from: 2)
        #expect(asked == [.send(.append(term: 1, after: position(6, 1), committed: 10), to: key(2))])
        #expect(one.raft.replicas[1].logEnd == 6)
        #expect(one.raft.committed == 10)
        one.propose(2)
        _ = one.hear(.matched(term: 1, durable: 6), from: 2)
        // What it had before does not count for what is new.
        #expect(one.raft.committed == 10)
        #expect(
            one.outgoing(to: 2).first
                == .append(.append(term: 1, after: position(6, 1), position(12, 1), committed: 10)))
        _ = one.hear(.matched(term: 1, durable: 12), from: 2)
        #expect(one.raft.committed == 12)
    }
}
