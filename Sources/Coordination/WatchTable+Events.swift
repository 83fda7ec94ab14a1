/// What a client with a watch is told.
package struct WatchEvent: Hashable, Sendable {
    /// By ZooKeeper's numbers.
    package enum Kind: Int32, Hashable, Sendable {
        case nodeCreated = 1
        case nodeDeleted = 2
        case nodeDataChanged = 3
        case nodeChildrenChanged = 4
    }
    package let kind: Kind
    package let path: String
    /// Only for those whom this list lets read; see `Coordination.mayRead`.
    package let acl: ACL
}

/// An event and whom it is for.
package struct FiredWatch: Hashable, Sendable {
    package let watcher: WatchTable.Watcher
    package let event: WatchEvent
}

extension WatchTable {
    /// What came of a transaction, to those who watch: in the changes' order; for each, a node's own event before that of its
    /// parent's children; for each, once to a watcher however many watches it hits. Watches for one event are gone then.
    package mutating func fire(_ changes: [ZnodeChange]) -> [FiredWatch] {
        if count == 0 { return [] }
        var fired: [FiredWatch] = []
        for change in changes {
            switch change.kind {
            case .dataChanged: tell(.nodeDataChanged, change, once: .data, &fired)
            case .created:
                tell(.nodeCreated, change, once: .data, &fired)
                tellParent(of: change, &fired)
            case .deleted:
                tell(.nodeDeleted, change, once: .once, &fired)
                tellParent(of: change, &fired)
            }
        }
        return fired
    }

    private mutating func tell(
        _ kind: WatchEvent.Kind, _ change: ZnodeChange, once: WatchModes, _ fired: inout [FiredWatch]
    ) {
        let key = change.path.key
        var watchers = watchers(of: key, in: once.union([.persistent, .recursive]))
        for watcher in watchers { remove(once, key, for: watcher) }
        if recursiveCount > 0 {
            var ancestor = change.path.parent
            while let path = ancestor {
                watchers += self.watchers(of: path.key, in: .recursive)
                ancestor = path.parent
            }
            watchers = Set(watchers).sorted()
        }
        let event = WatchEvent(kind: kind, path: change.path.text, acl: change.acl)
        fired += watchers.map { FiredWatch(watcher: $0, event: event) }
    }

    private mutating func tellParent(of change: ZnodeChange, _ fired: inout [FiredWatch]) {
        guard let parent = change.path.parent else { return }
        let watchers = watchers(of: parent.key, in: [.children, .persistent])
        for watcher in watchers { remove(.children, parent.key, for: watcher) }
        let event = WatchEvent(kind: .nodeChildrenChanged, path: parent.text, acl: change.parentACL)
        fired += watchers.map { FiredWatch(watcher: $0, event: event) }
    }
}

/// The watches a client had where it was connected before, by what its library calls them.
package struct FormerWatches: Hashable, Sendable {
    package var data: [String] = []
    /// Of nodes that were not there.
    package var exists: [String] = []
    package var children: [String] = []
    package var persistent: [String] = []
    package var persistentRecursive: [String] = []

    package init() {}
}

extension WatchTable {
    /// Sets a client's watches again: one whose node changed after `zxid`, the last the client saw, fires at once instead.
    ///
    /// What happened and was undone in between stays unseen, as in ZooKeeper. The events are for the client in any case.
    package mutating func renew(
        _ former: FormerWatches, for watcher: Watcher, since zxid: Int64, in coordination: Coordination
    ) -> [WatchEvent] {
        var events: [WatchEvent] = []
        func fire(_ kind: WatchEvent.Kind, _ path: String) {
            events.append(WatchEvent(kind: kind, path: path, acl: .open))
        }
        for path in former.data {
            let stat = try? coordination.exists(path)
            if let stat, stat.mzxid <= zxid {
                add(.data, path, for: watcher)
            } else {
                fire(stat == nil ? .nodeDeleted : .nodeDataChanged, path)
            }
        }
        for path in former.exists {
            if (try? coordination.exists(path)) == nil {
                add(.data, path, for: watcher)
            } else {
                fire(.nodeCreated, path)
            }
        }
        for path in former.children {
            let stat = try? coordination.exists(path)
            if let stat, stat.pzxid <= zxid {
                add(.children, path, for: watcher)
            } else {
                fire(stat == nil ? .nodeDeleted : .nodeChildrenChanged, path)
            }
        }
        for path in former.persistent { add(.persistent, path, for: watcher) }
        for path in former.persistentRecursive { add(.persistentRecursive, path, for: watcher) }
        return events
    }
}
