package import Vocabulary

/// A decided change, as it stands in the log. Its `zxid` and time are the record's own.
///
/// It says what cannot be told from the state it is applied to, and no more: a node's new version, a parent's counters and
/// which ephemeral nodes a session leaves follow on every replica alike. How it may grow: `CoordinationTransaction+Codec`.
package enum CoordinationTransaction: Hashable, Sendable {
    /// In order, all at once. None when nothing but versions was to be checked.
    case writes([ZnodeWrite])
    case sessionCreated(Session)
    case sessionMoved(id: Int64, to: BrokerID, timeoutMs: Int32)
    /// Its ephemeral nodes go with it.
    case sessionClosed(id: Int64)
}

package enum ZnodeWrite: Hashable, Sendable {
    /// `owner`: see `ZnodeOwner`.
    case create(ZnodePath, data: [UInt8]?, acl: ACL, owner: Int64)
    case delete(ZnodePath)
    case setData(ZnodePath, [UInt8]?)
    case setACL(ZnodePath, ACL)
}

/// What a replay did to a znode, for watches; in the order in which it happened.
package struct ZnodeChange: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        case created, deleted, dataChanged
    }
    package let kind: Kind
    package let path: ZnodePath
    /// Who may hear of it: the node's access list, and of its parent's children, the parent's (empty for a change of data).
    package let acl: ACL
    package let parentACL: ACL
}
