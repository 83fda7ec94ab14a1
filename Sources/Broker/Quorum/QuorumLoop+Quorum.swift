import Consensus
import Vocabulary

/// The quorum's own affairs: what it looks like, who belongs to it, who leads it.
extension QuorumLoop {
    func decideQuorum(_ question: QuorumQuestion, _ asker: Asker) {
        switch question {
        case .describe: confirm(asker, .quorum(.described(describe())))
        case .addVoter(let voter): change(asker, .addVoter(voter))
        case .updateVoter(let voter): change(asker, .updateVoter(voter))
        case .removeVoter(let key): change(asker, .removeVoter(key))
        case .transferLeadership(let id): transferLeadership(to: id, asker)
        }
    }

    private func describe() -> QuorumDescription {
        var voters: [QuorumDescription.Replica] = []
        var observers: [QuorumDescription.Replica] = []
        for replica in raft.replicas {
            let described = QuorumDescription.Replica(
                key: replica.key, logEnd: replica.logEnd, lastHeard: wallClock(replica.lastHeard),
                lastCaughtUp: wallClock(replica.lastCaughtUp))
            if replica.isVoter { voters.append(described) } else { observers.append(described) }
        }
        return QuorumDescription(
            leader: me.id, term: raft.term, highWatermark: raft.committed, voters: voters, observers: observers,
            set: raft.voters)
    }

    private func wallClock(_ instant: Instant?) -> Timestamp {
        guard let instant else { return .none }
        return Timestamp(milliseconds: now.timestamp.milliseconds - (now.instant - instant) / 1_000_000)
    }

    // MARK: - One change at a time

    private func change(_ asker: Asker, _ event: RaftEvent) {
        guard leadership.voterChange == nil else {
            return confirm(asker, .quorum(.refused(.requestTimedOut, "Another change of the voters is under way.")))
        }
        leadership.voterChange = asker
        drive(event)
    }

    func voterChangeEnded(_ outcome: VoterChangeOutcome) {
        guard let asker = leadership.voterChange else { return }
        leadership.voterChange = nil
        let reply: QuorumReply =
            switch outcome {
            case .done: .done
            case .busy:
                .refused(.requestTimedOut, "Another change of the voters is under way, or the leader is new; try again.")
            case .timedOut: .refused(.requestTimedOut, "The new voter did not catch up in time.")
            case .alreadyVoter: .refused(.duplicateVoter, "That broker votes already.")
            case .unknownVoter: .refused(.voterNotFound, "No voter has that id and directory.")
            case .notLeader: .refused(.notController, "This broker does not lead the quorum any more.")
            case .lastVoter: .refused(.invalidRequest, "The last voter cannot be removed.")
            case .quorumAtRisk:
                .refused(
                    .invalidRequest,
                    "Of the voters that there would be no majority is heard from, so the cluster could not go on.")
            }
        answer(asker, PeerAnswer(.quorum(reply), index: applied))
    }

    private func transferLeadership(to id: BrokerID?, _ asker: Asker) {
        var target: ReplicaKey?
        if let id {
            guard let voter = raft.voters.voter(id) else {
                return confirm(asker, .quorum(.refused(.voterNotFound, "Broker \(id) is no voter.")))
            }
            if voter.key == me { return confirm(asker, .quorum(.done)) }
            target = voter.key
        }
        guard leadership.transfer == nil else {
            return confirm(asker, .quorum(.refused(.requestTimedOut, "The leadership is being transferred already.")))
        }
        leadership.transfer = asker
        flushProposals()
        drive(.transferLeadership(to: target))
    }

    func transferEnded(_ isDone: Bool) {
        guard let asker = leadership.transfer else { return }
        leadership.transfer = nil
        if !isDone { askAgain() }
        if case .leave = asker { return shared.left() }
        let reply: QuorumReply =
            isDone ? .done : .refused(.requestTimedOut, "No other voter took the leadership over in time.")
        answer(asker, PeerAnswer(.quorum(reply), index: applied))
    }
}
