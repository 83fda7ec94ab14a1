import HashTreeCollections

/// What the clients of this broker wait to hear of. Never replicated: a client sets its watches again where it comes back.
///
/// A client's watch of a kind on a path is one however often it is set. Costs about 150 bytes each.
package struct WatchTable: Sendable {
    /// Whom to tell: a session's id.
    package typealias Watcher = Int64

    private var watches: TreeDictionary<ExactText, PathWatches> = [:]
    private var paths: [Watcher: TreeSet<ExactText>] = [:]
    /// Watches; of those, recursive ones: while there are none, no ancestor is looked at.
    package private(set) var count = 0
    private(set) var recursiveCount = 0

    package init() {}

    // MARK: Setting and removing

    package mutating func add(_ kind: WatchKind, _ path: String, for watcher: Watcher) {
        let key = ExactText(path)
        let before = watches[key, default: PathWatches()][watcher]
        guard !before.contains(kind.mode) else { return }
        watches[key, default: PathWatches()][watcher] = before.union(kind.mode)
        if before.isEmpty { paths[watcher, default: []].insert(key) }
        count += 1
        if kind == .persistentRecursive { recursiveCount += 1 }
    }

    /// Whether there is a watch of that type.
    package func contains(_ type: WatcherType, _ path: String, for watcher: Watcher) -> Bool {
        guard let here = watches[ExactText(path)] else { return false }
        return !here[watcher].isDisjoint(with: type.modes)
    }

    /// - Returns: whether there was one.
    package mutating func remove(_ type: WatcherType, _ path: String, for watcher: Watcher) -> Bool {
        remove(type.modes, ExactText(path), for: watcher)
    }

    /// The client has gone.
    package mutating func removeAll(of watcher: Watcher) {
        for key in paths[watcher] ?? [] { _ = remove(.all, key, for: watcher) }
    }

    @discardableResult
    mutating func remove(_ modes: WatchModes, _ key: ExactText, for watcher: Watcher) -> Bool {
        guard let before = watches[key]?[watcher] else { return false }
        let removed = before.intersection(modes)
        if removed.isEmpty { return false }
        count -= removed.count
        if removed.contains(.recursive) { recursiveCount -= 1 }
        watches[key]?[watcher] = before.subtracting(removed)
        if watches[key]?.isEmpty == true { watches[key] = nil }
        if before == removed {
            paths[watcher]?.remove(key)
            if paths[watcher]?.isEmpty == true { paths[watcher] = nil }
        }
        return true
    }

    /// Who watches there in one of these ways, sorted.
    func watchers(of key: ExactText, in modes: WatchModes) -> [Watcher] {
        guard let here = watches[key] else { return [] }
        return here.watchers(in: modes)
    }

    // MARK: Reporting

    /// ZooKeeper's `wchs`: watchers, watched paths. The third is `count`.
    package var watcherCount: Int { paths.count }
    package var pathCount: Int { watches.count }

    /// `wchc`: each watcher's paths, sorted.
    package var pathsByWatcher: [(watcher: Watcher, paths: [String])] {
        paths.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted().map(\.text)) }
    }

    /// `wchp`: each path's watchers, sorted.
    package var watchersByPath: [(path: String, watchers: [Watcher])] {
        watches.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value.watchers(in: .all)) }
    }
}

/// What is watched, and whether for more than one event.
package enum WatchKind: Hashable, Sendable {
    /// That the node is created, changed or deleted; set by `exists` and `getData`. Once.
    case data
    /// That its children come or go, or it goes; set by `getChildren`. Once.
    case children
    /// Both, and it stays.
    case persistent
    /// The node and all below it are created, changed or deleted; it stays. Children that come and go are such events
    /// already, so of these it hears nothing more.
    case persistentRecursive

    var mode: WatchModes {
        switch self {
        case .data: .data
        case .children: .children
        case .persistent: .persistent
        case .persistentRecursive: .recursive
        }
    }
}

/// Which watches a client asks about or removes, by its numbers in requests.
package enum WatcherType: Int32, Sendable {
    case children = 1
    case data = 2
    case any = 3
    case persistent = 4
    case persistentRecursive = 5

    var modes: WatchModes {
        switch self {
        case .children: .children
        case .data: .data
        case .any: .all
        case .persistent: .persistent
        case .persistentRecursive: .recursive
        }
    }
}

/// Kinds of watches that one client has on one path.
struct WatchModes: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let data = WatchModes(rawValue: 1)
    static let children = WatchModes(rawValue: 2)
    static let persistent = WatchModes(rawValue: 4)
    static let recursive = WatchModes(rawValue: 8)
    static let once: WatchModes = [.data, .children]
    static let all = WatchModes(rawValue: 15)

    var count: Int { rawValue.nonzeroBitCount }
}

/// Who watches one path: nearly always one client.
struct PathWatches: Sendable {
    private var first: WatchTable.Watcher = 0
    private var modes: WatchModes = []
    private var others: [WatchTable.Watcher: WatchModes]?

    init() {}

    var isEmpty: Bool { modes.isEmpty && others == nil }

    subscript(watcher: WatchTable.Watcher) -> WatchModes {
        get { watcher == first && !modes.isEmpty ? modes : others?[watcher] ?? [] }
        set {
            if modes.isEmpty && others?[watcher] == nil { first = watcher }
            if watcher == first {
                modes = newValue
                return
            }
            if newValue.isEmpty {
                others?[watcher] = nil
                if others?.isEmpty == true { others = nil }
            } else {
                others = others ?? [:]
                others?[watcher] = newValue
            }
        }
    }

    func watchers(in asked: WatchModes) -> [WatchTable.Watcher] {
        var found = (others ?? [:]).filter { !$0.value.isDisjoint(with: asked) }.map(\.key)
        if !modes.isDisjoint(with: asked) { found.append(first) }
        return found.sorted()
    }
}
