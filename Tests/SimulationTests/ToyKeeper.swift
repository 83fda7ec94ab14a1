import Broker
import Simulation
import Vocabulary
import Wire
import ZooKeeper

/// A coordination service that cannot go wrong, since all its brokers share one memory; but for the bug it is asked to have.
///
/// What the simulator is tested with: clients, network and checkers must find nothing wrong with it, and every bug.
final class ToyKeeper {
    enum Bug: CaseIterable {
        case losesWrites, readsStale, eventLate, eventNever, ephemeralStays, zxidGoesBack, expiresEarly,
            createsTwice,
            multiByHalves
    }
    struct Node {
        var data: [UInt8]?
        var stat = ZnodeStat()
        var nextNumber: Int32 = 0
    }
    struct Session {
        let timeoutMs: Int64
        let password: [UInt8]
        var lastHeard: Instant
    }
    let bug: Bug?
    var chance: SeededGenerator
    var nodes: [String: Node] = ["/": Node()]
    var old: [String: Node] = [:]  // As each was before its last change.
    var sessions: [Int64: Session] = [:]
    var zxid: Int64 = 0
    var watchers: [String: [ObjectIdentifier: ToyClient]] = [:]
    var childWatchers: [String: [ObjectIdentifier: ToyClient]] = [:]

    init(bug: Bug?, seed: UInt64) {
        self.bug = bug
        chance = SeededGenerator(seed: seed)
    }

    func strikes(_ bug: Bug, onceIn n: Int) -> Bool {
        self.bug == bug && Int.random(in: 0..<n, using: &chance) == 0
    }

    func expire(at now: Instant) {
        for (id, session) in sessions.sorted(by: { $0.key < $1.key }) {
            let patience = strikes(.expiresEarly, onceIn: 100) ? 0 : session.timeoutMs
            if session.lastHeard.adding(milliseconds: patience) < now { end(session: id) }
        }
    }

    func end(session id: Int64) {
        sessions[id] = nil
        zxid += 1
        for path in nodes.filter({ $0.value.stat.ephemeralOwner == id }).keys.sorted() {
            if bug == .ephemeralStays { continue }
            remove(path)
        }
    }

    // MARK: - Writes

    func perform(_ operation: MultiOperation, owner: Int64) -> MultiResult {
        switch operation {
        case .create(let request): create(request, owner)
        case .delete(let request):
            checked(request.path, request.version)
                ?? {
                    remove(request.path)
                    return .deleted
                }()
        case .setData(let request):
            checked(request.path, request.version)
                ?? {
                    old[request.path] = nodes[request.path]
                    let loses = strikes(.losesWrites, onceIn: 20)
                    var node = nodes[request.path]!
                    node.data = request.data
                    node.stat.version += 1
                    node.stat.mzxid = zxid
                    if !loses {
                        nodes[request.path] = node
                        fire(.nodeDataChanged, request.path)
                    }
                    return .dataSet(node.stat)
                }()
        case .check(let request): checked(request.path, request.version) ?? .checked
        }
    }

    private func checked(_ path: String, _ version: Int32) -> MultiResult? {
        guard let node = nodes[path] else { return .error(.noNode) }
        return version == -1 || version == node.stat.version ? nil : .error(.badVersion)
    }

    private func create(_ request: CreateRequest, _ owner: Int64) -> MultiResult {
        let parent = parentPath(request.path)
        guard nodes[parent] != nil else { return .error(.noNode) }
        var path = request.path
        if request.mode?.isSequential == true {
            let digits = String(nodes[parent]!.nextNumber)
            path += String(repeating: "0", count: 10 - digits.count) + digits
        }
        if nodes[path] != nil, !strikes(.createsTwice, onceIn: 10) { return .error(.nodeExists) }
        var node = Node(data: request.data)
        node.stat.czxid = zxid
        node.stat.mzxid = zxid
        node.stat.pzxid = zxid
        node.stat.ephemeralOwner = request.mode?.isEphemeral == true ? owner : 0
        old[path] = nil
        nodes[path] = node
        nodes[parent]!.nextNumber += 1
        childChanged(parent, by: 1)
        fire(.nodeCreated, path)
        fireChildren(parent)
        return .createdWithStat(path: path, node.stat)
    }

    private func remove(_ path: String) {
        old[path] = nodes.removeValue(forKey: path)
        childChanged(parentPath(path), by: -1)
        fire(.nodeDeleted, path)
        fireChildren(parentPath(path))
    }

    private func childChanged(_ parent: String, by change: Int32) {
        nodes[parent]!.stat.cversion += 1
        nodes[parent]!.stat.pzxid = zxid
        nodes[parent]!.stat.numChildren += change
    }

    // MARK: - Watches

    private func fire(_ kind: WatcherEvent.Kind, _ path: String) {
        for client in (watchers.removeValue(forKey: path) ?? [:]).values.sorted(by: { $0.order < $1.order }) {
            if !strikes(.eventNever, onceIn: 10) { client.events.append(WatcherEvent(kind, path: path)) }
        }
    }

    private func fireChildren(_ path: String) {
        for client in (childWatchers.removeValue(forKey: path) ?? [:]).values.sorted(by: {
            $0.order < $1.order
        }) {
            client.events.append(WatcherEvent(.nodeChildrenChanged, path: path))
        }
    }
}

func parentPath(_ path: String) -> String {
    let slash = path.lastIndex(of: "/")!
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

final class ToyClient {
    let connection: BrokerConnection
    let order: Int
    var session: Int64 = 0
    var events: [WatcherEvent] = []

    init(_ connection: BrokerConnection, order: Int) {
        self.connection = connection
        self.order = order
    }
}

/// A toy broker's only loop.
final class ToyLoop: SimulatedLoop {
    private let keeper: ToyKeeper
    private var clients: [UInt64: ToyClient] = [:]
    private var dirty: [BrokerConnection] = []
    private var nextID: UInt64 = 1

    init(_ keeper: ToyKeeper) { self.keeper = keeper }

    func open(listener: String, peer: String, now: Moment) -> BrokerConnection {
        let connection = BrokerConnection(id: nextID, listener: listener, peer: peer)
        clients[nextID] = ToyClient(connection, order: Int(nextID))
        nextID += 1
        return connection
    }

    func closed(_ connection: BrokerConnection) {
        guard let client = clients.removeValue(forKey: connection.id) else { return }
        for path in keeper.watchers.keys { keeper.watchers[path]![ObjectIdentifier(client)] = nil }
        for path in keeper.childWatchers.keys { keeper.childWatchers[path]![ObjectIdentifier(client)] = nil }
    }

    func deliver(_ message: LoopMessage, now: Moment) {}

    func advance(to now: Moment) -> Instant? {
        keeper.expire(at: now.instant)
        for id in clients.keys.sorted() where !clients[id]!.events.isEmpty { tellEvents(clients[id]!) }
        return now.instant.adding(milliseconds: keeper.bug == .eventLate ? 400 : 20)
    }

    func takeDirty() -> [BrokerConnection] {
        defer { dirty = [] }
        return dirty
    }

    func takeOutbound() -> [LoopEffect] { [] }

    func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment) -> Int
    {
        var consumed = 0
        while bytes.count - consumed >= 4 {
            let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: consumed, as: Int32.self)))
            guard bytes.count - consumed - 4 >= length else { break }
            let frame = Array(bytes[consumed + 4..<consumed + 4 + length])
            consumed += 4 + length
            if let client = clients[connection.id] { handle(frame, client, now.instant) }
        }
        return consumed
    }

    private func send(_ frame: [UInt8], _ client: ToyClient) {
        frame.withUnsafeBytes { client.connection.output.append($0) }
        dirty.append(client.connection)
    }

    private func tellEvents(_ client: ToyClient) {
        for event in client.events { send(event.notificationFrame(), client) }
        client.events = []
    }

    private func handle(_ frame: [UInt8], _ client: ToyClient, _ now: Instant) {
        let span = frame.span.bytes
        var at = 0
        if client.session == 0 { return greet(try! ConnectRequest(span, &at), client, now) }
        let header = try! ZooKeeperRequestHeader(span, &at)
        let request = try! ZooKeeperRequest(span, &at, type: header.type)!
        guard keeper.sessions[client.session] != nil else {
            client.connection.close()
            return dirty.append(client.connection)
        }
        keeper.sessions[client.session]!.lastHeard = now
        let late = keeper.strikes(.eventLate, onceIn: 2)
        if !late { tellEvents(client) }
        let (reply, zxid) = answer(request, client)
        if !late { tellEvents(client) }
        send(
            reply.frame(xid: header.xid, zxid: keeper.strikes(.zxidGoesBack, onceIn: 50) ? zxid - 2 : zxid),
            client)
        if case .closeSession = request { client.connection.close() }
    }

    private func greet(_ request: ConnectRequest, _ client: ToyClient, _ now: Instant) {
        var response = ConnectResponse()
        response.isReadOnly = request.isReadOnly.map { _ in false }
        if request.sessionID == 0 {
            keeper.zxid += 1
            client.session = keeper.zxid << 8
            let password = (0..<16).map { _ in UInt8.random(in: 0...255, using: &keeper.chance) }
            keeper.sessions[client.session] = .init(
                timeoutMs: Int64(request.timeoutMs), password: password, lastHeard: now)
        } else if keeper.sessions[request.sessionID]?.password == request.password {
            client.session = request.sessionID
            keeper.sessions[client.session]!.lastHeard = now
        } else {
            return send(ConnectResponse.expired(isReadOnly: response.isReadOnly).frame, client)
        }
        response.sessionID = client.session
        response.timeoutMs = request.timeoutMs
        response.password = keeper.sessions[client.session]!.password
        send(response.frame, client)
    }

    private func answer(_ request: ZooKeeperRequest, _ client: ToyClient) -> (ZooKeeperReply, Int64) {
        switch request {
        case .create(let create): return one(.create(create), client)
        case .delete(let delete): return one(.delete(delete), client)
        case .setData(let set): return one(.setData(set), client)
        case .multi(let operations): return multi(operations, client)
        case .getData(let read): return (self.read(read, wantsData: true, client), keeper.zxid)
        case .exists(let read): return (self.read(read, wantsData: false, client), keeper.zxid)
        case .getChildren2(let read):
            let names = keeper.nodes.keys.filter { $0 != "/" && parentPath($0) == read.path }.sorted()
            if read.isWatching {
                keeper.childWatchers[read.path, default: [:]][ObjectIdentifier(client)] = client
            }
            guard let node = keeper.nodes[read.path] else { return (.failure(.noNode), keeper.zxid) }
            return (.children(names.map { String($0.split(separator: "/").last!) }, node.stat), keeper.zxid)
        case .sync(let path): return (.path(path), keeper.zxid)
        case .setWatches(let watches):
            rearm(watches, client)
            return (.done, keeper.zxid)
        case .closeSession:
            keeper.end(session: client.session)
            return (.done, keeper.zxid)
        default: return (.done, keeper.zxid)
        }
    }

    private func one(_ operation: MultiOperation, _ client: ToyClient) -> (ZooKeeperReply, Int64) {
        keeper.zxid += 1
        let reply: ZooKeeperReply =
            switch keeper.perform(operation, owner: client.session) {
            case .error(let code): .failure(code)
            case .createdWithStat(let path, let stat): .created(path: path, stat)
            case .dataSet(let stat): .stat(stat)
            default: .done
            }
        return (reply, keeper.zxid)
    }

    private func multi(_ operations: [MultiOperation], _ client: ToyClient) -> (ZooKeeperReply, Int64) {
        keeper.zxid += 1
        let before = keeper.nodes
        var results: [MultiResult] = []
        // Tried first where nobody watches, so that a multi that fails has told nobody.
        let (watchers, childWatchers) = (keeper.watchers, keeper.childWatchers)
        keeper.watchers = [:]
        keeper.childWatchers = [:]
        for operation in operations { results.append(keeper.perform(operation, owner: client.session)) }
        keeper.watchers = watchers
        keeper.childWatchers = childWatchers
        let failed = results.firstIndex { if case .error = $0 { true } else { false } }
        if let failed {
            if keeper.bug != .multiByHalves { keeper.nodes = before }
            let told = results.indices.map { index -> MultiResult in
                index < failed
                    ? .error(.ok) : index == failed ? results[index] : .error(.runtimeInconsistency)
            }
            return (.results(told), keeper.zxid)
        }
        keeper.nodes = before
        return (.results(operations.map { keeper.perform($0, owner: client.session) }), keeper.zxid)
    }

    private func read(_ request: ReadRequest, wantsData: Bool, _ client: ToyClient) -> ZooKeeperReply {
        var node = keeper.nodes[request.path]
        if keeper.strikes(.readsStale, onceIn: 10), let old = keeper.old[request.path] { node = old }
        if request.isWatching, node != nil || !wantsData {
            keeper.watchers[request.path, default: [:]][ObjectIdentifier(client)] = client
        }
        guard let node else { return .failure(.noNode) }
        return wantsData ? .data(node.data, node.stat) : .stat(node.stat)
    }

    private func rearm(_ watches: SetWatchesRequest, _ client: ToyClient) {
        for path in watches.data + watches.exist {
            let node = keeper.nodes[path]
            if watches.exist.contains(path)
                ? node != nil : node.map({ $0.stat.mzxid > watches.relativeZxid }) ?? true
            {
                let kind: WatcherEvent.Kind =
                    watches.exist.contains(path)
                    ? .nodeCreated : node == nil ? .nodeDeleted : .nodeDataChanged
                client.events.append(WatcherEvent(kind, path: path))
            } else {
                keeper.watchers[path, default: [:]][ObjectIdentifier(client)] = client
            }
        }
        for path in watches.child {
            if keeper.nodes[path]!.stat.pzxid > watches.relativeZxid {
                client.events.append(WatcherEvent(.nodeChildrenChanged, path: path))
            } else {
                keeper.childWatchers[path, default: [:]][ObjectIdentifier(client)] = client
            }
        }
    }
}
