import HashTreeCollections
package import Vocabulary

// Nodes that go by themselves. The leader asks now and then, and gives a `deleteContainer` command for each.
extension Coordination {
    /// Containers that are empty, and nodes whose time to live is over; at most `limit`, sorted.
    ///
    /// - Parameter unusedMs: a container that never had a child is due that long after it was last touched; nil: never.
    package func nodesDue(at now: Timestamp, unusedMs: Int64?, limit: Int) -> [String] {
        var due: [ExactText] = []
        let time = now.milliseconds
        due += tree.mortals.emptyContainers.prefix(limit)
        if let unusedMs {
            due += tree.mortals.unusedContainers.lazy.filter { key in
                guard let path = ZnodePath(key.text), let node = tree.find(path)?.node else { return false }
                return node.head.mtime.addingReportingOverflow(unusedMs).partialValue <= time
            }.prefix(limit - due.count)
        }
        due += tree.mortals.expiring(upTo: time).lazy.filter { key in
            guard let path = ZnodePath(key.text), let node = tree.find(path)?.node else { return false }
            if case .expires(let end) = node.mortality { return end <= time }
            return false
        }.prefix(limit - due.count)
        return due.sorted().map(\.text)
    }
}
