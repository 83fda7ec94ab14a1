package import Vocabulary

/// What is asked of the leader.
package enum CoordinationCommand: Hashable, Sendable {
    case write(ZnodeOperation, by: Caller)
    /// All or nothing.
    case multi([ZnodeOperation], by: Caller)
    /// The new session's id comes back; `timeoutMs` has been negotiated.
    case createSession(timeoutMs: Int32, password: SessionPassword, broker: BrokerID)
    /// A client came back, through this broker.
    case moveSession(id: Int64, password: SessionPassword, timeoutMs: Int32, broker: BrokerID)
    /// By its client through `broker`, or by the leader, as it expired: nil. Its ephemeral nodes go with it.
    case closeSession(id: Int64, broker: BrokerID?)
    /// A container or a node whose time to live is over, by the leader. Refused where it has come to use meanwhile.
    case deleteContainer(path: String)
}

/// On whose behalf a znode is written.
package struct Caller: Hashable, Sendable {
    package let session: Int64
    /// The broker the request came through.
    package let broker: BrokerID
    /// Whom the client has shown to be. `ip` with its address among them.
    package let identities: [Identity]

    package init(session: Int64, broker: BrokerID, identities: [Identity]) {
        self.session = session
        self.broker = broker
        self.identities = identities
    }

    /// The cluster itself, which has no session and may do everything.
    package static func cluster(through broker: BrokerID) -> Caller {
        Caller(session: 0, broker: broker, identities: [.superuser])
    }

    var isCluster: Bool { session == 0 && identities == [.superuser] }
}

/// One write, as clients send it: the path not checked yet. A version of -1 means any.
package enum ZnodeOperation: Hashable, Sendable {
    case create(path: String, data: [UInt8]?, acl: ACL, kind: ZnodeKind)
    case delete(path: String, version: Int32)
    case setData(path: String, data: [UInt8]?, version: Int32)
    case setACL(path: String, acl: ACL, version: Int32)
    /// Nothing but that the version is this one.
    case check(path: String, version: Int32)
}

/// What a command comes to.
package enum CoordinationDecision: Hashable, Sendable {
    /// To be appended as the record of the decision's `zxid`; the reply is held until that is committed.
    case commit(CoordinationTransaction, CoordinationReply)
    /// Nothing to append. It may rest on what is decided and not committed: held until that is (`Coordination.decidedZxid`).
    case answer(CoordinationReply)
    /// As `answer`.
    case refuse(CoordinationError)
}

/// What the client is told.
package enum CoordinationReply: Hashable, Sendable {
    case written(ZnodeResult)
    /// One for each operation. Either none of them is `failed`, or all are.
    case multi([ZnodeResult])
    /// Created, or moved here.
    case session(Session)
    case sessionClosed
}

/// What came of one operation.
package enum ZnodeResult: Hashable, Sendable {
    /// `path` as it became, with its number.
    case created(path: String, ZnodeStat)
    case deleted
    case dataSet(ZnodeStat)
    case aclSet(ZnodeStat)
    case checked
    /// In a `multi` only: the one that failed says why, those before it `ok`, those behind it `runtimeInconsistency`.
    case failed(CoordinationError)
}
