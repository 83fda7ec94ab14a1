import Consensus
import Vocabulary

/// How long this broker may keep its ZooKeeper clients without a word from the leader.
///
/// The leader expires sessions, by what the brokers tell it (`tellHeard`). A broker that it cannot hear, cut off one way or both, or
/// stopped for a while, must not go on answering: its client would take its session for alive while the leader lets it expire. So
/// every answer rests on a report that the leader took up at most half of the session's timeout ago, and the client has the other
/// half to find a broker that is heard.
extension QuorumLoop {
    /// Longer than an election takes.
    private static var unheardMaxMs: Int64 { 3000 }

    private func unheardMaxMs(_ timeoutMs: Int32) -> Int64 { min(Self.unheardMaxMs, Int64(timeoutMs) / 2) }

    /// When the client is to be dropped, if the leader does not answer until then.
    private func vouchedUntil(_ client: ZooKeeperConnection) -> Instant {
        max(membership.vouchedAt, client.askedForSessionAt).adding(
            milliseconds: unheardMaxMs(client.timeoutMs))
    }

    func isVouched(_ client: ZooKeeperConnection) -> Bool {
        client.isReadOnly || now.instant < vouchedUntil(client)
    }

    /// Drops those who cannot be vouched for: they find a broker that can, or are read for here if they agree.
    func keepClients() {
        if leadership.isServing || raft.leader != nil && raft.leader != me {
            zookeeper.leaderlessSince = nil
        } else if zookeeper.leaderlessSince == nil {
            zookeeper.leaderlessSince = now.instant
        }
        guard now.instant >= vouchedForAll else { return }
        for client in waiting where !isVouched(client) {
            drop(client, "no leader of the quorum can be reached")
        }
    }

    /// Until then nobody has to be dropped, whoever is there.
    private var vouchedForAll: Instant {
        membership.vouchedAt.adding(
            milliseconds: unheardMaxMs(Int32(clamping: config.zookeeper.sessionTimeoutMinMs)))
    }

    /// The clients that wait for the leader.
    private var waiting: [ZooKeeperConnection] {
        zookeeper.all.filter { client in
            if case .greeting = client.state { return false }
            return !client.isReadOnly && !client.connection.isClosing
        }
    }

    /// When clients are to be looked at.
    var clientsWake: Instant? {
        if zookeeper.clients.isEmpty { return asks.nextExpiry }
        let first = vouchedForAll
        let due = now.instant < first ? first : waiting.map(vouchedUntil).filter { $0 > now.instant }.min()
        return [due, asks.nextExpiry].compactMap { $0 }.min()
    }

    /// For so long the leader has not answered that nothing is to be hoped for: it may be heard, and not hear us.
    var isUnheard: Bool { now.instant >= membership.vouchedAt.adding(milliseconds: Self.unheardMaxMs) }

    /// Clients which agree are read for.
    var isCutOff: Bool {
        if isUnheard { return true }
        guard raft.leader == nil, let since = zookeeper.leaderlessSince else { return false }
        return now.instant
            >= since.adding(milliseconds: min(Self.unheardMaxMs, config.quorum.electionTimeoutMs))
    }
}
