import Coordination
import Vocabulary

/// The ZooKeeper clients of this broker, and what they watch. What it does stands in `QuorumLoop+Clients` and its neighbours: they need
/// the tree and the leader.
struct ZooKeeperServer {
    let settings: ZooKeeperSettings
    let started: Timestamp
    private(set) var clients: [UInt64: ZooKeeperConnection] = [:]
    private var bySession: [Int64: UInt64] = [:]
    private var heard: Set<Int64> = []
    var watches = WatchTable()
    /// Requests that wait for the leader, or behind one that does.
    var outstanding = 0
    /// Connections that are not read, since too much is outstanding.
    var paused: [UInt64] = []
    var statistics = ClientStatistics()
    var requests: Int64 = 0
    /// Since when no leader is known.
    var leaderlessSince: Instant?
    var chance: SeededGenerator
    private var nextReadOnlySession: Int64 = -1

    init(_ settings: ZooKeeperSettings, chance: SeededGenerator, now: Moment) {
        self.settings = settings
        self.chance = chance
        started = now.timestamp
        leaderlessSince = now.instant
    }

    subscript(connection: UInt64) -> ZooKeeperConnection? { clients[connection] }

    /// In the order in which they came.
    var all: [ZooKeeperConnection] { clients.values.sorted { $0.connection.id < $1.connection.id } }

    mutating func add(_ client: ZooKeeperConnection) { clients[client.connection.id] = client }

    mutating func remove(_ connection: UInt64) -> ZooKeeperConnection? {
        guard let client = clients.removeValue(forKey: connection) else { return nil }
        if bySession[client.session] == connection {
            bySession[client.session] = nil
            watches.removeAll(of: client.session)
        }
        outstanding -= client.outstanding
        return client
    }

    func client(ofSession session: Int64) -> ZooKeeperConnection? { bySession[session].flatMap { clients[$0] } }

    /// The session is this connection's from here on.
    /// - Returns: the connection that had it before.
    mutating func opened(_ client: ZooKeeperConnection) -> ZooKeeperConnection? {
        let before = bySession.updateValue(client.connection.id, forKey: client.session)
        // What was watched over the connection before is set again by the client.
        if before != nil { watches.removeAll(of: client.session) }
        return before.flatMap { clients[$0] }
    }

    mutating func takeReadOnlySession() -> Int64 {
        defer { nextReadOnlySession -= 1 }
        return nextReadOnlySession
    }

    mutating func noteHeard(_ session: Int64) { if session > 0 { heard.insert(session) } }

    /// Sessions whose clients said something since the last time, sorted.
    mutating func takeHeard() -> [Int64] {
        if heard.isEmpty { return [] }
        defer { heard.removeAll(keepingCapacity: true) }
        return heard.sorted()
    }
}
