import Vocabulary

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

    package var node: Int {
        switch self {
        case .create(let node, _, _), .delete(let node, _), .set(let node, _, _), .check(let node, _),
            .read(let node),
            .endSession(let node, _):
            node
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
        }
    }
}

package enum ZnodeError: Equatable, Sendable { case noNode, nodeExists, badVersion }

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

/// Znodes side by side, each absent or with a value, a version and perhaps a session it belongs to.
///
/// Parents are left out: the workload never removes the directories its nodes lie in.
package struct ZnodeModel: SequentialModel {
    package enum Node: Hashable, Sendable {
        case absent
        case present(value: Int64, version: Int32, owner: Int64)
    }
    package let initial: [Node]

    package init(nodes: Int) { initial = [Node](repeating: .absent, count: nodes) }

    package func apply(_ operation: ZnodeOperation, to state: [Node]) -> [Node]? {
        var after = state
        switch operation.outcome {
        case .unknown:
            for step in operation.steps {
                if case .failed = Self.perform(step, on: &after) { return nil }
            }
            return after == state ? nil : after
        case .answered(let results):
            for (step, result) in zip(operation.steps, results) {
                guard Self.fits(result, Self.perform(step, on: &after)) else { return nil }
            }
            return after
        case .refused(let at, let error):
            for step in operation.steps[..<at] {
                if case .failed = Self.perform(step, on: &after) { return nil }
            }
            return Self.perform(operation.steps[at], on: &after) == .failed(error) ? state : nil
        }
    }

    private static func fits(_ told: ZnodeResult, _ real: ZnodeResult) -> Bool {
        if case .found(nil, let version, let owner) = told,
            case .found(_, let realVersion, let realOwner) = real
        {
            return version == realVersion && owner == realOwner
        }
        return told == real
    }

    private static func perform(_ step: ZnodeStep, on state: inout [Node]) -> ZnodeResult {
        let node = step.node
        guard case .present(let value, let version, let owner) = state[node] else {
            switch step {
            case .create(_, let value, let owner):
                state[node] = .present(value: value, version: 0, owner: owner)
                return .done
            case .endSession: return .done
            default: return .failed(.noNode)
            }
        }
        func fits(_ asked: Int32) -> Bool { asked == -1 || asked == version }
        switch step {
        case .create: return .failed(.nodeExists)
        case .delete(_, let asked):
            guard fits(asked) else { return .failed(.badVersion) }
            state[node] = .absent
            return .done
        case .set(_, let new, let asked):
            guard fits(asked) else { return .failed(.badVersion) }
            state[node] = .present(value: new, version: version &+ 1, owner: owner)
            return .version(version &+ 1)
        case .check(_, let asked): return fits(asked) ? .done : .failed(.badVersion)
        case .read: return .found(value: value, version: version, owner: owner)
        case .endSession(_, let session):
            if owner == session { state[node] = .absent }
            return .done
        }
    }
}
