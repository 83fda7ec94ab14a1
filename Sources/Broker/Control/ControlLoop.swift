import CommitLog
import Messages
import Metadata
import Ports
package import Vocabulary
import Wire

/// The control loop of a broker: what makes it run what the cluster's metadata says, the requests of its administrators, and
/// the upkeep of the logs. The metadata itself are the quorum's: commands go there, and what came of them comes back.
///
/// Confined to the host's control thread. Like a data loop it never asks a clock and never waits for a log's sync;
/// unlike one it may take milliseconds at a time, so that data loops never have to: long work is cut into
/// slices, one a call.
package final class ControlLoop {
    package let broker: Broker

    // What the aspects use; each one's file says how.
    var now: Moment
    /// What the cluster has agreed on, as far as this broker has heard.
    var image = ClusterImage()
    /// Behind the last record of it.
    var imageOffset: Offset = 0
    /// Set when the quorum's log can be used no more here.
    var quorumFailure: String?
    /// How the broker comes up; nil once it is.
    var startup: Startup?
    var directories: [ManagedDirectory]
    var brokerEpoch: Int64 = -1
    var held = HeldReplies()
    var running: [TopicID: RunningTopic] = [:]
    var reconciling = ReconcileQueue()
    var topicConfigs: TopicConfigs
    /// Partitions that a full disk kept from coming up: by index, where the recovery of their log begins; nil when it is still to be made.
    var awaitingSpace: [TopicID: [Int32: RecoveryStart?]] = [:]
    var removals = Removals()
    var upkeep: Upkeep
    var producerIDs = ProducerIDBlock()
    var isStopped = false

    private var outbound: [LoopEffect] = []

    init(broker: Broker, directories: [ManagedDirectory], startup: Startup, now: Moment) {
        self.broker = broker
        self.directories = directories
        self.startup = startup
        self.now = now
        topicConfigs = TopicConfigs(
            EffectiveConfigs(image: image, broker: broker.config.nodeID, staticProperties: broker.config.properties))
        upkeep = Upkeep(topicConfigs, now: now)
    }

    // MARK: - What the host calls

    package func deliver(_ message: LoopMessage, now: Moment) {
        self.now = now
        if isStopped { return }
        switch message {
        case .synced(let outcomes): for outcome in outcomes { synced(outcome) }
        case .control(let request): handle(request)
        case .diskFailed(let disk, let error): failed(disk, error)
        case .quorumNews(let news): heard(news)
        case .reply, .advanced, .quorum: invariantFailed("another loop's message came to the control loop")
        }
    }

    /// Fires what is due, and does the next slice of what is long.
    /// - Returns: when to call again at the latest; at once while there is work left.
    package func advance(to now: Moment) -> Instant? {
        self.now = now
        if isStopped { return nil }
        expireReplies()
        guard startup == nil else { return held.nextDeadline }
        reconcile()
        upkeepIfDue()
        removeDirectories()
        if !reconciling.isEmpty || removals.hasWork { return now.instant }
        return [upkeep.nextTick, held.nextDeadline].compactMap { $0 }.min()
    }

    package func takeOutbound() -> [LoopEffect] {
        if outbound.isEmpty { return [] }
        defer { outbound.removeAll(keepingCapacity: true) }
        return outbound
    }

    // MARK: - What the aspects call

    func emit(_ effect: LoopEffect) { outbound.append(effect) }

    func log(_ level: LogLine.Level, _ message: String, _ fields: [(key: String, value: String)] = []) {
        outbound.append(.log(LogLine(level, message, fields)))
    }

    func reply(_ ticket: ReplyTicket, _ message: some Message) {
        outbound.append(.post(.reply(ticket, ticket.frame(message)), to: ticket.loop))
    }

    /// Those loops have waiters for the partition, which moved on or went away.
    func wake(_ loops: UInt64, for partition: Partition) {
        var bits = loops
        while bits != 0 {
            let loop = LoopID(bits.trailingZeroBitCount)
            bits &= bits - 1
            invariant(loop.index < broker.config.dataLoops, "loop \(loop.index) waits for \(partition.id)")
            outbound.append(.post(.advanced([partition]), to: loop))
        }
    }

    /// The cluster as a client of `listener` is told it.
    func view(_ listener: String) -> ClusterView {
        ClusterView(
            topology: broker.topology.current(), config: broker.config, clusterID: broker.clusterID,
            listener: listener)
    }

    // MARK: - Within

    private func synced(_ outcome: SyncOutcome) {
        switch outcome.owner {
        case .metadataLog, .snapshot: invariantFailed("the quorum's sync came to the control loop")
        case .partition(let partition, let sync):
            if let error = outcome.error { return failed(partition.disk, error) }
            let synced = partition.syncCompleted(sync, loop: .control)
            if let error = synced.diskError { return failed(partition.disk, error) }
            if let next = synced.sync { emit(.sync(next)) }
            wake(synced.wake, for: partition)
        }
    }
}
