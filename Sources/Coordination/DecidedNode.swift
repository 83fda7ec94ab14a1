import HashTreeCollections

/// A node with everything decided applied to it.
enum DecidedNode {
    /// No decision touched it since.
    case committed(ZnodeBox)
    case decided(ZnodeHead, childCount: Int, data: [UInt8]?)

    var head: ZnodeHead {
        switch self {
        case .committed(let box): box.node.head
        case .decided(let head, _, _): head
        }
    }

    var childCount: Int {
        switch self {
        case .committed(let box): box.node.children.count
        case .decided(_, let childCount, _): childCount
        }
    }

    var data: [UInt8]? {
        switch self {
        case .committed(let box): box.node.data
        case .decided(_, _, let data): data
        }
    }

    var dataLength: Int { data?.count ?? 0 }

    /// - Returns: nil for a node that will be gone.
    fileprivate init?(_ node: Overlay.Node) {
        guard let head = node.head else { return nil }
        self = .decided(head, childCount: node.childCount, data: node.data)
    }
}

extension Coordination {
    /// Nil when it is not there, or will be gone.
    func node(_ path: ZnodePath) -> DecidedNode? {
        if let node = overlay.node(path) { return DecidedNode(node) }
        return tree.find(path).map { .committed($0) }
    }

    /// The same, faster where its parent is at hand.
    func node(_ path: ZnodePath, in parent: DecidedNode) -> DecidedNode? {
        if let node = overlay.node(path) { return DecidedNode(node) }
        guard case .committed(let box) = parent, let name = path.names.last else {
            return tree.find(path).map { .committed($0) }
        }
        return box.node.children[name].map { .committed($0) }
    }

    func decided(_ path: ZnodePath) throws(CoordinationError) -> DecidedNode {
        guard let node = node(path) else { throw .noNode }
        return node
    }
}
