package import HashTreeCollections
package import Vocabulary

/// What the leader decides by, and other replicas need not share.
package struct CoordinationConfig: Sendable {
    /// ZooKeeper's `jute.maxbuffer`: the bytes of data one znode may have.
    package var dataBytesMax = 1024 * 1024 - 1
    /// ZooKeeper's `enforceQuota`: hard limits refuse writes. Soft ones never do.
    package var enforcesQuotas = true
    /// Schemes of access lists beside `world`, `auth`, `digest` and `ip` for which somebody brings identities.
    package var moreSchemes: Set<String> = []

    package init() {}
}

/// The znodes and sessions, as a replicated machine.
///
/// The leader gives each command the zxid that its record will have (never one twice, rising), `decide`s, and appends the
/// transaction. Every replica `replay`s committed transactions in order; the leader too, and all that its log held when it
/// was elected before it decides anything. `tree` and `sessions` are the committed state, for reads; `overlay` is what the
/// leader has decided beyond it.
package struct Coordination: Sendable {
    package private(set) var tree: ZnodeTree
    package private(set) var sessions: TreeDictionary<Int64, Session>
    /// Of the last transaction replayed; 0 before the first.
    package private(set) var lastZxid: Int64
    /// Of the last decision to commit. What a refusal rests on is committed once this is.
    package private(set) var decidedZxid: Int64
    package var config: CoordinationConfig
    var overlay = Overlay()
    private var lists = ACLCache()

    package init(config: CoordinationConfig = CoordinationConfig()) {
        self.init(tree: ZnodeTree(), sessions: [:], lastZxid: 0, config: config)
    }

    init(
        tree: ZnodeTree, sessions: TreeDictionary<Int64, Session>, lastZxid: Int64, config: CoordinationConfig
    ) {
        self.tree = tree
        self.sessions = sessions
        self.lastZxid = lastZxid
        decidedZxid = lastZxid
        self.config = config
    }

    var access: AccessControl { AccessControl(moreSchemes: config.moreSchemes) }

    // MARK: Deciding

    /// What a command comes to, on all that was decided before it.
    ///
    /// - Parameters:
    ///   - zxid: of the record that a decision to commit becomes; another decision leaves it unused.
    ///   - now: the record's time.
    package mutating func decide(
        _ command: CoordinationCommand, zxid: Int64, at now: Timestamp
    ) -> CoordinationDecision {
        invariant(zxid > lastZxid, "zxid \(zxid) is decided after \(lastZxid) was replayed")
        invariant(zxid > decidedZxid, "zxid \(zxid) is decided after \(decidedZxid)")
        do throws(CoordinationError) {
            let moment = Moment(zxid: zxid, time: now.milliseconds)
            let decision =
                switch command {
                case .write(let operation, let caller): try write(operation, by: caller, moment)
                case .multi(let operations, let caller): try multi(operations, by: caller, moment)
                case .createSession(let timeoutMs, let password, let broker):
                    createSession(timeoutMs, password, broker, zxid)
                case .moveSession(let id, let password, let timeoutMs, let broker):
                    try moveSession(id, password, timeoutMs, broker, zxid)
                case .closeSession(let id, let broker): try closeSession(id, from: broker, moment)
                case .deleteContainer(let path): try deleteContainer(path, moment)
                }
            if case .commit = decision { decidedZxid = zxid }
            return decision
        } catch {
            return .refuse(error)
        }
    }

    /// Leadership is lost: what was decided and is not committed may never be.
    package mutating func resign() {
        overlay = Overlay()
        decidedZxid = lastZxid
    }

    // MARK: Replaying

    /// Applies a committed transaction. Each replica does, in the log's order; one that decided it forgets that now.
    /// - Returns: what became of which znodes, in order.
    package mutating func replay(
        _ transaction: CoordinationTransaction, zxid: Int64, at time: Timestamp
    ) -> [ZnodeChange] {
        invariant(zxid > lastZxid, "zxid \(zxid) is replayed after \(lastZxid)")
        lastZxid = zxid
        if decidedZxid < zxid { decidedZxid = zxid }
        var changes: [ZnodeChange] = []
        let moment = Moment(zxid: zxid, time: time.milliseconds)
        switch transaction {
        case .writes(let writes):
            for write in writes { replay(write, moment, &changes) }
        case .sessionCreated(let session):
            invariant(sessions[session.id] == nil, "session \(session.id) is created twice")
            sessions[session.id] = session
        case .sessionMoved(let id, let broker, let timeoutMs):
            invariant(sessions[id] != nil, "session \(id) moves and is not there")
            sessions[id]?.broker = broker
            sessions[id]?.timeoutMs = timeoutMs
        case .sessionClosed(let id):
            invariant(sessions[id] != nil, "session \(id) is closed and is not there")
            sessions[id] = nil
            if Canary.keepsEphemerals.isChosen { break }
            for key in (tree.ephemerals[id] ?? []).sorted() {
                guard let path = ZnodePath(key.text) else { invariantFailed("\(key) is no path") }
                replay(.delete(path), moment, &changes)
            }
        }
        overlay.drop(upTo: zxid)
        return changes
    }

    private mutating func replay(_ write: ZnodeWrite, _ now: Moment, _ changes: inout [ZnodeChange]) {
        switch write {
        case .create(let path, let data, let acl, let owner):
            let list = lists.shared(acl)
            let head = ZnodeHead(zxid: now.zxid, at: now.time, owner: ZnodeOwner(bits: owner), acl: list)
            let parentACL = tree.create(path, Znode(head, data: data))
            changes.append(ZnodeChange(kind: .created, path: path, acl: list, parentACL: parentACL))
        case .delete(let path):
            let acls = tree.delete(path, zxid: now.zxid)
            changes.append(ZnodeChange(kind: .deleted, path: path, acl: acls.own, parentACL: acls.parent))
        case .setData(let path, let data):
            let acl = tree.setData(path, data, zxid: now.zxid, at: now.time)
            changes.append(ZnodeChange(kind: .dataChanged, path: path, acl: acl, parentACL: []))
        case .setACL(let path, let acl):
            tree.setACL(path, lists.shared(acl))
        }
    }
}

/// The zxid and the wall-clock time, in milliseconds since 1970, of what is being decided or replayed.
struct Moment: Sendable {
    let zxid: Int64
    let time: Int64
}
