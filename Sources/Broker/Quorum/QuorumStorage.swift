import CommitLog
import Consensus
package import Ports
package import Vocabulary

/// What a start finds in the metadata directory.
struct QuorumFound {
    var restored = RaftRestored()
    let log: QuorumLog
    /// Entries behind the snapshot, in order: known, perhaps not committed.
    var entries: [LoggedEntry] = []
    /// What the newest snapshot says; nil: there is none.
    var state: SnapshotState?
    /// Sentences for the operator's log.
    var warnings: [String] = []
}

/// The quorum's files in the first log directory: `__cluster_metadata-0` with the log, snapshots and `quorum-state`.
package enum QuorumStorage {
    /// Sets the voters of a new cluster, durably: a snapshot of nothing at offset 0 that names them. An empty set is that of a broker that
    /// does not belong to the first voters and learns of them from the quorum.
    ///
    /// - Throws: `.exists` when the directory holds a log or a snapshot already.
    package static func writeBootstrap(disk: any Disk, voters: [QuorumVoter]) throws(DiskError) {
        try disk.createDirectory(QuorumLog.directory)
        for entry in try disk.list(QuorumLog.directory) where isOfQuorum(entry.name) {
            throw DiskError(.exists, "format", QuorumLog.directory + "/" + entry.name)
        }
        try writeVoters(disk: disk, voters: voters)
    }

    static func writeVoters(disk: any Disk, voters: [QuorumVoter]) throws(DiskError) {
        try disk.createDirectory(QuorumLog.directory)
        let set = VoterSet(voters.map(\.voter))
        let header = SnapshotFile.Header(
            id: .start, timestamp: 0, voters: PlacedVoterSet(offset: -1, voters: set))
        var footer = FieldWriter()
        footer.put(UInt64(1))
        let bytes =
            SnapshotFile.section(.header, header.encode()) + SnapshotFile.section(.footer, footer.bytes)
        try disk.replaceWhole(SnapshotFile.path(.start), bytes, directory: QuorumLog.directory)
        try disk.sync(.directory(""))
    }

    /// Whether the directory was formatted for a quorum, or has been part of one.
    package static func isFormatted(_ disk: any Disk) throws(DiskError) -> Bool {
        guard disk.exists(QuorumLog.directory) else { return false }
        return try disk.list(QuorumLog.directory).contains { isOfQuorum($0.name) }
    }

    static func hasSnapshot(_ disk: any Disk) throws(DiskError) -> Bool {
        guard disk.exists(QuorumLog.directory) else { return false }
        return try disk.list(QuorumLog.directory).contains { SnapshotFile.id(of: $0.name) != nil }
    }

    private static func isOfQuorum(_ name: String) -> Bool {
        name.hasSuffix(".log") || SnapshotFile.id(of: name) != nil
    }

    /// Opens the log and reads what stands behind the newest snapshot.
    ///
    /// - Parameter repairs: a replica of several may cut a damaged log: the rest comes from the others, and until it has come
    ///   it has no vote. A lone voter must not.
    /// - Throws: what cannot be used, and what to do about it.
    static func open(
        _ directory: LogDirectory, repairs: Bool, now: Timestamp
    ) throws(StartError) -> QuorumFound {
        do {
            let disk = directory.disk
            if !disk.exists(QuorumLog.directory) { try disk.createDirectory(QuorumLog.directory) }
            var warnings: [String] = []
            let hardState = try readHardState(disk, &warnings)
            var newest: SnapshotID?
            var leftovers: [String] = []
            for entry in try disk.list(QuorumLog.directory) {
                if entry.name.hasSuffix(SnapshotFile.partSuffix) || entry.name.hasSuffix(".tmp") {
                    leftovers.append(entry.name)
                } else if let id = SnapshotFile.id(of: entry.name), id >= newest ?? .start {
                    newest = id
                }
            }
            for name in leftovers { try disk.remove(QuorumLog.directory + "/" + name) }
            var state: SnapshotState?
            var damage: SnapshotDamage?
            do {
                state = try newest.map { try SnapshotState(reading: disk, $0) }
            } catch let error as SnapshotDamage where repairs {
                damage = error
            }
            var opening = try LogOpening(
                directory: directory, behind: newest ?? .start, hardState, repairs: repairs, now: now)
            let log = try opening.open()
            if let damage { try opening.giveUp(log, "\(damage)") }
            var found = QuorumFound(
                log: log, entries: opening.entries, state: state, warnings: warnings + opening.warnings)
            found.restored.hardState = opening.hardState
            if let header = state?.header {
                found.restored.snapshot = header.id
                found.restored.snapshotBytes = try disk.sizeOf(SnapshotFile.path(header.id))
                found.restored.voterSets = [header.voters]
            }
            found.restored.logStart = log.startOffset
            found.restored.runs = log.termRuns
            for entry in found.entries {
                if case .voters(let set) = entry.entry {
                    found.restored.voterSets.append(PlacedVoterSet(offset: entry.offset, voters: set))
                }
            }
            return found
        } catch {
            let place = "The metadata log in \(directory.disk.name)/\(QuorumLog.directory)"
            if Self.isWantOfSpace(error) {
                throw StartError("\(place) needs some space to be opened: \(error). Free some; nothing is lost.")
            }
            throw StartError(
                "\(place) cannot be used: \(error). "
                    + "It holds the cluster's topics, configurations and znodes; restore it from a copy, or, where other voters "
                    + "have it, format the directory anew and add it to the quorum as a new voter.")
        }
    }
}

extension QuorumStorage {
    /// A damaged copy is written anew, as long as the other one is sound.
    private static func readHardState(_ disk: any Disk, _ warnings: inout [String]) throws -> HardState {
        guard let bytes = try disk.readWhole(HardStateFile.path) else { return HardState() }
        let (state, isDamaged) = try HardStateFile.decode(bytes)
        guard isDamaged else { return state }
        warnings.append("\(HardStateFile.path) is damaged in one of its two copies; the other one takes its place")
        do throws(DiskError) {
            try disk.replaceWhole(
                HardStateFile.path, HardStateFile.encode(state), directory: QuorumLog.directory)
        } catch {
            guard error.reason == .noSpace else { throw error }
        }
        return state
    }

    private static func isWantOfSpace(_ error: any Error) -> Bool {
        switch error {
        case let error as DiskError: error.reason == .noSpace
        case LogError.disk(let error): error.reason == .noSpace
        default: false
        }
    }
}

/// A voter as `format` is told of it.
package struct QuorumVoter: Sendable, Equatable {
    package let id: BrokerID
    package let directory: UUID128
    package let host: String
    package let port: UInt16

    package init(id: BrokerID, directory: UUID128, host: String, port: UInt16) {
        self.id = id
        self.directory = directory
        self.host = host
        self.port = port
    }

    var voter: Voter { Voter(key: ReplicaKey(id: id, directory: directory), host: host, port: port) }
}
