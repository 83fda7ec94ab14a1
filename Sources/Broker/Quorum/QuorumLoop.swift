import CommitLog
import Consensus
import Coordination
import Metadata
import Ports
import Synchronization
package import Vocabulary

/// One replica of the coordination service, and the broker's door to it: Raft with its log, the znode tree, the controller, the
/// links to the other replicas, and the ZooKeeper clients.
///
/// Confined to one thread, the host's quorum loop, so that busy data loops never delay a heartbeat and a znode is read where its
/// client's bytes arrive. Like every loop it asks no clock and waits for no sync of its log. A turn: whatever came is handled and what
/// the leader decides is gathered; at its end, in `takeOutbound`, that goes to the log as one batch, to the followers, and to the
/// disk by one sync.
///
/// The way of a change: asked here or by another broker (`ask`) → decided on the leader (`decide`) → proposed → committed by Raft →
/// applied on every broker (`apply`) → answered by the broker that was asked.
package final class QuorumLoop {
    let config: BrokerConfig
    let clusterID: String
    let me: ReplicaKey
    let shared: QuorumShared

    // What the aspects use; each one's file says how.
    var now: Moment
    var chance: SeededGenerator
    var raft: Raft
    var log: QuorumLog
    var coordination = Coordination()
    var metadata: Controller
    /// Entries in the log that are not applied yet, in order.
    var pending = PendingEntries()
    /// All below is applied.
    var applied: Offset
    var appliedTimestamp: Timestamp = 0
    var leadership = Leadership()
    var links: PeerLinks
    /// Where the voters listen, by the word of the member that was met last: our log may not say, or name voters that are none any more.
    var toldVoters: [PeerAddress] = []
    var asks: PendingAsks
    var membership: Membership
    var zookeeper: ZooKeeperServer
    var snapshots: Snapshots
    /// The log directory that holds the metadata log failed: this replica takes no part any more until it is restarted.
    private(set) var failure: String?
    /// What the disk could not take makes Raft begin anew.
    var mustRestart = false
    /// How often it did.
    var beginnings = 0
    /// What lies on the disk of the replica's term and vote.
    var persisted: HardState
    /// Set while there is no space to write that down: it says nothing and hears nothing.
    var silentUntil: Instant?
    /// Until then entries are not taken, for want of space.
    var fullUntil = Instant(nanoseconds: 0)
    /// It does not stand for leader until there is.
    var awaitsSpace = false
    /// The append or the piece of a snapshot that Raft was told of last; its bytes.
    var inHand: InHand?

    private var connections: [UInt64: BrokerConnection] = [:]
    private var nextConnectionID: UInt64 = 0
    private var dirty: [BrokerConnection] = []
    private var outbound: [LoopEffect] = []
    private(set) var isStopped = false

    init(
        config: BrokerConfig, clusterID: String, me: ReplicaKey, shared: QuorumShared, found: QuorumFound,
        metadata: Controller, chance: SeededGenerator, now: Moment
    ) {
        var chance = chance
        self.config = config
        self.clusterID = clusterID
        self.me = me
        self.shared = shared
        self.now = now
        self.metadata = metadata
        log = found.log
        applied = found.restored.snapshot.end
        asks = PendingAsks(firstID: chance.next())
        links = PeerLinks(chance: chance.split())
        membership = Membership(now: now.instant)
        zookeeper = ZooKeeperServer(config.zookeeper, chance: chance.split(), now: now)
        snapshots = Snapshots(found.restored.snapshot, bytes: found.restored.snapshotBytes, now: now.instant)
        var raftConfig = RaftConfig(me: me)
        raftConfig.electionTimeoutMs = config.quorum.electionTimeoutMs
        raftConfig.heartbeatMs = max(10, config.quorum.electionTimeoutMs / 10)
        persisted = found.restored.hardState
        raft = Raft(config: raftConfig, restored: found.restored, seed: chance.next(), now: now.instant)
        self.chance = chance
        for entry in found.entries { pending.append(entry) }
    }

    // MARK: - What the host calls

    /// A peer has connected: another replica, or a ZooKeeper client, by the listener.
    package func open(listener: String, peer: String, now: Moment) -> BrokerConnection {
        self.now = now
        nextConnectionID += 1
        let connection = BrokerConnection(id: nextConnectionID, listener: listener, peer: peer)
        connection.isExemptFromIdle = true
        connections[connection.id] = connection
        if listener == ZooKeeperSettings.listenerName {
            openZooKeeper(connection)
        } else {
            openPeer(connection, dialed: nil)
        }
        return connection
    }

    /// The connection that was dialed stands.
    package func dialed(_ token: UInt64, peer: String, now: Moment) -> BrokerConnection? {
        self.now = now
        guard let address = links.dialed(token), failure == nil else { return nil }
        nextConnectionID += 1
        let connection = BrokerConnection(id: nextConnectionID, listener: "", peer: peer)
        connection.isExemptFromIdle = true
        connections[connection.id] = connection
        openPeer(connection, dialed: address)
        return connection
    }

    package func dialFailed(_ token: UInt64, reason: String, now: Moment) {
        self.now = now
        links.dialFailed(token, now: now.instant)
    }

    /// - Returns: how many bytes were consumed: whole frames.
    package func received(
        _ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment
    ) -> Int {
        self.now = now
        if let client = zookeeper[connection.id] { return received(client, UnsafeRawBufferPointer(bytes)) }
        return receivedPeer(connection, UnsafeRawBufferPointer(bytes))
    }

    package func closed(_ connection: BrokerConnection) {
        guard !connection.isClosed else { return }
        connection.isClosed = true
        connections[connection.id] = nil
        closedZooKeeper(connection)
        closedPeer(connection)
    }

    package func deliver(_ message: LoopMessage, now: Moment) {
        self.now = now
        if isStopped { return }
        switch message {
        case .synced(let outcomes): for outcome in outcomes { synced(outcome) }
        case .quorum(let request): handle(request)
        case .control(let request): handleKafka(request)
        case .reply, .advanced, .diskFailed, .quorumNews:
            invariantFailed("another loop's message came to the quorum loop")
        }
    }

    /// Fires what is due, and does the next slice of what is long.
    /// - Returns: when to call again at the latest.
    package func advance(to now: Moment) -> Instant? {
        self.now = now
        if isStopped { return nil }
        endSilence()
        if raft.nextWake <= now.instant { drive(.timePassed) }
        for (token, address) in links.takeDue(now: now.instant) {
            emit(.dial(Dial(token: token, host: address.host, port: address.port)))
        }
        lookForSpace()
        lead()
        keepMembership()
        keepClients()
        snapshotIfLate()
        sendNewestSnapshot()
        let isSnapshotting = snapshotSlice()
        finishTurn()
        if isSnapshotting { return now.instant }
        // A replica that takes no part has nothing to be in time for but its connections.
        let inOffice =
            failure == nil
            ? [silentUntil ?? raft.nextWake, leaderWake, membership.nextWake, awaitsSpace ? fullUntil : nil] : []
        return (inOffice + [links.nextDial, clientsWake]).compactMap { $0 }.min()
    }

    package func takeDirty() -> [BrokerConnection] {
        if dirty.isEmpty { return [] }
        for connection in dirty { connection.isDirty = false }
        defer { dirty.removeAll(keepingCapacity: true) }
        return dirty
    }

    /// The end of a turn: what was decided in it is proposed.
    package func takeOutbound() -> [LoopEffect] {
        finishTurn()
        if outbound.isEmpty { return [] }
        defer { outbound.removeAll(keepingCapacity: true) }
        return outbound
    }

    /// Whether a frame may announce that length. A four-letter word's letters are a length that no frame has.
    package func isAcceptable(frameLength: Int, on connection: BrokerConnection) -> Bool {
        if zookeeper[connection.id] != nil {
            return frameLength >= 0 && frameLength <= config.zookeeper.frameBytesMax
        }
        return frameLength > 0 && frameLength <= PeerFrame.bytesMax
    }

    /// Lets go of everything in order. The log is closed; what others wait for they will ask of the next leader.
    package func shutdown(now: Moment) {
        self.now = now
        if isStopped { return }
        finishTurn()
        isStopped = true
        do throws(LogError) {
            try log.close()
        } catch {
            log(.error, "The metadata log could not be closed in order.", [("reason", "\(error)")])
        }
    }

    // MARK: - What the aspects call

    func emit(_ effect: LoopEffect) { outbound.append(effect) }

    func log(_ level: LogLine.Level, _ message: String, _ fields: [(key: String, value: String)] = []) {
        outbound.append(.log(LogLine(level, message, fields)))
    }

    func tell(_ news: QuorumNews) { outbound.append(.post(.quorumNews(news), to: .control)) }

    func markDirty(_ connection: BrokerConnection) {
        if connection.isDirty || connection.isClosed { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    func close(_ connection: BrokerConnection) {
        connection.close()
        markDirty(connection)
    }

    /// The log directory that holds the metadata log failed. A replica that cannot keep its word gives none: it falls silent, and the
    /// others go on without it.
    func fail(_ why: String) {
        guard failure == nil else { return }
        failure = why
        log(
            .critical,
            "The log directory that holds the metadata log failed; "
                + "this broker takes no part in the quorum until it is restarted.",
            [("reason", why)])
        loseLeadership()
        for link in links.all { close(link.connection) }
        failAsks()
        dropClients("the log directory that holds the metadata log failed")
        tell(.failed(why))
    }

    private func finishTurn() {
        guard failure == nil, !isStopped else { return }
        flushProposals()
        do throws(DiskError) {
            if let sync = try log.takeSync(now: now.instant) { outbound.append(.sync(sync)) }
        } catch {
            fail("\(error)")
        }
    }

    private func synced(_ outcome: SyncOutcome) {
        guard case .metadataLog(let sync) = outcome.owner else { return snapshotSynced(outcome) }
        if let error = outcome.error { return fail("\(error)") }
        do throws(DiskError) {
            try log.synced(sync, now: now.instant)
        } catch {
            return fail("\(error)")
        }
        drive(.durable(end: log.durableOffset))
    }
}

/// What the other loops may look at.
package final class QuorumShared: Sendable {
    private let isGone = Atomic(false)

    /// The broker's session is closed, and it leads nobody: it may go.
    package var hasLeft: Bool { isGone.load(ordering: .acquiring) }

    func left() { isGone.store(true, ordering: .releasing) }
}
