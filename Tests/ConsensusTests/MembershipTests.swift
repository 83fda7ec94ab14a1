import Testing
import Vocabulary

@testable import Consensus

struct MembershipTests {
    /// A leader of 1, 2, 3 whose set of voters is in the log, and all of it committed.
    private func leader(voters: VoterSet = voterSet(1, 2, 3)) -> Dialogue {
        var one = Dialogue(voters: voters)
        one.lead()
        for id in voters.keys.map(\.id.value).dropFirst() {
            _ = one.hear(.matched(term: 1, durable: 1), from: id)
        }
        one.propose(1, voterSet: voters)
        for id in voters.keys.map(\.id.value).dropFirst() {
            _ = one.hear(.matched(term: 1, durable: 2), from: id)
        }
        return one
    }

    @Test func `what the first voters are formatted with goes in the log with the first leader`() {
        var one = Dialogue()
        one.lead()
        #expect(one.hear(.matched(term: 1, durable: 1), from: 2).contains(.proposeVoters(voterSet(1, 2, 3))))
        one.propose(1, voterSet: voterSet(1, 2, 3))
        // Nobody asked for it, so nobody is answered; and it is not done twice.
        let effects = one.hear(.matched(term: 1, durable: 2), from: 2)
        #expect(effects.contains(.commit(upTo: 2)))
        #expect(!effects.contains(.voterChangeEnded(.done)))
        one.propose(1)
        #expect(!one.hear(.matched(term: 1, durable: 3), from: 2).contains(.proposeVoters(voterSet(1, 2, 3))))
    }

    @Test func `thesis §4.2.1: a new voter gets the log first, and its vote when it has caught up`() {
        var one = leader()
        #expect(
            one.step(.addVoter(voter(4))) == [
                .send(.append(term: 1, after: position(2, 1), committed: 2), to: key(4))
            ])
        #expect(one.raft.learner == voter(4))
        _ = one.hear(.mismatch(term: 1, hint: .start), from: 4)
        #expect(one.raft.voters == voterSet(1, 2, 3))
        #expect(
            one.hear(.matched(term: 1, durable: 2), from: 4).contains(.proposeVoters(voterSet(1, 2, 3, 4))))
    }

    @Test func `thesis §4.2.1: a replica that takes too long for a round gets another round`() {
        var one = leader()
        _ = one.step(.addVoter(voter(4)))
        one.propose(98)
        one.now = one.now.adding(milliseconds: 1_500)
        let proposal = RaftEffect.proposeVoters(voterSet(1, 2, 3, 4))
        #expect(!one.hear(.matched(term: 1, durable: 50), from: 4).contains(proposal))
        one.now = one.now.adding(milliseconds: 400)
        #expect(!one.hear(.matched(term: 1, durable: 99), from: 4).contains(proposal))
        for id in [2, 3] as [Int32] { _ = one.hear(.matched(term: 1, durable: 100), from: id) }
        #expect(one.hear(.matched(term: 1, durable: 100), from: 4).contains(proposal))
    }

    @Test func `thesis §4.2.1: a replica that does not catch up gets no vote`() {
        var one = leader()
        _ = one.step(.addVoter(voter(4)))
        let began = one.now
        var effects: [RaftEffect] = []
        while !effects.contains(.voterChangeEnded(.timedOut)), one.now < began.adding(milliseconds: 60_000) {
            _ = one.hear(.matched(term: 1, durable: 2), from: 2)
            effects = one.wake()
        }
        #expect(one.now == began.adding(milliseconds: 30_000))
        #expect(one.raft.learner == nil)
        #expect(one.raft.replicas.map(\.key) == [key(1), key(2), key(3)])
    }

    @Test func `thesis §4.1: a set is in force from the moment it is in the log`() {
        var one = leader()
        _ = one.step(.removeVoter(key(3)))
        #expect(one.step(.proposed(end: 3, voterSet: voterSet(1, 2))).first == .votersChanged(voterSet(1, 2)))
        _ = one.step(.durable(end: 3))
        // The vote of 3 counts no more.
        _ = one.hear(.matched(term: 1, durable: 3), from: 3)
        #expect(one.raft.committed == 2)
        #expect(
            one.hear(.matched(term: 1, durable: 3), from: 2).starts(with: [
                .commit(upTo: 3), .replicate(to: key(2)), .voterChangeEnded(.done),
            ]))
    }

    @Test func `thesis §4.1: a set whose entry is cut gives way to the one before`() {
        var one = Dialogue()
        let four = PlacedVoterSet(offset: 4, voters: voterSet(1, 2, 3, 4))
        let effects = one.hear(.append(term: 1, after: .start, position(5, 1), voterSets: [four]), from: 2)
        #expect(effects.contains(.votersChanged(voterSet(1, 2, 3, 4))))
        let cut = one.hear(.append(term: 2, after: position(3, 1), position(5, 2)), from: 3)
        #expect(cut.contains(.votersChanged(voterSet(1, 2, 3))))
        #expect(one.raft.voters == voterSet(1, 2, 3))
    }

    @Test func `one change at a time`() {
        var one = leader()
        #expect(one.step(.removeVoter(key(3))) == [.proposeVoters(voterSet(1, 2))])
        #expect(one.step(.removeVoter(key(2))) == [.voterChangeEnded(.busy)])
        _ = one.step(.proposed(end: 3, voterSet: voterSet(1, 2)))
        #expect(one.step(.addVoter(voter(4))) == [.voterChangeEnded(.busy)])
        var other = leader()
        _ = other.step(.addVoter(voter(4)))
        #expect(other.step(.addVoter(voter(5))) == [.voterChangeEnded(.busy)])
    }

    @Test func `no change before an entry of the leader's own term is committed`() {
        var one = Dialogue(log: [position(5, 1)])
        one.lead()
        #expect(one.step(.removeVoter(key(3))) == [.voterChangeEnded(.busy)])
        _ = one.hear(.matched(term: 2, durable: 5), from: 2)
        #expect(one.step(.removeVoter(key(3))) == [.voterChangeEnded(.busy)])
    }

    @Test func `wishes that cannot be are refused at once`() {
        var one = leader()
        #expect(one.step(.addVoter(voter(2))) == [.voterChangeEnded(.alreadyVoter)])
        // The new disk of broker 2 has to wait until the old one is out.
        #expect(one.step(.addVoter(voter(2, directory: 5))) == [.voterChangeEnded(.alreadyVoter)])
        #expect(one.step(.removeVoter(key(9))) == [.voterChangeEnded(.unknownVoter)])
        #expect(one.step(.removeVoter(key(2, directory: 5))) == [.voterChangeEnded(.unknownVoter)])
        #expect(one.step(.updateVoter(voter(9))) == [.voterChangeEnded(.unknownVoter)])
        var alone = leader(voters: voterSet(1))
        #expect(alone.step(.removeVoter(key(1))) == [.voterChangeEnded(.lastVoter)])
        var follower = Dialogue()
        #expect(follower.step(.addVoter(voter(4))) == [.voterChangeEnded(.notLeader)])
    }

    @Test func `a set whose majority is not there is refused, since it could never be committed`() {
        var one = leader()
        for _ in 0..<15 {
            _ = one.hear(.matched(term: 1, durable: 2), from: 2)
            _ = one.wake()
        }
        // 3 is dead. Without 2, there would be 1 and the dead one.
        #expect(one.step(.removeVoter(key(2))) == [.voterChangeEnded(.quorumAtRisk)])
        #expect(one.step(.removeVoter(key(1))) == [.voterChangeEnded(.quorumAtRisk)])
        #expect(one.step(.removeVoter(key(3))) == [.proposeVoters(voterSet(1, 2))])
    }

    @Test func `a voter that listens elsewhere is told to all by the log`() {
        var one = leader()
        let moved = Voter(key: key(3), host: "elsewhere", port: 1)
        let set = VoterSet([voter(1), voter(2), moved])
        #expect(one.step(.updateVoter(moved)) == [.proposeVoters(set)])
        #expect(one.step(.proposed(end: 3, voterSet: set)).first == .votersChanged(set))
    }

    @Test
    func `thesis §4.2.2: a leader that is removed leads until that is committed, and does not count itself`()
    {
        var one = leader()
        #expect(one.step(.removeVoter(key(1))) == [.proposeVoters(voterSet(2, 3))])
        one.propose(1, voterSet: voterSet(2, 3))
        #expect(one.raft.role == .leader)
        _ = one.hear(.matched(term: 1, durable: 3), from: 2)
        #expect(one.raft.committed == 2)
        let effects = one.hear(.matched(term: 1, durable: 3), from: 3)
        #expect(effects.first == .commit(upTo: 3))
        // The others learn of it, and one of them stands.
        #expect(effects.contains(.voterChangeEnded(.done)))
        #expect(
            effects.contains(
                .send(.append(term: 1, after: position(3, 1), committed: 3, round: 2), to: key(2))))
        #expect(effects.contains(.send(.of(term: 1, .timeoutNow), to: key(2))))
        #expect(effects.last == .becameFollower(1, leader: nil))
        #expect(one.wake() == [])
        #expect(one.raft.nextWake == .distantFuture)
    }

    @Test func `thesis §4.2.2: who was removed stands while that may not be committed, without its own vote`()
    {
        var one = leader(voters: voterSet(1, 2))
        _ = one.step(.removeVoter(key(1)))
        one.propose(1, voterSet: voterSet(2))
        // Cut off, it leaves its office. Nobody else has the entry, so nobody else can be elected.
        _ = one.hear(.mismatch(term: 2, hint: .start), from: 2)
        let asked = one.wake()
        #expect(asked == [.send(.of(term: 3, .preVoteRequest(last: position(3, 1))), to: key(2))])
        _ = one.hear(.of(term: 3, .preVoteResponse(isGranted: true)), from: 2)
        #expect(one.raft.role == .candidate)
        _ = one.hear(.of(term: 3, .voteResponse(isGranted: true)), from: 2)
        #expect(one.raft.role == .leader)
        // It leads until the change is committed. Nobody asked this leader for it.
        one.propose(1)
        let effects = one.hear(.matched(term: 3, durable: 4), from: 2)
        #expect(one.raft.role == .follower)
        #expect(!effects.contains(.voterChangeEnded(.done)))
    }

    @Test func `who loses its vote is told so as long as it is connected`() {
        var one = leader()
        _ = one.step(.connected(to: key(3)))
        _ = one.step(.removeVoter(key(3)))
        one.propose(1, voterSet: voterSet(1, 2))
        #expect(one.raft.replicas.map(\.key) == [key(1), key(2), key(3)])
        #expect(one.raft.replicas[2].isVoter == false)
        _ = one.step(.connectionLost(to: key(3)))
        #expect(one.raft.replicas.map(\.key) == [key(1), key(2)])
    }

    @Test func `thesis §4.2.2: who is no voter grants votes all the same, and any leader is followed`() {
        var seven = Dialogue(me: 7, voters: .empty)
        let answer = seven.hear(.of(term: 2, .voteRequest(last: .start, isTransfer: false)), from: 9)
        #expect(answer.last == .send(.of(term: 2, .voteResponse(isGranted: true)), to: key(9)))
        _ = seven.hear(.append(term: 2, after: .start), from: 9)
        #expect(seven.raft.leader == key(9))
    }

    @Test func `a leader that loses its office does not know what becomes of the change`() {
        var one = leader()
        _ = one.step(.removeVoter(key(3)))
        one.propose(1, voterSet: voterSet(1, 2))
        #expect(one.hear(.mismatch(term: 9, hint: .start), from: 2).contains(.voterChangeEnded(.timedOut)))
    }

    @Test func `two voters more at once stop the process`() async {
        await #expect(processExitsWith: .failure) {
            var one = Dialogue()
            one.lead()
            one.propose(1, voterSet: voterSet(1, 2, 3, 4, 5))
        }
    }
}
