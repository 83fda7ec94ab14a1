import Testing
import Vocabulary

@testable import Consensus

struct FollowerTests {
    @Test func `§5.3: entries go in the log and are acknowledged once they are on stable storage`() {
        var one = Dialogue()
        #expect(
            one.hear(.append(term: 1, after: .start, position(5, 1)), from: 2) == [
                .persist(HardState(term: 1)), .becameFollower(1, leader: key(2)),
                .appendReceived(from: 0, end: 5),
            ])
        #expect(one.step(.durable(end: 3)) == [.send(.matched(term: 1, durable: 3), to: key(2))])
        #expect(one.step(.durable(end: 5)) == [.send(.matched(term: 1, durable: 5), to: key(2))])
    }

    @Test func `a heartbeat is answered at once, with what is durable`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start, position(5, 1)), from: 2)
        #expect(
            one.hear(.append(term: 1, after: position(5, 1), round: 2), from: 2) == [
                .send(.matched(term: 1, durable: 0, round: 2), to: key(2))
            ])
    }

    @Test func `what only tells of a commit is not answered`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start, position(5, 1)), from: 2)
        _ = one.step(.durable(end: 5))
        #expect(
            one.hear(.append(term: 1, after: position(5, 1), committed: 4), from: 2) == [.commit(upTo: 4)])
    }

    @Test func `§5.3: an append behind an entry that is not there is refused`() {
        var one = Dialogue(log: [position(4, 1)])
        let answer = one.hear(.append(term: 2, after: position(9, 2), position(10, 2)), from: 2)
        #expect(answer.last == .send(.mismatch(term: 2, hint: position(4, 1)), to: key(2)))
        #expect(one.raft.logEnd == 4)
    }

    @Test(arguments: [
        // Our log: 0..<4 in term 1, 4..<7 in term 3, 7..<9 in term 5.
        (position(9, 6), position(9, 5)),  // Ours may have these too, in term 5.
        (position(9, 4), position(7, 3)),  // Nothing of term 5 can be the leader's.
        (position(8, 4), position(7, 3)),
        (position(6, 2), position(4, 1)),
        (position(3, 2), position(3, 1)),
        (position(20, 9), position(9, 5)),
    ])
    func `§5.3: the refusal tells the last place where the logs may agree`(
        asked: LogPosition, hint: LogPosition
    ) {
        var one = Dialogue(log: [position(4, 1), position(7, 3), position(9, 5)])
        let answer = one.hear(.append(term: 9, after: asked), from: 2)
        #expect(answer.last == .send(.mismatch(term: 9, hint: hint), to: key(2)))
    }

    @Test func `§5.3: entries that conflict are cut, with all behind them`() {
        var one = Dialogue(log: [position(4, 1), position(9, 2)])
        let effects = one.hear(
            .append(term: 3, after: position(3, 1), position(5, 1), position(8, 3)), from: 2)
        #expect(effects.suffix(2) == [.truncate(to: 4), .appendReceived(from: 4, end: 8)])
        #expect(one.raft.durableEnd == 4)
        #expect(one.step(.durable(end: 8)) == [.send(.matched(term: 3, durable: 8), to: key(2))])
    }

    @Test func `§5.3: an older append that comes late cuts nothing`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start, position(5, 1)), from: 2)
        _ = one.hear(.append(term: 1, after: position(5, 1), position(9, 1)), from: 2)
        _ = one.step(.durable(end: 9))
        #expect(
            one.hear(.append(term: 1, after: .start, position(5, 1)), from: 2) == [
                .send(.matched(term: 1, durable: 9), to: key(2))
            ])
        #expect(one.raft.logEnd == 9)
    }

    @Test func `§5.3: an append that overlaps brings only what is new`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start, position(5, 1)), from: 2)
        #expect(
            one.hear(.append(term: 1, after: position(2, 1), position(9, 1)), from: 2) == [
                .appendReceived(from: 5, end: 9)
            ])
    }

    @Test func `only what the leader has confirmed is acknowledged, not what lies behind it`() {
        var one = Dialogue(log: [position(4, 1), position(9, 2)])
        let answer = one.hear(.append(term: 3, after: position(4, 1)), from: 2)
        #expect(answer.last == .send(.matched(term: 3, durable: 4), to: key(2)))
    }

    @Test func `only what the leader has confirmed is committed, however far it is`() {
        var one = Dialogue(log: [position(4, 1), position(9, 2)])
        let answer = one.hear(.append(term: 3, after: position(3, 1), committed: 8), from: 2)
        #expect(answer.contains(.commit(upTo: 3)))
        #expect(one.raft.committed == 3)
    }

    @Test func `what is committed does not go back`() {
        var one = Dialogue(log: [position(9, 1)])
        _ = one.hear(.append(term: 1, after: position(9, 1), committed: 8), from: 2)
        #expect(
            one.hear(.append(term: 1, after: position(9, 1), committed: 5, round: 2), from: 2) == [
                .send(.matched(term: 1, durable: 9, round: 2), to: key(2))
            ])
        #expect(one.raft.committed == 8)
    }

    @Test func `a new leader has to confirm the log anew`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 1, after: .start, position(9, 1)), from: 2)
        _ = one.step(.durable(end: 9))
        #expect(
            one.hear(.append(term: 2, after: .start), from: 3) == [
                .persist(HardState(term: 2)), .becameFollower(2, leader: key(3)),
                .send(.matched(term: 2, durable: 0), to: key(3)),
            ])
    }

    @Test func `§5.4: what is committed is the new leader's too, unasked`() {
        var one = Dialogue(snapshot: position(6, 1))
        let answer = one.hear(.append(term: 2, after: position(3, 1)), from: 3)
        #expect(answer.last == .send(.matched(term: 2, durable: 6), to: key(3)))
    }

    @Test(arguments: [
        Message.of(term: -1, .timeoutNow),
        .append(term: 1, after: position(-1, 0)),
        .append(term: 1, after: position(0, -1)),
        .append(term: 1, after: .start, position(5, 2)),
        .append(term: 3, after: .start, position(5, 2), position(4, 2)),
        .append(term: 3, after: .start, position(5, 2), position(9, 1)),
        .append(term: 3, after: position(3, 2), position(5, 1)),
        .append(term: 3, after: .start, committed: -1),
        .append(
            term: 3, after: .start, position(5, 2),
            voterSets: [PlacedVoterSet(offset: 5, voters: voterSet(1))]),
        .of(
            term: 3, .append(Append(previous: position(4, 1), end: 3, runs: [], committed: 0, round: 1))),
        .of(
            term: 3, .append(Append(previous: .start, end: 3, runs: [], committed: 0, round: 1))),
        .of(term: 3, .voteRequest(last: position(-1, 1), isTransfer: true)),
        .of(term: 3, .preVoteRequest(last: position(1, -1))),
        .matched(term: 3, durable: -1),
        .mismatch(term: 3, hint: position(-3, 0)),
        .of(term: 3, .snapshotChunk(chunk(of: position(5, 1), at: 3, count: 3, total: 5))),
        .of(term: 3, .snapshotChunk(chunk(of: position(5, 1), at: -1, count: 3, total: 5))),
        .of(term: 3, .snapshotChunk(chunk(of: position(5, 1), at: .max, count: .max, total: 5))),
        .of(term: 3, .snapshotChunk(chunk(of: position(5, 1), at: 3, count: 0, total: 5))),
        .of(term: 3, .snapshotChunk(chunk(of: position(-5, 1), at: 3, count: 1, total: 5))),
        .of(
            term: 3,
            .snapshotResponse(
                SnapshotResponse(snapshot: position(5, 1), received: -1, isInstalled: true, round: 1))),
    ])
    func `a message that no replica would send has a flaw, and is ignored`(message: Message) {
        #expect(message.flaw != nil)
        for role in [Raft.Role.follower, .leader] {
            var one = Dialogue()
            if role == .leader { one.lead() }
            #expect(one.hear(message, from: 2) == [])
            #expect(one.raft.term == (role == .leader ? 1 : 0))
        }
    }

    @Test func `a leader that reaches the last term there is does not stop the others`() {
        var one = Dialogue()
        _ = one.hear(.append(term: .max, after: .start), from: 2)
        #expect(one.wake() == [.becameFollower(LeaderEpoch(.max), leader: nil)])
        #expect(one.raft.nextWake == .distantFuture)
    }
}

func chunk(of id: SnapshotID, at position: Int64, count: Int, total: Int64, round: UInt64 = 1)
    -> SnapshotChunk
{
    SnapshotChunk(
        snapshot: id, position: position, total: total, count: count,
        voters: PlacedVoterSet(offset: -1, voters: voterSet(1, 2, 3)), round: round)
}
