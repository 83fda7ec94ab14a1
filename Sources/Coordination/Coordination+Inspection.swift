import HashTreeCollections

extension Coordination {
    /// Sessions that own a node and are not alive: there must be none. For checkers.
    package var orphanedOwners: [Int64] { tree.ephemerals.keys.filter { sessions[$0] == nil }.sorted() }
}
