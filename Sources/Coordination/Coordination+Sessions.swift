import HashTreeCollections
import Vocabulary

// Deciding on sessions, and on what goes by itself.
extension Coordination {
    mutating func createSession(
        _ timeoutMs: Int32, _ password: SessionPassword, _ broker: BrokerID, _ zxid: Int64
    ) -> CoordinationDecision {
        let session = Session(
            id: Session.id(createdBy: zxid, through: broker), password: password, timeoutMs: timeoutMs,
            broker: broker)
        overlay.set(session.id, session, zxid: zxid)
        return .commit(.sessionCreated(session), .session(session))
    }

    /// - Throws: `sessionExpired` for a session that is no more, and for a wrong password.
    mutating func moveSession(
        _ id: Int64, _ password: SessionPassword, _ timeoutMs: Int32, _ broker: BrokerID, _ zxid: Int64
    ) throws(CoordinationError) -> CoordinationDecision {
        guard var session = session(id), session.password == password else { throw .sessionExpired }
        if session.broker == broker, session.timeoutMs == timeoutMs { return .answer(.session(session)) }
        session.broker = broker
        session.timeoutMs = timeoutMs
        overlay.set(id, session, zxid: zxid)
        return .commit(.sessionMoved(id: id, to: broker, timeoutMs: timeoutMs), .session(session))
    }

    mutating func closeSession(
        _ id: Int64, from broker: BrokerID?, _ now: Moment
    ) throws(CoordinationError) -> CoordinationDecision {
        guard let session = session(id) else { throw .sessionExpired }
        if let broker, session.broker != broker { throw .sessionMoved }
        for path in ephemerals(of: id) {
            guard let parentPath = path.parent, let parent = node(parentPath), let node = node(path) else {
                invariantFailed("\(path) is an ephemeral node of session \(id) and is not there")
            }
            enterDeletion(of: path, node, from: parent, at: parentPath, now)
        }
        overlay.set(id, nil, zxid: now.zxid)
        return .commit(.sessionClosed(id: id), .sessionClosed)
    }

    /// - Throws: `notEmpty`, `noNode`, or `badVersion` for a node that does not go by itself, one whose time to live runs
    ///   again, and a container that never had a child: it took the place of the one which was due.
    mutating func deleteContainer(
        _ text: String, _ now: Moment
    ) throws(CoordinationError) -> CoordinationDecision {
        guard let path = ZnodePath(text), let parentPath = path.parent else { throw .badArguments }
        let node = try decided(path)
        let parent = try decided(parentPath)
        if node.childCount > 0 { throw .notEmpty }
        if let ttl = node.head.owner.ttl {
            if node.head.mtime.addingReportingOverflow(ttl).partialValue > now.time { throw .badVersion }
        } else if !node.head.owner.isContainer {
            throw .badVersion
        } else if node.head.childrenCreated == 0 {
            throw .badVersion  // Not the container that was due: a new one in its place, which nobody used yet.
        }
        enterDeletion(of: path, node, from: parent, at: parentPath, now)
        return .commit(.writes([.delete(path)]), .written(.deleted))
    }

    /// - Throws: `sessionExpired` when the caller's session is no more, `sessionMoved` when its client is at another broker.
    func checkSession(of caller: Caller) throws(CoordinationError) {
        if caller.isCluster { return }
        guard let session = session(caller.session) else { throw .sessionExpired }
        if session.broker != caller.broker { throw .sessionMoved }
    }

    /// With everything decided applied to it.
    private func session(_ id: Int64) -> Session? {
        if let session = overlay.session(id) { return session }
        return sessions[id]
    }

    /// The session's ephemeral nodes as they will be, sorted.
    private func ephemerals(of session: Int64) -> [ZnodePath] {
        var keys = Set((tree.ephemerals[session] ?? []).filter { overlay.nodes[$0] == nil })
        for (key, node) in overlay.nodes where node.head?.owner.session == session { keys.insert(key) }
        return keys.sorted().map { key in
            guard let path = ZnodePath(key.text) else { invariantFailed("\(key) is no path") }
            return path
        }
    }
}
