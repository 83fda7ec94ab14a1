import HashTreeCollections
package import Vocabulary

// Nodes that go by themselves. The leader asks now and then, and gives a `deleteContainer` command for each.
extension Coordination {
    /// Containers that had children and have none, and nodes whose time to live is over; at most `limit`, sorted.
    package func nodesDue(at now: Timestamp, limit: Int) -> [String] {
        var due: [ExactText] = []
        let time = now.milliseconds
        due += tree.mortals.emptyContainers.prefix(limit)
        due += tree.mortals.expiring(upTo: time).lazy.filter { key in
            guard let path = ZnodePath(key.text), let node = tree.find(path)?.node else { return false }
            if case .expires(let end) = node.mortality { return end <= time }
            return false
        }.prefix(limit - due.count)
        return due.sorted().map(\.text)
    }
}
