import Vocabulary

/// Znodes side by side, each absent or with a value, a version and perhaps a session it belongs to.
///
/// Parents are left out, but those that go by themselves: the workload never removes the other directories its nodes lie in.
package struct ZnodeModel: SequentialModel {
    package enum Node: Hashable, Sendable {
        case absent
        case present(value: Int64, version: Int32, owner: Int64)
        /// It goes by itself, some time.
        case mortal(value: Int64, version: Int32, children: Int32, hadChild: Bool)
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
        switch step {
        case .createChild(let node, let parent, let value):
            return createChild(node, of: parent, value, on: &state)
        case .deleteChild(let node, let parent):
            guard case .present = state[node], state[parent].countChild(-1) else { return .failed(.noNode) }
            state[node] = .absent
            return .done
        case .endSession(let node, let session):
            if case .present(_, _, session) = state[node] { state[node] = .absent }
            return .done
        case .sweep(let node, let value, let needsChild):
            guard case .mortal(value, _, 0, let hadChild) = state[node], hadChild || !needsChild else {
                return .failed(.badVersion)
            }
            state[node] = .absent
            return .done
        default: return perform(step, on: &state[step.nodes[0]])
        }
    }

    private static func createChild(
        _ node: Int, of parent: Int, _ value: Int64, on state: inout [Node]
    ) -> ZnodeResult {
        if case .present = state[node] { return .failed(.nodeExists) }
        guard state[parent].countChild(1) else { return .failed(.noNode) }
        state[node] = .present(value: value, version: 0, owner: 0)
        return .done
    }

    /// A step that is about one node alone.
    private static func perform(_ step: ZnodeStep, on node: inout Node) -> ZnodeResult {
        guard let (value, version) = node.content else {
            switch step {
            case .create(_, let value, let owner): node = .present(value: value, version: 0, owner: owner)
            case .createMortal(_, let value, _):
                node = .mortal(value: value, version: 0, children: 0, hadChild: false)
            default: return .failed(.noNode)
            }
            return .done
        }
        func fits(_ asked: Int32) -> Bool { asked == -1 || asked == version }
        switch step {
        case .create, .createMortal: return .failed(.nodeExists)
        case .delete(_, let asked):
            guard fits(asked) else { return .failed(.badVersion) }
            if case .mortal(_, _, 1..., _) = node { return .failed(.notEmpty) }
            node = .absent
            return .done
        case .set(_, let new, let asked):
            guard fits(asked) else { return .failed(.badVersion) }
            node.set(new, version &+ 1)
            return .version(version &+ 1)
        case .check(_, let asked): return fits(asked) ? .done : .failed(.badVersion)
        case .read: return .found(value: value, version: version, owner: node.owner)
        case .forbidden: return .failed(.noAuth)
        case .createChild, .deleteChild, .endSession, .sweep:
            invariantFailed("\(step) is about more than a node")
        }
    }
}

extension ZnodeModel.Node {
    fileprivate var content: (value: Int64, version: Int32)? {
        switch self {
        case .absent: nil
        case .present(let value, let version, _), .mortal(let value, let version, _, _): (value, version)
        }
    }

    fileprivate var owner: Int64 { if case .present(_, _, let owner) = self { owner } else { 0 } }

    fileprivate mutating func set(_ value: Int64, _ version: Int32) {
        switch self {
        case .absent: break
        case .present(_, _, let owner): self = .present(value: value, version: version, owner: owner)
        case .mortal(_, _, let children, let hadChild):
            self = .mortal(value: value, version: version, children: children, hadChild: hadChild)
        }
    }

    /// - Returns: whether it is there and may have children.
    fileprivate mutating func countChild(_ change: Int32) -> Bool {
        guard case .mortal(let value, let version, let children, _) = self else { return false }
        self = .mortal(value: value, version: version, children: children + change, hadChild: true)
        return true
    }
}
