import Testing
import Vocabulary

@testable import Consensus

/// A leader that is alive is not disturbed: pre-vote, check-quorum, and what they ask of followers.
struct LiveLeaderTests {
    @Test func `thesis §9.6: a pre-vote changes nobody's term and nobody's vote`() {
        var one = Dialogue(hardState: HardState(term: 2, votedFor: key(3)))
        #expect(
            one.hear(.of(term: 3, .preVoteRequest(last: .start)), from: 2) == [
                .send(.of(term: 3, .preVoteResponse(isGranted: true)), to: key(2))
            ])
        #expect(one.raft.hardState == HardState(term: 2, votedFor: key(3)))
    }

    @Test func `thesis §9.6: who is cut off asks for ever and never raises its term`() {
        var one = Dialogue(hardState: HardState(term: 2))
        for _ in 0..<20 { #expect(!one.wake().contains { if case .persist = $0 { true } else { false } }) }
        #expect(one.raft.term == 2)
        #expect(one.now >= at(9_000))
    }

    @Test func `thesis §9.6: a follower that hears its leader refuses pre-votes, for one election timeout`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start), from: 2)
        one.now = at(999)
        let no = Message.of(term: 1, .preVoteResponse(isGranted: false))
        #expect(one.hear(.of(term: 2, .preVoteRequest(last: .start)), from: 3) == [.send(no, to: key(3))])
        one.now = at(1_000)
        let yes = Message.of(term: 2, .preVoteResponse(isGranted: true))
        #expect(one.hear(.of(term: 2, .preVoteRequest(last: .start)), from: 3) == [.send(yes, to: key(3))])
    }

    @Test func `thesis §4.2.3: a candidate of a newer term is ignored while the leader is heard`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start), from: 2)
        #expect(one.hear(.of(term: 9, .voteRequest(last: .start, isTransfer: false)), from: 3) == [])
        #expect(one.raft.term == 1)
        one.now = at(1_000)
        let granted = one.hear(.of(term: 9, .voteRequest(last: .start, isTransfer: false)), from: 3)
        #expect(granted.last == .send(.of(term: 9, .voteResponse(isGranted: true)), to: key(3)))
    }

    @Test func `thesis §4.2.3: a leader is not unseated by a candidate either`() {
        var one = Dialogue()
        one.lead()
        #expect(one.hear(.of(term: 9, .voteRequest(last: position(9, 1), isTransfer: false)), from: 3) == [])
        #expect(
            one.hear(.of(term: 9, .preVoteRequest(last: position(9, 1))), from: 3) == [
                .send(.of(term: 1, .preVoteResponse(isGranted: false)), to: key(3))
            ])
        #expect(one.raft.role == .leader)
    }

    @Test func `thesis §4.2.3: a candidate that the leader asked to stand is heard`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start), from: 2)
        #expect(
            one.hear(.of(term: 2, .voteRequest(last: .start, isTransfer: true)), from: 3) == [
                .persist(HardState(term: 2, votedFor: key(3))), .becameFollower(2, leader: nil),
                .send(.of(term: 2, .voteResponse(isGranted: true)), to: key(3)),
            ])
    }

    @Test func `thesis §6.2: a leader that hears no majority for an election timeout steps down`() {
        var one = Dialogue(voters: voterSet(1, 2, 3, 4, 5))
        _ = one.wake()
        for id in [2, 3] as [Int32] {
            _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: id)
        }
        for id in [2, 3] as [Int32] { _ = one.hear(.of(term: 1, .voteResponse(isGranted: true)), from: id) }
        one.propose(1)
        let began = one.now
        // One follower of four is no majority.
        while one.raft.role == .leader, one.now < began.adding(milliseconds: 5_000) {
            _ = one.hear(.matched(term: 1, durable: 0, round: 1), from: 2)
            let effects = one.wake()
            if one.raft.role != .leader { #expect(effects.first == .becameFollower(1, leader: nil)) }
        }
        #expect(one.now >= began.adding(milliseconds: 1_000))
        #expect(one.now <= began.adding(milliseconds: 1_100))
        #expect(one.raft.term == 1)
    }

    @Test func `thesis §6.2: a leader that hears a majority leads on`() {
        var one = Dialogue()
        one.lead()
        for _ in 0..<100 {
            _ = one.hear(.matched(term: 1, durable: 1), from: 3)
            _ = one.wake()
        }
        #expect(one.raft.role == .leader)
        #expect(one.now >= at(9_000))
    }

    @Test func `a leader that was stopped for a while steps down before it says another word`() {
        var one = Dialogue()
        one.lead()
        let effects = one.pass(milliseconds: 10_000)
        #expect(effects == [.becameFollower(1, leader: nil)])
    }

    @Test func `a follower that was stopped for a while disturbs nobody`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start), from: 2)
        let asked = one.pass(milliseconds: 10_000)
        #expect(asked.contains(.send(.of(term: 2, .preVoteRequest(last: .start)), to: key(3))))
        // The heartbeats that waited meanwhile come now.
        #expect(
            one.hear(.append(term: 1, after: .start, round: 90), from: 2) == [
                .becameFollower(1, leader: key(2)),
                .send(.matched(term: 1, durable: 0, round: 90), to: key(2)),
            ])
        // A yes that comes late does not send it back to stand.
        #expect(one.hear(.of(term: 2, .preVoteResponse(isGranted: true)), from: 3) == [])
        #expect(one.raft.term == 1)
    }

    @Test func `a second leader of the same term is not followed`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start), from: 2)
        #expect(one.hear(.append(term: 1, after: .start, position(5, 1)), from: 3) == [])
        #expect(one.raft.leader == key(2))
        var leader = Dialogue()
        leader.lead()
        #expect(leader.hear(.append(term: 1, after: .start, position(5, 1)), from: 3) == [])
        #expect(leader.raft.role == .leader)
    }
}
