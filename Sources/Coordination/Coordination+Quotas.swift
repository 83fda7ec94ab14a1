import HashTreeCollections

// Quotas: the znode `/zookeeper/quota/<path>/zookeeper_limits` bounds `<path>` and all below it. What is used needs no
// counting, the tree knows it; so `zookeeper_stats` beside it is computed when it is read.
extension Coordination {
    private static let limitsName: ExactText = "zookeeper_limits"
    private static let statsName: ExactText = "zookeeper_stats"

    /// All quotas, sorted by path: for reports on the soft ones.
    package var quotas: [ZnodeQuota] {
        var found: [ZnodeQuota] = []
        func visit(_ node: Znode, _ path: ZnodePath) {
            if !path.isRoot, let limits = node.children[Self.limitsName] {
                let usage = tree.find(path)?.node.usage ?? .zero
                found.append(ZnodeQuota(path: path.text, limits: ZnodeLimits(limits.node.data), usage: usage))
            }
            for (name, child) in node.children { visit(child.node, path.appending(name)) }
        }
        if let quotas = tree.find(.quota) { visit(quotas.node, .root) }
        return found.sorted { ExactText($0.path) < ExactText($1.path) }
    }

    /// - Throws: `quotaExceeded` when `path`, changed so, leaves the innermost quota it is under beyond a hard limit; as in
    ///   ZooKeeper also when that much was there before, and the change makes it less.
    func checkQuota(_ path: ZnodePath, adding usage: ZnodeUsage) throws(CoordinationError) {
        if !config.enforcesQuotas || !tree.hasQuotas && !overlay.touchesQuotas { return }
        guard let (bounded, limits) = innermostQuota(of: path) else { return }
        var used = tree.find(bounded)?.node.usage ?? .zero
        for pending in overlay.usages where pending.path.isWithin(bounded) { used += pending.usage }
        used += usage
        if usage.nodes != 0, let limit = limits.countHard, used.nodes > limit { throw .quotaExceeded }
        if usage.bytes != 0, let limit = limits.bytesHard, used.bytes > limit { throw .quotaExceeded }
    }

    /// The root cannot be bounded, as in ZooKeeper.
    private func innermostQuota(of path: ZnodePath) -> (ZnodePath, ZnodeLimits)? {
        var candidate = path
        while let parent = candidate.parent {
            if let limits = node(candidate.within(.quota).appending(Self.limitsName)) {
                return (candidate, ZnodeLimits(limits.data))
            }
            candidate = parent
        }
        return nil
    }

    /// What `zookeeper_stats` of a quota says: `count=3,bytes=12`. Nil for other nodes.
    func computedData(_ path: ZnodePath) -> [UInt8]? {
        guard path.names.last == Self.statsName, let quota = path.parent, quota.isWithin(.quota) else {
            return nil
        }
        guard let bounded = quota.outside(.quota), !bounded.isRoot else { return nil }
        let usage = tree.find(bounded)?.node.usage ?? .zero
        return Array("count=\(usage.nodes),bytes=\(usage.bytes)".utf8)
    }
}
