import ZooKeeper

/// The watches a client has, and what it knew of each node when it left one.
///
/// ZooKeeper's promise: a client sees the event before it sees the new data. So an answer that shows another state than the one
/// the watch was left at, while that watch's event has not come, breaks it. It holds across reconnects too, because the
/// client re-arms its watches before it asks for anything.
struct ClientWatches {
    /// What a client can tell of a node by its stat. Children: by the parent's own.
    enum Known: Equatable {
        case absent
        case data(czxid: Int64, mzxid: Int64)
        case children(pzxid: Int64, cversion: Int32)
    }
    private var data: [String: Known] = [:]
    private var children: [String: Known] = [:]

    /// Paths of watches that stay.
    var persistent: Set<String> = []
    var recursive: Set<String> = []

    var isLasting: Bool { !persistent.isEmpty || !recursive.isEmpty }
    var isEmpty: Bool { data.isEmpty && children.isEmpty && !isLasting }
    var dataPaths: [String] { data.filter { $0.value != .absent }.keys.sorted() }
    var existPaths: [String] { data.filter { $0.value == .absent }.keys.sorted() }
    var childPaths: [String] { children.keys.sorted() }
    var allPaths: [String] { Set(data.keys).union(children.keys).sorted() }

    /// - Returns: nil when the answer agrees with the watch in place, else what is wrong.
    func contradiction(_ path: String, _ seen: Known) -> String? {
        let armed: Known?
        if case .children = seen { armed = children[path] } else { armed = data[path] }
        guard let armed, armed != seen else { return nil }
        return "\(path) was \(armed) when the watch was left, is \(seen), and no event came"
    }

    mutating func leave(_ path: String, _ known: Known) {
        if case .children = known { children[path] = known } else { data[path] = known }
    }

    /// An event came: its watches are used up.
    /// - Returns: false when there was none.
    mutating func fire(_ kind: WatcherEvent.Kind, _ path: String) -> Bool {
        switch kind {
        case .nodeCreated, .nodeDataChanged: return data.removeValue(forKey: path) != nil
        case .nodeChildrenChanged: return children.removeValue(forKey: path) != nil
        case .nodeDeleted:
            let hadData = data.removeValue(forKey: path) != nil
            let hadChildren = children.removeValue(forKey: path) != nil
            return hadData || hadChildren
        case .none, .dataWatchRemoved, .childWatchRemoved, .persistentWatchRemoved: return false
        }
    }

    mutating func removeAll() {
        self = ClientWatches()
    }
}
