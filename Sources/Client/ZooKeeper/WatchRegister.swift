package import ZooKeeper

/// The watches a client believes to have, so that it can arm them again with a new connection.
package struct WatchRegister: Sendable {
    private var data: Set<String> = []
    private var exist: Set<String> = []
    private var child: Set<String> = []
    private var persistent: Set<String> = []
    private var persistentRecursive: Set<String> = []

    package init() {}

    package var isEmpty: Bool {
        data.isEmpty && exist.isEmpty && child.isEmpty && persistent.isEmpty && persistentRecursive.isEmpty
    }

    /// A request that asks for a watch was answered. A read that failed has left none, but for exists.
    package mutating func answered(_ watch: AskedWatch, code: ResultCode) {
        switch watch {
        case .data(let path): if code == .ok { data.insert(path) }
        case .exist(let path):
            if code == .ok { data.insert(path) }
            if code == .noNode { exist.insert(path) }
        case .child(let path): if code == .ok { child.insert(path) }
        case .persistent(let path): if code == .ok { persistent.insert(path) }
        case .persistentRecursive(let path): if code == .ok { persistentRecursive.insert(path) }
        case .removed(let path, let kind): if code == .ok { remove(path, kind) }
        }
    }

    /// The server told of a change: what fires once has fired.
    package mutating func fired(_ kind: WatcherEvent.Kind, _ path: String) {
        switch kind {
        case .nodeCreated, .nodeDataChanged:
            data.remove(path)
            exist.remove(path)
        case .nodeDeleted:
            data.remove(path)
            exist.remove(path)
            child.remove(path)
        case .nodeChildrenChanged: child.remove(path)
        case .none, .dataWatchRemoved, .childWatchRemoved, .persistentWatchRemoved: break
        }
    }

    private mutating func remove(_ path: String, _ kind: WatchRequest.Kind) {
        if kind == .data || kind == .any {
            data.remove(path)
            exist.remove(path)
        }
        if kind == .children || kind == .any { child.remove(path) }
        if kind == .persistent || kind == .any { persistent.remove(path) }
        if kind == .persistentRecursive || kind == .any { persistentRecursive.remove(path) }
    }

    /// The requests that arm all again, none much larger than `bytesMax`: servers refuse large frames.
    ///
    /// The older setWatches where no persistent watch needs the newer one.
    package func requests(relativeZxid: Int64, bytesMax: Int = 128 * 1024) -> [SetWatchesRequest] {
        let opCode: OpCode =
            persistent.isEmpty && persistentRecursive.isEmpty ? .setWatches : .setWatches2
        var requests: [SetWatchesRequest] = []
        var request = SetWatchesRequest(opCode)
        request.relativeZxid = relativeZxid
        var byteCount = 0
        func add(_ paths: Set<String>, to list: WritableKeyPath<SetWatchesRequest, [String]>) {
            for path in paths.sorted() {
                request[keyPath: list].append(path)
                byteCount += 4 + path.utf8.count
                guard byteCount >= bytesMax else { continue }
                requests.append(request)
                request = SetWatchesRequest(opCode)
                request.relativeZxid = relativeZxid
                byteCount = 0
            }
        }
        add(data, to: \.data)
        add(exist, to: \.exist)
        add(child, to: \.child)
        add(persistent, to: \.persistent)
        add(persistentRecursive, to: \.persistentRecursive)
        if byteCount > 0 { requests.append(request) }
        return requests
    }
}

/// What a request in flight does to the watches when it is answered. Paths are the server's.
package enum AskedWatch: Sendable {
    case data(String)
    case exist(String)
    case child(String)
    case persistent(String)
    case persistentRecursive(String)
    case removed(String, WatchRequest.Kind)

    /// Nil for a request that does nothing to them.
    package init?(_ request: ZooKeeperRequest) {
        switch request {
        case .getData(let read) where read.isWatching: self = .data(read.path)
        case .exists(let read) where read.isWatching: self = .exist(read.path)
        case .getChildren(let read) where read.isWatching: self = .child(read.path)
        case .getChildren2(let read) where read.isWatching: self = .child(read.path)
        case .addWatch(let watch):
            self = watch.mode == .persistent ? .persistent(watch.path) : .persistentRecursive(watch.path)
        case .removeWatches(let watch): self = .removed(watch.path, watch.kind ?? .any)
        default: return nil
        }
    }
}
