import Consensus
import Vocabulary

/// Questions to the leader, wherever it is, and their answers.
extension QuorumLoop {
    /// How long a question waits for a leader to be known.
    static var askMs: Int64 { 5000 }

    func ask(_ question: PeerQuestion, _ asker: Asker) {
        if failure != nil { return answer(asker, PeerAnswer(.notLeader, index: applied)) }
        // Within a step of Raft's that ends the office, what comes before that in the effects must not decide any more.
        let isInOffice = leadership.isServing && raft.role == .leader
        if isInOffice, !waitsForTransfer(question) { return decide(question, asker) }
        // Who was asked by another broker passes nothing on: that one will learn who leads.
        if case .peer = asker, !leadership.isLeader {
            return answer(asker, PeerAnswer(.notLeader, index: applied))
        }
        if !leadership.isLeader, let leader = raft.leader, let link = links.link(to: leader) {
            return send(.ask(id: asks.begin(asker), question), on: link)
        }
        asks.keep(question, asker, until: now.instant.adding(milliseconds: Self.askMs))
    }

    /// While the leadership is handed over nothing is proposed: who takes it over must have all there is, or the others will not vote
    /// for it (thesis §3.10).
    private func waitsForTransfer(_ question: PeerQuestion) -> Bool {
        switch question {
        case .readIndex, .heard: false
        default: raft.isTransferring
        }
    }

    /// A leader is known, or this one serves: what waited for that goes on, in its order.
    func askAgain() {
        tellHeard()
        for (question, asker, _) in asks.takeUnsent() { ask(question, asker) }
    }

    /// The leader answered.
    func answered(_ id: UInt64, _ answer: PeerAnswer) {
        guard let asker = asks.end(id) else { return }
        self.answer(asker, answer)
    }

    /// Gives an answer to whoever waits: another broker at once, which waits itself until it has applied that much; ours when we have.
    func answer(_ asker: Asker, _ answer: PeerAnswer) {
        switch asker {
        // On the connection that the question came on, or not at all: who asked learns of its end.
        case .peer(let connection, let id): if let link = links[connection] { send(.answer(id: id, answer), on: link) }
        case .nobody: break
        case .heard: deliver(answer, to: asker)
        case .client, .control, .join, .correction, .leave, .kafka, .admin:
            if case .notLeader = answer.outcome { return deliver(answer, to: asker) }
            if answer.index > applied { asks.wait(asker, answer) } else { deliver(answer, to: asker) }
        }
    }

    private func deliver(_ answer: PeerAnswer, to asker: Asker) {
        switch asker {
        case .client(let connection, let request): clientAnswered(connection, request, answer)
        case .control(let id): controlAnswered(id, answer.outcome)
        case .join: joinAnswered(answer.outcome)
        case .correction: membership.isCorrecting = false
        case .leave: left()
        case .heard: heardAnswered(answer.outcome)
        case .kafka(let ticket): kafkaAnswered(ticket, answer.outcome)
        case .admin(let id): adminAnswered(id, answer.outcome)
        case .peer, .nobody: break
        }
    }

    /// What was under way to a leader that is none any more: whether it came to pass nobody can say.
    func failAsks() {
        for asker in asks.takeUnderWay() { deliver(PeerAnswer(.notLeader, index: applied), to: asker) }
    }

    /// Answers whose state is there now.
    func releaseAnswers() {
        for held in leadership.takeHeld(applied: applied) {
            answer(held.asker, PeerAnswer(held.outcome, index: held.index))
        }
        for (asker, answer) in asks.takeReady(applied: applied) { deliver(answer, to: asker) }
    }

    func expireAsks() {
        for asker in asks.takeExpired(at: now.instant) {
            answer(asker, PeerAnswer(.notLeader, index: applied))
        }
    }
}
