import Vocabulary
import ZooKeeper

/// Pings that keep the session alive, and giving up a server that is silent.
extension ZooKeeperClient {
    mutating func checkTime(at now: Instant, _ effects: inout [LinkEffect]) {
        if case .ended = state {
            effects += drop()
            return
        }
        guard let connection, let deadline = silenceDeadline else { return }
        if now >= deadline {
            effects.append(.close(connection.link))
            return lost("the server did not answer in time", at: now)
        }
        if let due = pingDue, now >= due { send(.ping, xid: Xid.ping, token: nil) }
    }

    var nextDeadline: Instant? {
        if case .ended = state { return nil }
        guard let silenceDeadline else { return retryAt }
        return min(silenceDeadline, pingDue ?? .distantFuture)
    }

    /// When the server counts as gone.
    private var silenceDeadline: Instant? {
        guard let connection else { return nil }
        guard connection.phase == .ready, let session else {
            return connection.startedAt.adding(milliseconds: settings.connectTimeoutMs)
        }
        return connection.heardAt.adding(milliseconds: Int64(session.timeoutMs) * 2 / 3)
    }

    private var pingDue: Instant? {
        guard let connection, connection.phase == .ready, let session else { return nil }
        return connection.sentAt.adding(milliseconds: max(1, Int64(session.timeoutMs) / 3))
    }
}
