/// What the leader has decided and is not committed, over the committed state: ZooKeeper's outstanding changes.
///
/// A node is here as it will be after the last decision that touched it. `nil` in `Node.head`: it will be gone.
struct Overlay: Sendable {
    struct Node: Sendable {
        let zxid: Int64
        let head: ZnodeHead?
        let childCount: Int
        let data: [UInt8]?
    }
    private struct SessionEntry: Sendable {
        let zxid: Int64
        let session: Session?
    }
    private enum Key: Sendable {
        case node(ExactText)
        case session(Int64)
    }

    private(set) var nodes: [ExactText: Node] = [:]
    private var sessions: [Int64: SessionEntry] = [:]
    /// What was touched when, oldest first; `journal[..<dropped]` is done with.
    private var journal: [(zxid: Int64, key: Key)] = []
    private var dropped = 0
    /// By how much nodes and bytes will have changed, oldest first: for quotas.
    private(set) var usages: [(zxid: Int64, path: ZnodePath, usage: ZnodeUsage)] = []
    /// What `nodes` held before, since `begin`.
    private var undo: [(key: ExactText, node: Node?)]?
    private var begun: (journal: Int, usages: Int) = (0, 0)

    /// Whether a decision that is not committed may have made a quota.
    private(set) var touchesQuotas = false

    var isEmpty: Bool { journal.isEmpty }
    /// Nil for a node that no decision touched.
    func node(_ path: ZnodePath) -> Node? { nodes.isEmpty ? nil : nodes[path.key] }

    /// `.some(nil)`: the session will be closed.
    func session(_ id: Int64) -> Session?? {
        guard let entry = sessions[id] else { return nil }
        return .some(entry.session)
    }

    mutating func set(_ path: ZnodePath, _ node: Node) {
        let before = nodes.updateValue(node, forKey: path.key)
        undo?.append((path.key, before))
        if path.names.count > 2, path.isWithin(.quota) { touchesQuotas = true }
        journal.append((node.zxid, .node(path.key)))
    }

    mutating func set(_ id: Int64, _ session: Session?, zxid: Int64) {
        sessions[id] = SessionEntry(zxid: zxid, session: session)
        journal.append((zxid, .session(id)))
    }

    mutating func add(_ usage: ZnodeUsage, at path: ZnodePath, zxid: Int64) {
        usages.append((zxid, path, usage))
    }

    // MARK: Several at once

    mutating func begin() {
        undo = []
        begun = (journal.count, usages.count)
    }

    mutating func end() { undo = nil }

    /// Takes back all since `begin`.
    mutating func rollBack() {
        for (key, node) in (undo ?? []).reversed() { nodes[key] = node }
        journal.removeLast(journal.count - begun.journal)
        usages.removeLast(usages.count - begun.usages)
        undo = nil
    }

    // MARK: Committing

    /// The committed state holds all up to `zxid` now.
    mutating func drop(upTo zxid: Int64) {
        while dropped < journal.count, journal[dropped].zxid <= zxid {
            switch journal[dropped].key {
            case .node(let key): if let node = nodes[key], node.zxid <= zxid { nodes[key] = nil }
            case .session(let id): if let entry = sessions[id], entry.zxid <= zxid { sessions[id] = nil }
            }
            dropped += 1
        }
        if dropped == journal.count {
            journal.removeAll(keepingCapacity: journal.count < 10_000)
            usages.removeAll(keepingCapacity: usages.count < 10_000)
            dropped = 0
            touchesQuotas = false
        } else if dropped > 1000, dropped > journal.count / 2 {
            journal.removeFirst(dropped)
            dropped = 0
        }
        if let first = usages.first, first.zxid <= zxid {
            usages.removeFirst(usages.firstIndex { $0.zxid > zxid } ?? usages.count)
        }
    }
}
