import CommitLog
import HashTreeCollections
import Metadata
package import Ports
import Synchronization
import Vocabulary

/// The start: directories, then the metadata log, then every partition's log, then the topology that the data
/// loops begin with.
extension ControlLoop {
    /// Brings up a broker on its log directories.
    ///
    /// Blocks: for reading, for recovery, for a sync of the broker's registration. A partition whose log is
    /// damaged comes up offline, and so does all that lies on a disk that fails; the rest works.
    /// - Parameters:
    ///   - config: with the endpoints that clients are told; the host binds before.
    ///   - disks: the log directories in the order of `log.dirs`; the first holds the metadata log.
    ///   - seed: of this start only; ids come from it.
    ///   - inParallel: calls the closure once for each index below the count, on as many threads as it sees
    ///     fit, and returns when all are done.
    /// - Throws: when a directory belongs to another broker or cluster, or the metadata log cannot be used or is missing.
    package static func start(
        config: BrokerConfig, disks: [any Disk], now: Moment, seed: UInt64,
        inParallel: (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
    ) throws(StartError) -> (Broker, ControlLoop) {
        var chance = SeededGenerator(seed: seed)
        try checkMetadataPlace(disks)
        let (clusterID, opened) = try openDirectories(disks, config, &chance)
        guard let first = opened.first, let directory = first.directory else {
            throw StartError(
                "The first log directory, \(disks.first?.name ?? "none"), cannot be used, and it holds the metadata log: "
                    + (opened.first?.failure ?? "log.dirs is empty"))
        }
        let (metadataLog, report) = try MetadataLog.open(directory, now: now.timestamp)
        var image = ClusterImage()
        var history = History()
        try metadataLog.readAll { record, offset in
            image.replay(record, at: offset)
            history.note(record)
        }
        if let known = image.clusterID, known != clusterID {
            throw StartError(
                "The metadata log in \(directory.disk.name) is of cluster \(known), the directory of cluster \(clusterID)."
            )
        }
        // Each start has its own ids even where the seed is the same: the log has grown since.
        let controllerSeed =
            chance.next() ^ UInt64(bitPattern: image.lastOffset.value &+ 1) &* 0xD6E8_FEB8_6659_FD93
        let controller = Controller(
            image: image, seed: controllerSeed, broker: config.nodeID, staticProperties: config.properties)
        let broker = Broker(
            config: config, clusterID: clusterID, disks: opened.map(\.disk), topology: Topology(image: image))
        let loop = ControlLoop(
            broker: broker, controller: controller, metadataLog: metadataLog,
            directories: opened.map { ManagedDirectory($0) }, now: now)
        loop.reportDirectories(opened, report)
        try loop.register(
            metadataLog, incarnation: UUID128(using: &chance), isClean: opened.allSatisfy(\.wasClean))
        loop.openPartitions(history, inParallel)
        loop.finishStart()
        return (broker, loop)
    }

    /// Topics that were, so that what is left of them is told from what belongs to someone else.
    struct History {
        private(set) var deleted: Set<TopicID> = []

        mutating func note(_ record: MetadataRecord) {
            if case .topicDeleted(let id) = record { deleted.insert(id) }
        }
    }

    // MARK: - Directories

    struct OpenedDirectory {
        let disk: BrokerDisk
        let directory: LogDirectory?
        let failure: String?
        var wasClean: Bool { directory?.wasClean ?? false }
    }

    private static func openDirectories(
        _ disks: [any Disk], _ config: BrokerConfig, _ chance: inout SeededGenerator
    ) throws(StartError) -> (clusterID: String, [OpenedDirectory]) {
        var found: String?
        for disk in disks {
            do throws(LogDirectoryError) {
                if let identity = try LogDirectory.identity(of: disk) { found = found ?? identity.clusterID }
            } catch {
                if let error = fatal(error) { throw error }
            }
        }
        let clusterID = config.properties["cluster.id"] ?? found ?? UUID128(using: &chance).description
        var opened: [OpenedDirectory] = []
        for disk in disks {
            let identity = DirectoryIdentity(
                clusterID: clusterID, nodeID: config.nodeID, directoryID: UUID128(using: &chance))
            do throws(LogDirectoryError) {
                let directory = try LogDirectory.open(disk, identity: identity)
                let id = directory.identity.directoryID
                opened.append(
                    OpenedDirectory(
                        disk: BrokerDisk(disk: disk, directoryID: id), directory: directory, failure: nil))
            } catch {
                if let error = fatal(error) { throw error }
                let broken = BrokerDisk(disk: disk, directoryID: ReplicaDirectory.lost)
                _ = broken.set(.offline)
                opened.append(OpenedDirectory(disk: broken, directory: nil, failure: describe(error)))
            }
        }
        try checkDistinct(opened)
        return (clusterID, opened)
    }

    private static func checkDistinct(_ opened: [OpenedDirectory]) throws(StartError) {
        var seen: [UUID128: String] = [:]
        for directory in opened where directory.directory != nil {
            if let twin = seen.updateValue(directory.disk.disk.name, forKey: directory.disk.directoryID) {
                throw StartError(
                    "\(directory.disk.disk.name) and \(twin) have the same directory.id in meta.properties: "
                        + "one is a copy of the other.")
            }
        }
    }

    /// A disk that fails is left out; a directory that is someone else's must not be touched.
    private static func fatal(_ error: LogDirectoryError) -> StartError? {
        if case .disk = error { return nil }
        return StartError(describe(error))
    }

    private static func describe(_ error: LogDirectoryError) -> String {
        switch error {
        case .disk(let error): "\(error)"
        case .mismatch(let directory, let property, let expected, let found):
            "\(directory)/meta.properties says \(property)=\(found), this broker has \(expected): "
                + "the directory belongs to another broker or cluster."
        case .damaged(let path, let detail): "\(path) is damaged: \(detail)"
        }
    }

    private func reportDirectories(_ opened: [OpenedDirectory], _ report: RecoveryReport?) {
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
        for warning in report?.warnings ?? [] {
            log(.warning, "The metadata log needed repair.", [("reason", warning)])
        }
        for index in directories.indices {
            upkeep.directoryOf[ObjectIdentifier(directories[index].disk)] = index
        }
    }

    // MARK: - Registration

    private func register(
        _ metadataLog: MetadataLog, incarnation: UUID128, isClean: Bool
    ) throws(StartError) {
        var refusal: MetadataError?
        let note = { (outcome: CommandOutcome) in
            if case .refused(let error) = outcome { refusal = error }
        }
        if controller.image.clusterID == nil {
            submit(.formatCluster(clusterID: broker.clusterID, features: []), finish: note)
        }
        let new = NewBroker(
            id: broker.config.nodeID, clusterID: broker.clusterID, incarnation: incarnation,
            endpoints: broker.config.endpoints.map {
                BrokerEndpoint(
                    name: $0.listener, host: $0.host, port: UInt16(clamping: $0.port), securityProtocol: 0)
            },
            rack: broker.config.rack,
            directories: directories.filter { $0.directory != nil }.map(\.disk.directoryID).sorted(),
            startsFenced: false, stoppedCleanly: isClean)
        submit(.registerBroker(new), finish: note)
        if let refusal { throw StartError("The broker cannot be registered: \(refusal)") }
        do throws(DiskError) {
            try metadataLog.syncNow()
        } catch {
            throw StartError("The metadata log cannot be written: \(error)")
        }
        _ = applyCommitted()
        guard let registration = controller.committed.brokers[broker.config.nodeID] else {
            invariantFailed("broker \(broker.config.nodeID) has registered and is not there")
        }
        brokerEpoch = registration.epoch
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
    init(_ opened: ControlLoop.OpenedDirectory) {
        disk = opened.disk
        directory = opened.directory
        guard let directory = opened.directory else { return }
        for kind in CheckpointKind.allCases { written[kind] = directory.checkpoint(kind) }
    }
}
