/// What a request did or asked, of one node; nodes are numbered within the part of the history that is checked together.
package enum ZnodeStep: Equatable, Sendable {
    /// `owner`: the session of an ephemeral one, else 0.
    case create(node: Int, value: Int64, owner: Int64)
    /// `version` -1 fits any.
    case delete(node: Int, version: Int32)
    case set(node: Int, value: Int64, version: Int32)
    case check(node: Int, version: Int32)
    /// getData or exists behind a sync.
    case read(node: Int)
    /// The session ended: its node goes, if this one is its.
    case endSession(node: Int, owner: Int64)
    /// A node that may have children and goes by itself: after its time to live, or, a container, with its last child.
    case createMortal(node: Int, value: Int64, ttlMs: Int64?)
    case createChild(node: Int, parent: Int, value: Int64)
    case deleteChild(node: Int, parent: Int)
    /// It goes by itself, if that value is still its last one and it has no children; a container only if it had some.
    case sweep(node: Int, value: Int64, needsChild: Bool)
    /// Asked by one whom the node's list bars.
    case forbidden(node: Int)

    /// The nodes it is about.
    package var nodes: [Int] {
        switch self {
        case .create(let node, _, _), .delete(let node, _), .set(let node, _, _), .check(let node, _),
            .read(let node), .endSession(let node, _), .createMortal(let node, _, _), .sweep(let node, _, _),
            .forbidden(let node):
            [node]
        case .createChild(let node, let parent, _), .deleteChild(let node, let parent): [node, parent]
        }
    }

    func renumbered(_ number: (Int) -> Int) -> ZnodeStep {
        switch self {
        case .create(let node, let value, let owner): .create(node: number(node), value: value, owner: owner)
        case .delete(let node, let version): .delete(node: number(node), version: version)
        case .set(let node, let value, let version): .set(node: number(node), value: value, version: version)
        case .check(let node, let version): .check(node: number(node), version: version)
        case .read(let node): .read(node: number(node))
        case .endSession(let node, let owner): .endSession(node: number(node), owner: owner)
        case .createMortal(let node, let value, let ttl):
            .createMortal(node: number(node), value: value, ttlMs: ttl)
        case .createChild(let node, let parent, let value):
            .createChild(node: number(node), parent: number(parent), value: value)
        case .deleteChild(let node, let parent): .deleteChild(node: number(node), parent: number(parent))
        case .sweep(let node, let value, let needsChild):
            .sweep(node: number(node), value: value, needsChild: needsChild)
        case .forbidden(let node): .forbidden(node: number(node))
        }
    }
}

package enum ZnodeError: Equatable, Sendable { case noNode, nodeExists, badVersion, notEmpty, noAuth }

/// What the answer said of one step.
package enum ZnodeResult: Equatable, Sendable {
    case done
    /// Of a set: the version it gave. Of a read: what was there; `value` nil: only the version was told.
    case version(Int32)
    case found(value: Int64?, version: Int32, owner: Int64)
    case failed(ZnodeError)
}

package enum ZnodeOutcome: Equatable, Sendable {
    /// Nobody knows.
    case unknown
    /// One for each step.
    case answered([ZnodeResult])
    /// A multi changed nothing: its step `at` failed so, those before would have succeeded.
    case refused(at: Int, ZnodeError)
}

/// One request: a step, or the steps of a `multi`.
package struct ZnodeOperation: Equatable, Sendable {
    package var steps: [ZnodeStep]
    package var outcome: ZnodeOutcome

    package init(_ steps: [ZnodeStep], _ outcome: ZnodeOutcome) {
        self.steps = steps
        self.outcome = outcome
    }
}
