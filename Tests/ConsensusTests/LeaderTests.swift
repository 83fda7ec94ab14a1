import Testing
import Vocabulary

@testable import Consensus

struct LeaderTests {
    @Test func `§5.4.2: entries of earlier terms are committed only with one of the leader's own`() {
        var one = Dialogue(log: [position(3, 1)])
        _ = one.wake()
        _ = one.hear(.of(term: 2, .preVoteResponse(isGranted: true)), from: 2)
        _ = one.hear(.of(term: 2, .voteResponse(isGranted: true)), from: 2)
        #expect(one.raft.role == .leader)
        _ = one.hear(.matched(term: 2, durable: 3), from: 2)
        _ = one.hear(.matched(term: 2, durable: 3), from: 3)
        #expect(one.raft.committed == 0)
        _ = one.step(.proposed(end: 4, voterSet: nil))
        _ = one.step(.durable(end: 4))
        #expect(one.hear(.matched(term: 2, durable: 4), from: 2).contains(.commit(upTo: 4)))
    }

    @Test func `the leader's own log counts as far as it is durable`() {
        var one = Dialogue()
        one.lead()
        _ = one.step(.proposed(end: 5, voterSet: nil))
        _ = one.hear(.matched(term: 1, durable: 5), from: 2)
        #expect(one.raft.committed == 1)
        #expect(one.step(.durable(end: 4)).first == .commit(upTo: 4))
        // With two others the leader's own disk is not needed.
        #expect(one.hear(.matched(term: 1, durable: 5), from: 3).first == .commit(upTo: 5))
    }

    @Test func `a follower's acknowledgement of more than the log is not believed`() {
        var one = Dialogue()
        one.lead()
        #expect(one.hear(.matched(term: 1, durable: 99), from: 2) == [])
        #expect(one.raft.committed == 0)
    }

    @Test func `appends go out one behind the other before the answers come, up to a window`() {
        var one = Dialogue(configure: { $0.appendsInFlightMax = 3 })
        one.lead()
        one.propose(9)
        #expect(
            one.outgoing(to: 2, batch: 2) == [
                .append(.append(term: 1, after: .start, position(2, 1))),
                .append(.append(term: 1, after: position(2, 1), position(4, 1))),
                .append(.append(term: 1, after: position(4, 1), position(6, 1))),
            ])
        #expect(one.hear(.matched(term: 1, durable: 3), from: 2).contains(.replicate(to: key(2))))
        #expect(
            one.outgoing(to: 2, batch: 2) == [
                .append(.append(term: 1, after: position(6, 1), position(8, 1), committed: 3))
            ])
    }

    @Test func `a commit is told at once to who has nothing else to get`() {
        var one = Dialogue()
        one.lead()
        _ = one.outgoing(to: 2)
        _ = one.outgoing(to: 3)
        let effects = one.hear(.matched(term: 1, durable: 1), from: 2)
        #expect(effects.starts(with: [.commit(upTo: 1), .replicate(to: key(2)), .replicate(to: key(3))]))
        #expect(one.outgoing(to: 3) == [.append(.append(term: 1, after: position(1, 1), committed: 1))])
        #expect(one.outgoing(to: 3) == [])
    }

    @Test func `§5.3: after a refusal the leader goes back by terms, not by entries`() {
        var one = Dialogue(log: [position(4, 1), position(300, 4), position(900, 7)])
        one.lead()
        let heartbeat = one.raft.term.value
        #expect(heartbeat == 8)
        // The follower has 0..<4 of term 1 and 4..<500 of term 2.
        let probe = one.hear(.mismatch(term: 8, hint: position(500, 2)), from: 2)
        #expect(probe == [.send(.append(term: 8, after: position(4, 1)), to: key(2))])
        #expect(one.outgoing(to: 2) == [])
        #expect(one.hear(.matched(term: 8, durable: 4), from: 2) == [.replicate(to: key(2))])
        #expect(
            one.outgoing(to: 2) == [
                .append(
                    .append(
                        term: 8, after: position(4, 1), position(300, 4), position(900, 7), position(901, 8)))
            ])
    }

    @Test func `refusals of appends that were on their way behind a refused one cost nothing`() {
        var one = Dialogue()
        one.lead()
        one.propose(9)
        _ = one.outgoing(to: 2, batch: 1)
        #expect(
            one.hear(.mismatch(term: 1, hint: position(0, 0)), from: 2) == [
                .send(.append(term: 1, after: .start), to: key(2))
            ])
        #expect(one.hear(.mismatch(term: 1, hint: position(0, 0)), from: 2) == [])
    }

    @Test func `a refusal that comes after a newer answer is late`() {
        var one = Dialogue()
        one.lead()
        one.propose(9)
        _ = one.outgoing(to: 2)
        _ = one.hear(.matched(term: 1, durable: 10, round: 1), from: 2)
        _ = one.wake()
        _ = one.hear(.matched(term: 1, durable: 10, round: 2), from: 2)
        #expect(one.hear(.mismatch(term: 1, hint: position(3, 1), round: 1), from: 2) == [])
        #expect(one.raft.replicas[1].logEnd == 10)
    }

    @Test func `after a new connection the leader asks what arrived, and goes on from there`() {
        var one = Dialogue()
        one.lead()
        one.propose(9)
        _ = one.outgoing(to: 2)
        one.propose(5)
        #expect(
            one.step(.connected(to: key(2))) == [
                .send(.append(term: 1, after: position(10, 1), round: 2), to: key(2))
            ])
        #expect(one.outgoing(to: 2) == [])
        // Only six entries had arrived.
        #expect(
            one.hear(.mismatch(term: 1, hint: position(6, 1), round: 2), from: 2) == [
                .send(.append(term: 1, after: position(6, 1), round: 2), to: key(2))
            ])
        _ = one.hear(.matched(term: 1, durable: 6, round: 2), from: 2)
        #expect(
            one.outgoing(to: 2) == [
                .append(.append(term: 1, after: position(6, 1), position(15, 1), committed: 6, round: 2))
            ])
    }

    @Test func `a lost append is found by the next heartbeat`() {
        var one = Dialogue()
        one.lead()
        _ = one.outgoing(to: 2)
        _ = one.hear(.matched(term: 1, durable: 1), from: 2)
        one.propose(1)
        _ = one.outgoing(to: 2)
        let beat = one.wake()
        #expect(
            beat.contains(.send(.append(term: 1, after: position(2, 1), committed: 1, round: 2), to: key(2))))
        _ = one.hear(.mismatch(term: 1, hint: position(1, 1), round: 2), from: 2)
        _ = one.hear(.matched(term: 1, durable: 1, round: 2), from: 2)
        #expect(
            one.outgoing(to: 2) == [
                .append(.append(term: 1, after: position(1, 1), position(2, 1), committed: 1, round: 2))
            ])
    }

    @Test func `entries that cannot be read are not sent, and stay to be sent`() {
        var one = Dialogue()
        one.lead()
        #expect(one.raft.nextAppend(to: key(2), at: one.now, fits: { $0 }) == nil)
        #expect(one.outgoing(to: 2) == [.append(.append(term: 1, after: .start, position(1, 1)))])
    }

    @Test func `observers get the log and count for nothing`() {
        var one = Dialogue()
        one.lead()
        #expect(
            one.step(.connected(to: key(8))) == [.send(.append(term: 1, after: position(1, 1)), to: key(8))])
        one.propose(4)
        _ = one.hear(.matched(term: 1, durable: 1), from: 8)
        #expect(one.outgoing(to: 8) == [.append(.append(term: 1, after: position(1, 1), position(5, 1)))])
        _ = one.hear(.matched(term: 1, durable: 5), from: 8)
        #expect(one.raft.committed == 0)
        #expect(
            one.raft.replicas.last
                == ReplicaStatus(
                    key: key(8), isVoter: false, logEnd: 5, lastHeard: one.now, lastCaughtUp: one.now,
                    snapshotReceived: nil))
        _ = one.step(.connectionLost(to: key(8)))
        #expect(one.raft.replicas.map(\.key) == [key(1), key(2), key(3)])
    }

    @Test func `when a replica was caught up last is told as Kafka tells it`() {
        var one = Dialogue()
        one.lead()
        let elected = one.now
        one.propose(9)
        one.now = at(5_000)
        // It has what the log held when the leader was elected: it was caught up then.
        _ = one.hear(.matched(term: 1, durable: 5), from: 2)
        #expect(one.raft.replicas[1].lastCaughtUp == elected)
        one.now = at(6_000)
        _ = one.hear(.matched(term: 1, durable: 10), from: 2)
        #expect(one.raft.replicas[1].lastCaughtUp == at(6_000))
    }

    @Test func `an append of nothing new by the leader's host stops the process`() async {
        await #expect(processExitsWith: .failure) {
            var one = Dialogue()
            one.lead()
            _ = one.step(.proposed(end: 1, voterSet: nil))
        }
    }

    @Test func `entries proposed by a follower's host stop the process`() async {
        await #expect(processExitsWith: .failure) {
            var one = Dialogue()
            _ = one.step(.proposed(end: 1, voterSet: nil))
        }
    }
}
