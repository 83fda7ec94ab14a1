import Testing
import Vocabulary

@testable import Consensus

struct TransferTests {
    private func leader() -> Dialogue {
        var one = Dialogue()
        one.lead()
        _ = one.hear(.matched(term: 1, durable: 1), from: 2)
        _ = one.hear(.matched(term: 1, durable: 1), from: 3)
        return one
    }

    private let stand = Message.of(term: 1, .timeoutNow)

    @Test func `thesis §3.10: the target stands as soon as it has the whole log`() {
        var one = leader()
        one.propose(3)
        #expect(one.step(.transferLeadership(to: key(3))) == [])
        #expect(one.raft.isTransferring)
        #expect(!one.hear(.matched(term: 1, durable: 3), from: 3).contains(.send(stand, to: key(3))))
        #expect(one.hear(.matched(term: 1, durable: 4), from: 3).contains(.send(stand, to: key(3))))
        #expect(
            one.hear(.of(term: 2, .voteRequest(last: position(4, 1), isTransfer: true)), from: 3) == [
                .persist(HardState(term: 2, votedFor: key(3))), .transferEnded(isDone: true),
                .becameFollower(2, leader: nil),
                .send(.of(term: 2, .voteResponse(isGranted: true)), to: key(3)),
            ])
    }

    @Test func `thesis §3.10: whoever is told to stand does so without asking first`() {
        var one = Dialogue(log: [position(4, 1)])
        _ = one.hear(.append(term: 1, after: position(4, 1)), from: 2)
        #expect(
            one.hear(stand, from: 2) == [
                .persist(HardState(term: 2, votedFor: key(1))), .becameFollower(1, leader: nil),
                .send(.of(term: 2, .voteRequest(last: position(4, 1), isTransfer: true)), to: key(2)),
                .send(.of(term: 2, .voteRequest(last: position(4, 1), isTransfer: true)), to: key(3)),
            ])
    }

    @Test func `thesis §3.10: a transfer that takes longer than an election timeout is given up`() {
        var one = leader()
        one.propose(3)
        _ = one.step(.transferLeadership(to: key(3)))
        let began = one.now
        var effects: [RaftEffect] = []
        while !effects.contains(.transferEnded(isDone: false)), one.now < began.adding(milliseconds: 5_000) {
            _ = one.hear(.matched(term: 1, durable: 1), from: 2)
            effects = one.wake()
        }
        #expect(one.now == began.adding(milliseconds: 1_000))
        #expect(one.raft.role == .leader)
        #expect(!one.raft.isTransferring)
    }

    @Test func `without a wish the office goes to the voter that has most`() {
        var one = leader()
        one.propose(3)
        _ = one.hear(.matched(term: 1, durable: 4), from: 3)
        #expect(one.step(.transferLeadership(to: nil)) == [.send(stand, to: key(3))])
    }

    @Test func `a target that cannot lead is refused at once`() {
        var one = leader()
        _ = one.step(.connected(to: key(8)))
        for target in [key(1), key(8), key(2, directory: 5)] {
            #expect(one.step(.transferLeadership(to: target)) == [.transferEnded(isDone: false)])
        }
        var alone = Dialogue(voters: voterSet(1))
        alone.lead()
        #expect(alone.step(.transferLeadership(to: nil)) == [.transferEnded(isDone: false)])
        var follower = Dialogue()
        #expect(follower.step(.transferLeadership(to: key(2))) == [.transferEnded(isDone: false)])
    }

    @Test func `a word lost with a connection is said again on the next one`() {
        var one = leader()
        #expect(one.step(.transferLeadership(to: key(2))) == [.send(stand, to: key(2))])
        #expect(one.step(.connected(to: key(2))).last == .send(stand, to: key(2)))
    }

    @Test func `a leader that resigns hands over, follows, and does not stand again`() {
        var one = leader()
        #expect(one.step(.resign) == [.send(stand, to: key(2))])
        _ = one.hear(.of(term: 2, .voteRequest(last: position(1, 1), isTransfer: true)), from: 2)
        #expect(one.raft.role == .follower)
        #expect(one.wake() == [])
        #expect(one.raft.role == .follower)
        #expect(one.hear(.of(term: 2, .timeoutNow), from: 2) == [.becameFollower(2, leader: key(2))])
    }

    @Test func `a leader that resigns and finds no successor in time follows all the same`() {
        var one = leader()
        one.propose(1)
        #expect(one.step(.resign) == [])
        let began = one.now
        while one.raft.role == .leader, one.now < began.adding(milliseconds: 5_000) {
            _ = one.hear(.matched(term: 1, durable: 1), from: 2)
            _ = one.wake()
        }
        #expect(one.now == began.adding(milliseconds: 1_000))
        #expect(one.raft.role == .follower)
    }
}
