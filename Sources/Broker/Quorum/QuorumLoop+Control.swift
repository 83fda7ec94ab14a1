import Consensus
import Messages
import Metadata
import Vocabulary
import Wire

/// What the control loop and Kafka clients want of the quorum.
extension QuorumLoop {
    func handle(_ request: QuorumRequest) {
        switch request {
        case .command(let id, let command): ask(.metadata(command), .control(id: id))
        case .join(let broker):
            membership.broker = broker
            membership.standing = .wanted(at: now.instant)
            keepMembership()
        case .leave: leave()
        case .admin(let id, let wish): handle(wish, id)
        case .diskFailed(let why): fail(why)
        }
    }

    func controlAnswered(_ id: UInt64, _ outcome: PeerAnswer.Outcome) {
        if case .metadata(let outcome) = outcome { return tell(.commandEnded(id: id, outcome)) }
        tell(.commandEnded(id: id, .failure(QuorumNews.noLeader)))
    }

    // MARK: - Operators

    private func handle(_ wish: QuorumAdmin, _ id: UInt64) {
        switch wish {
        case .transferLeadership(let target): ask(.quorum(.transferLeadership(to: target)), .admin(id: id))
        case .snapshot: wishSnapshot(id)
        }
    }

    func adminAnswered(_ id: UInt64, _ outcome: PeerAnswer.Outcome) {
        switch outcome {
        case .quorum(.done): tell(.adminEnded(id: id, .success("Done.")))
        case .quorum(.refused(_, let message)): tell(.adminEnded(id: id, .failure(AdminRefusal(message))))
        default: tell(.adminEnded(id: id, .failure(AdminRefusal(QuorumNews.noLeader.message))))
        }
    }

    // MARK: - Kafka's APIs about the quorum

    func handleKafka(_ request: ControlRequest) {
        switch request.message {
        case let message as DescribeQuorumRequest: describeQuorum(message, request)
        case let message as AddRaftVoterRequest: addVoter(message, request)
        case let message as RemoveRaftVoterRequest: removeVoter(message, request)
        default: invariantFailed("API \(request.ticket.apiKey) was handed to the quorum loop")
        }
    }

    func kafkaAnswered(_ request: ControlRequest, _ outcome: PeerAnswer.Outcome) {
        var reply = QuorumReply.refused(.notController, QuorumNews.noLeader.message)
        if case .quorum(let answer) = outcome { reply = answer }
        switch request.message {
        case let message as DescribeQuorumRequest:
            self.reply(request.ticket, DescribeQuorumResponse(message, reply))
        case is AddRaftVoterRequest: self.reply(request.ticket, AddRaftVoterResponse(reply))
        case is RemoveRaftVoterRequest: self.reply(request.ticket, RemoveRaftVoterResponse(reply))
        default: invariantFailed("API \(request.ticket.apiKey) was handed to the quorum loop")
        }
    }

    private func reply(_ ticket: ReplyTicket, _ message: some Wire.Message) {
        emit(.post(.reply(ticket, ticket.frame(message)), to: ticket.loop))
    }
}
