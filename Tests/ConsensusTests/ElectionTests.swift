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

    @Test func `§5.2: a replica votes once in a term, and says the same again to who asks again`() {
        var one = Dialogue()
        let request = Message.of(term: 4, .voteRequest(last: .start, isTransfer: false))
        let yes = Message.of(term: 4, .voteResponse(isGranted: true))
        #expect(
            one.hear(request, from: 2) == [
                .persist(HardState(term: 4, votedFor: key(2))), .send(yes, to: key(2)),
            ])
        #expect(
            one.hear(request, from: 3) == [.send(.of(term: 4, .voteResponse(isGranted: false)), to: key(3))])
        #expect(one.hear(request, from: 2) == [.send(yes, to: key(2))])
    }

    @Test func `§5.2: a vote is remembered through a restart`() {
        var one = Dialogue(hardState: HardState(term: 4, votedFor: key(2)))
        let request = Message.of(term: 4, .voteRequest(last: .start, isTransfer: false))
        #expect(
            one.hear(request, from: 3) == [.send(.of(term: 4, .voteResponse(isGranted: false)), to: key(3))])
        #expect(
            one.hear(request, from: 2) == [.send(.of(term: 4, .voteResponse(isGranted: true)), to: key(2))])
    }

    @Test func `§5.2: a vote counts once, and no vote of an earlier term counts`() {
        var one = Dialogue(voters: voterSet(1, 2, 3, 4, 5))
        _ = one.wake()
        for id in [2, 2, 2] as [Int32] {
            _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: id)
        }
        #expect(one.raft.role == .preCandidate)
        _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: 3)
        #expect(one.raft.role == .candidate)
        for id in [2, 2, 2] as [Int32] {
            _ = one.hear(.of(term: 1, .voteResponse(isGranted: true)), from: id)
        }
        for id in [3, 4] as [Int32] { _ = one.hear(.of(term: 0, .voteResponse(isGranted: true)), from: id) }
        _ = one.hear(.of(term: 1, .voteResponse(isGranted: false)), from: 4)
        #expect(one.raft.role == .candidate)
        _ = one.hear(.of(term: 1, .voteResponse(isGranted: true)), from: 5)
        #expect(one.raft.role == .leader)
    }

    @Test func `§5.2: who loses to another leader of its term follows it`() {
        var one = Dialogue()
        _ = one.wake()
        _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: 2)
        #expect(one.raft.role == .candidate)
        #expect(
            one.hear(.append(term: 1, after: .start), from: 2) == [
                .becameFollower(1, leader: key(2)), .send(.matched(term: 1, durable: 0), to: key(2)),
            ])
    }

    @Test func `§5.2: votes that split end in a new election with another time out`() {
        var one = Dialogue()
        _ = one.wake()
        _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: 2)
        let began = one.now
        #expect(one.wake().contains(.send(.of(term: 2, .preVoteRequest(last: .start)), to: key(3))))
        #expect(one.now >= began.adding(milliseconds: 500))
        #expect(one.now <= began.adding(milliseconds: 1_000))
        #expect(one.raft.role == .preCandidate)
    }

    @Test func `§5.2: time outs are spread from one election timeout to one and a half`() {
        var timeouts: Set<Int64> = []
        for seed in 0..<200 as Range<UInt64> {
            var one = Dialogue(seed: seed)
            _ = one.hear(.append(term: 1, after: .start), from: 2)
            timeouts.insert(one.raft.nextWake.nanoseconds / 1_000_000)
        }
        #expect(timeouts.allSatisfy { (1_000...1_500).contains($0) })
        #expect(timeouts.min()! < 1_025)
        #expect(timeouts.max()! > 1_475)
        #expect(timeouts.count > 120)
    }

    @Test func `§5.1: whoever hears of a newer term goes there, and follows`() {
        var one = Dialogue()
        one.lead()
        #expect(one.raft.role == .leader)
        #expect(
            one.hear(.mismatch(term: 7, hint: .start), from: 2) == [
                .persist(HardState(term: 7)), .becameFollower(7, leader: nil),
            ])
    }

    @Test(arguments: [
        (
            Message.of(term: 2, .voteRequest(last: position(9, 9), isTransfer: false)),
            Message.of(term: 5, .voteResponse(isGranted: false))
        ),
        (
            Message.of(term: 2, .preVoteRequest(last: position(9, 9))),
            Message.of(term: 5, .preVoteResponse(isGranted: false))
        ),
        (Message.append(term: 2, after: .start), Message.mismatch(term: 5, hint: .start, round: 0)),
        (Message.of(term: 2, .timeoutNow), Message.mismatch(term: 5, hint: .start, round: 0)),
    ])
    func `§5.1: words of an old term are refused with the newer one`(message: Message, answer: Message) {
        var one = Dialogue(hardState: HardState(term: 5))
        #expect(one.hear(message, from: 2) == [.send(answer, to: key(2))])
    }

    @Test(arguments: [
        (position(5, 3), true),  // The same.
        (position(6, 3), true),  // Longer.
        (position(1, 4), true),  // A later last term weighs more than length.
        (position(4, 3), false),
        (position(9, 2), false),
    ])
    func `§5.4.1: a vote goes to a log that is as far as one's own`(last: LogPosition, isGranted: Bool) {
        var one = Dialogue(log: [position(2, 1), position(5, 3)])
        let effects = one.hear(.of(term: 9, .voteRequest(last: last, isTransfer: false)), from: 2)
        #expect(effects.contains(.send(.of(term: 9, .voteResponse(isGranted: isGranted)), to: key(2))))
        #expect(one.raft.hardState == HardState(term: 9, votedFor: isGranted ? key(2) : nil))
        var other = Dialogue(log: [position(2, 1), position(5, 3)])
        #expect(
            other.hear(.of(term: 9, .preVoteRequest(last: last)), from: 2) == [
                .send(.of(term: isGranted ? 9 : 3, .preVoteResponse(isGranted: isGranted)), to: key(2))
            ])
    }

    @Test func `a quorum of one leads as soon as it is started`() {
        var one = Dialogue(voters: voterSet(1), hardState: HardState(term: 3))
        #expect(one.raft.nextWake == one.now)
        #expect(one.wake() == [.persist(HardState(term: 4, votedFor: key(1))), .becameLeader(4)])
        #expect(one.step(.proposed(end: 1, voterSet: nil)) == [])
        #expect(one.step(.durable(end: 1)).first == .commit(upTo: 1))
    }

    @Test func `who has no vote stands never, and notices all the same that nobody leads`() {
        var four = Dialogue(me: 4)
        #expect(four.wake() == [])
        #expect(four.raft.nextWake == .distantFuture)
        _ = four.hear(.append(term: 1, after: .start), from: 2)
        #expect(four.raft.leader == key(2))
        #expect(four.wake() == [.becameFollower(1, leader: nil)])
        #expect(four.raft.nextWake == .distantFuture)
    }

    @Test func `KIP-853: a voter's new disk is another replica, whose vote does not count`() {
        var one = Dialogue()
        _ = one.wake()
        let wiped = key(2, directory: 7)
        _ = one.step(.received(.of(term: 1, .preVoteResponse(isGranted: true)), from: wiped))
        #expect(one.raft.role == .preCandidate)
        _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: 2)
        _ = one.step(.received(.of(term: 1, .voteResponse(isGranted: true)), from: wiped))
        #expect(one.raft.role == .candidate)
        _ = one.hear(.of(term: 1, .voteResponse(isGranted: true)), from: 2)
        #expect(one.raft.role == .leader)
    }

    @Test func `a candidate whose connection is made anew asks again, unless it has the vote`() {
        var one = Dialogue(voters: voterSet(1, 2, 3, 4, 5))
        _ = one.wake()
        _ = one.hear(.of(term: 1, .preVoteResponse(isGranted: true)), from: 2)
        #expect(one.step(.connected(to: key(2))) == [])
        #expect(
            one.step(.connected(to: key(3))) == [
                .send(.of(term: 1, .preVoteRequest(last: .start)), to: key(3))
            ])
    }

    @Test func `of two who ask at once one goes first, for a moment`() {
        let yes = Message.of(term: 1, .preVoteResponse(isGranted: true))
        let no = Message.of(term: 0, .preVoteResponse(isGranted: false))
        var two = Dialogue(me: 2)
        _ = two.wake()
        #expect(two.hear(.of(term: 1, .preVoteRequest(last: .start)), from: 1) == [.send(no, to: key(1))])
        #expect(two.hear(.of(term: 1, .preVoteRequest(last: .start)), from: 3) == [.send(yes, to: key(3))])
        two.now = two.now.adding(milliseconds: 100)
        #expect(two.hear(.of(term: 1, .preVoteRequest(last: .start)), from: 1) == [.send(yes, to: key(1))])
    }

    /// With writes under way the logs differ: neither would help the other, and both waited for another time out.
    @Test func `who asks at once with another and has the shorter log does not go first`() {
        let yes = Message.of(term: 1, .preVoteResponse(isGranted: true))
        var two = Dialogue(me: 2)
        _ = two.wake()
        let longer = LogPosition(end: 5, term: 0)
        #expect(two.hear(.of(term: 1, .preVoteRequest(last: longer)), from: 1) == [.send(yes, to: key(1))])
    }

    @Test func `a leader whose connection breaks is followed by an election at once`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start), from: 2)
        #expect(one.raft.nextWake >= at(1_000))
        _ = one.step(.connectionLost(to: key(3)))
        #expect(one.raft.nextWake >= at(1_000))
        _ = one.step(.connectionLost(to: key(2)))
        #expect(one.raft.nextWake <= at(250))
        #expect(one.raft.nextWake >= at(50))
        // The others lost it too, so they are asked with success.
        let yes = Message.of(term: 2, .preVoteResponse(isGranted: true))
        #expect(one.hear(.of(term: 2, .preVoteRequest(last: .start)), from: 3) == [.send(yes, to: key(3))])
        // It was only the network: the leader's next word ends the hurry.
        _ = one.hear(.append(term: 1, after: .start, round: 2), from: 2)
        #expect(one.raft.nextWake >= at(1_000))
    }
}
