import Consensus
import Coordination
import HashTreeCollections
import Metadata
import Vocabulary

/// This broker's own place in the cluster: how it comes in, stays and leaves.
extension QuorumLoop {
    /// What is due for this broker's own membership.
    func keepMembership() {
        guard failure == nil else { return }
        if case .wanted(let at) = membership.standing, at <= now.instant { join() }
        guard membership.nextHeard <= now.instant else { return }
        let every = min(config.zookeeper.sessionTimeoutMinMs / 8, config.quorum.brokerHeartbeatMs / 2)
        membership.nextHeard = now.instant.adding(milliseconds: max(20, every))
        tellHeard()
        if membership.session != nil { correctVoter() }
    }

    private func join() {
        guard var broker = membership.broker else {
            invariantFailed("a broker without a name wants to be in")
        }
        if membership.wasIn {
            // Its session ended while it ran: what it does from here on is told from what it did before.
            broker.incarnation = UUID128(using: &chance)
            membership.broker = broker
            log(.warning, "This broker's session ended; it joins the cluster again.")
        }
        membership.standing = .asked
        let password = SessionPassword(high: chance.next(), low: chance.next())
        ask(
            .join(JoinAsk(broker, password: password, timeoutMs: Int32(config.quorum.brokerSessionMs))), .join
        )
    }

    func joinAnswered(_ outcome: PeerAnswer.Outcome) {
        guard case .asked = membership.standing else { return }
        guard case .joined(let session, let outcome) = outcome else {
            membership.standing = .wanted(at: now.instant.adding(milliseconds: 100))
            return
        }
        switch outcome {
        // By the time that the leader's answer shows here the session may have ended: another try of ours has come to pass behind it.
        case .success(.brokerRegistered) where coordination.sessions[session] == nil:
            membership.standing = .wanted(at: now.instant)
        case .success(.brokerRegistered(let epoch)):
            membership.standing = .in(session: session)
            membership.wasIn = true
            tell(.joined(epoch: epoch, metadata.committed))
            publishController()
        case .failure(let error) where error.code == .duplicateBrokerRegistration:
            // The other one may be dead already, and its session about to expire.
            log(.warning, "The cluster has a broker of this id; trying again.", [("reason", error.message)])
            membership.standing = .wanted(at: now.instant.adding(milliseconds: 1000))
        case .failure(let error):
            membership.standing = .out
            tell(.joinRefused(error))
        case .success(let reply): invariantFailed("another command's reply: \(reply)")
        }
    }

    /// The broker stops: its session ends now, and if it leads another broker takes over, before anyone has to notice.
    func leave() {
        // A broker that is the whole cluster has nobody to tell, and hands nothing over.
        // Nor does one whose quorum is gone.
        guard let session = membership.session, !config.quorum.isAlone, raft.leader != nil else {
            return left()
        }
        membership.standing = .leaving
        ask(.coordination(.closeSession(id: session, broker: me.id)), .leave)
    }

    func left() {
        guard leadership.isLeader, raft.voters.voters.count > 1, failure == nil else { return shared.left() }
        leadership.transfer = .leave
        flushProposals()
        drive(.transferLeadership(to: nil))
    }

    /// Tells the leader which sessions live. Pings are not replicated; the leader alone counts the time. Its answer lets this broker
    /// vouch for them: one that the leader cannot hear must not let its clients believe that they are heard.
    func tellHeard() {
        guard membership.telling == nil, failure == nil else { return }
        guard leadership.isServing || raft.leader.map({ links.link(to: $0) != nil }) ?? false else { return }
        let sessions = zookeeper.takeHeard()
        membership.telling = (sessions, now.instant)
        ask(.heard(sessions + (membership.session.map { [$0] } ?? [])), .heard)
    }

    func heardAnswered(_ outcome: PeerAnswer.Outcome) {
        guard let telling = membership.telling else { return }
        membership.telling = nil
        guard case .fresh = outcome else {
            for session in telling.sessions { zookeeper.noteHeard(session) }
            return
        }
        let wasCutOff = isUnheard
        membership.vouchedAt = max(membership.vouchedAt, telling.since)
        if wasCutOff, !isUnheard { endReadOnly() }
    }

    /// A voter that listens elsewhere than the quorum thinks says so (KIP-853).
    func correctVoter() {
        guard let endpoint = config.quorum.endpoint, let voter = raft.voters.voter(me.id), voter.key == me,
            !membership.isCorrecting
        else { return }
        let right = Voter(key: me, host: endpoint.host, port: UInt16(clamping: endpoint.port))
        guard voter != right else { return }
        membership.isCorrecting = true
        ask(.quorum(.updateVoter(right)), .correction)
    }
}
