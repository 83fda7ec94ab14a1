import CommitLog
import HashTreeCollections
import Metadata
import Ports
import Vocabulary

/// The start: the quorum is asked to let the broker in; with the metadata that it then has every partition's log is opened, and the
/// topology shown that the data loops begin with.
extension ControlLoop {
    struct Startup {
        let inParallel: (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
        /// What was deleted while this broker was away, as far as its log tells.
        var history = History()
        /// The quorum has let the broker in.
        var isJoined = false
    }

    /// Topics that were, so that what is left of them is told from what belongs to someone else.
    struct History {
        private(set) var deleted: Set<TopicID> = []

        mutating func note(_ record: MetadataRecord) {
            if case .topicDeleted(let id) = record { deleted.insert(id) }
        }
    }

    static func start(
        _ start: BrokerStart, seed: UInt64, now: Moment,
        inParallel: @escaping (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
    ) -> ControlLoop {
        let loop = ControlLoop(
            broker: start.broker, directories: start.opened.map { ManagedDirectory($0) },
            startup: Startup(inParallel: inParallel), now: now)
        loop.reportDirectories(start.opened)
        loop.join(seed: seed, isClean: start.opened.allSatisfy(\.wasClean))
        return loop
    }

    private func reportDirectories(_ opened: [BrokerStart.OpenedDirectory]) {
        for directory in opened {
            if let failure = directory.failure {
                log(
                    .critical, "A log directory failed and is offline until the broker is restarted.",
                    [("log.dir", directory.disk.disk.name), ("reason", failure)])
            }
            for warning in directory.directory?.warnings ?? [] {
                log(
                    .warning, "A log directory needed repair.",
                    [("log.dir", directory.disk.disk.name), ("reason", warning)])
            }
        }
        for index in directories.indices {
            upkeep.directoryOf[ObjectIdentifier(directories[index].disk)] = index
        }
    }

    // MARK: - Registration

    /// Asks to be let in. A broker that is the whole quorum has nobody who could take it for ready too early; others begin fenced.
    private func join(seed: UInt64, isClean: Bool) {
        var chance = SeededGenerator(seed: seed)
        let new = NewBroker(
            id: broker.config.nodeID, clusterID: broker.clusterID, incarnation: UUID128(using: &chance),
            endpoints: broker.config.endpoints.map {
                BrokerEndpoint(
                    name: $0.listener, host: $0.host, port: UInt16(clamping: $0.port), securityProtocol: 0)
            },
            rack: broker.config.rack,
            directories: directories.filter { $0.directory != nil }.map(\.disk.directoryID).sorted(),
            startsFenced: !broker.config.quorum.isAlone, stoppedCleanly: isClean)
        emit(.post(.quorum(.join(new)), to: .quorum))
    }

    /// The broker has a session and an epoch. The first time, everything comes up.
    func joined(epoch: Int64, _ image: ClusterImage) {
        brokerEpoch = epoch
        self.image = image
        imageOffset = image.lastOffset + 1
        if var startup {
            startup.isJoined = true
            self.startup = startup
            openPartitions(startup.history, startup.inParallel)
            self.startup = nil
            finishStart()
            emit(.up)
        }
        if image.brokers[broker.config.nodeID]?.isFenced ?? false {
            insist(.unfenceBroker(broker.config.nodeID, epoch: epoch))
        }
    }

    func joinRefused(_ error: MetadataError) {
        if startup != nil {
            return emit(.startFailed(StartError("The broker cannot be registered: \(error)")))
        }
        log(
            .critical, "The broker cannot be registered again; it serves no partitions to new clients.",
            [("reason", "\(error)")])
    }

    private func finishStart() {
        for index in directories.indices where directories[index].directory != nil {
            findLeftovers(in: index)
        }
        watchDisks()
        // What recovery kept and no sync vouches for is committed once it is synced.
        for entry in upkeep.entries {
            requestSync(of: entry.partition)
        }
        survey()
    }
}

extension ManagedDirectory {
    init(_ opened: BrokerStart.OpenedDirectory) {
        disk = opened.disk
        directory = opened.directory
        guard let directory = opened.directory else { return }
        for kind in CheckpointKind.allCases { written[kind] = directory.checkpoint(kind) }
    }
}
