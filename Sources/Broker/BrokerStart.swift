import CommitLog
import Metadata
package import Ports
import Vocabulary

/// A broker's start: its log directories are opened and known, then its loops are made, each on its own thread.
///
/// The quorum loop begins at once. The control loop waits until the quorum has let the broker in, then brings up the partitions
/// that the metadata says are here, and says `.up`.
package struct BrokerStart: Sendable {
    package let broker: Broker
    let opened: [OpenedDirectory]
    private let directory: LogDirectory
    private let seed: UInt64

    struct OpenedDirectory: Sendable {
        let disk: BrokerDisk
        let directory: LogDirectory?
        let failure: String?
        var wasClean: Bool { directory?.wasClean ?? false }
    }

    /// Opens the directories. Blocks for reading.
    ///
    /// - Parameters:
    ///   - config: with the endpoints that clients are told; the host binds before.
    ///   - disks: the log directories in the order of `log.dirs`; the first holds the metadata log.
    ///   - seed: of this start only; ids come from it.
    /// - Throws: when a directory belongs to another broker or cluster, the first cannot be used, or has no metadata log though this
    ///   broker has lived, or was never formatted and this broker is not a whole cluster by itself.
    package init(config: BrokerConfig, disks: [any Disk], seed: UInt64) throws(StartError) {
        var chance = SeededGenerator(seed: seed)
        let isAlone = config.quorum.isAlone
        if let first = disks.first, !isAlone { try Self.checkFormatted(first) }
        if isAlone { try Self.checkMetadataPlace(disks) }
        let (clusterID, opened) = try Self.openDirectories(disks, config, &chance)
        guard let first = opened.first, let directory = first.directory else {
            throw StartError(
                "The first log directory, \(disks.first?.name ?? "none"), cannot be used, and it holds the metadata log: "
                    + (opened.first?.failure ?? "log.dirs is empty"))
        }
        self.opened = opened
        self.directory = directory
        self.seed = chance.next()
        broker = Broker(
            config: config, clusterID: clusterID, disks: opened.map(\.disk), topology: Topology(image: ClusterImage()))
    }

    /// The quorum loop, with what its log and its newest snapshot hold. Blocks for reading.
    package func quorumLoop(now: Moment) throws(StartError) -> QuorumLoop {
        try QuorumLoop.start(broker, directory, seed: seed, now: now)
    }

    /// The control loop, which waits for the quorum.
    ///
    /// - Parameter inParallel: calls the closure once for each index below the count, on as many threads as it sees fit, and
    ///   returns when all are done.
    package func controlLoop(
        now: Moment,
        inParallel: @escaping (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
    ) -> ControlLoop {
        ControlLoop.start(self, seed: seed ^ 0x5DEE_CE66_D1CE_4E5B, now: now, inParallel: inParallel)
    }

    // MARK: - Directories

    /// A voter of a larger quorum has a past that others count on, or none: which of the two the operator must have said.
    private static func checkFormatted(_ disk: any Disk) throws(StartError) {
        do {
            if try LogDirectory.identity(of: disk) != nil, try QuorumStorage.isFormatted(disk) { return }
        } catch {
            throw StartError("\(disk.name) cannot be read: \(error)")
        }
        throw StartError(
            "\(disk.name) is not formatted. A broker that belongs to a quorum with others must be told whether its storage is new: "
                + "format it with 'needletail format'. If it was formatted before, its contents are lost, or log.dirs is wrong.")
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
}
