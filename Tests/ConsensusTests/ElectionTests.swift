import Testing
import Vocabulary

@testable import Consensus

struct ElectionTests {
    @Test func `§5.2: a follower that hears no leader asks the others, and a majority makes it leader`() {
        var one = Dialogue()
        #expect(
            one.wake() == [
                .send(.of(term: 1, .preVoteRequest(last: .start)), to: key(2)),
                .send(.of(term: 1, .preVoteRequest(last: .start)), to: key(3)),
            ])
        #expect(
            one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: 2) == [
                .persist(HardState(term: 1, votedFor: key(1))),
                .send(.of(term: 1, .voteRequest(last: .start, isTransfer: false)), to: key(2)),
                .send(.of(term: 1, .voteRequest(last: .start, isTransfer: false)), to: key(3)),
            ])
        #expect(
            one.hear(.of(term: 1, .voteResponse(isGranted: true)), from: 3) == [
                .becameLeader(1),
                .send(.append(term: 1, after: .start), to: key(2)),
                .send(.append(term: 1, after: .start), to: key(3)),
            ])
        #expect(one.raft.role == .leader)
    }
}
