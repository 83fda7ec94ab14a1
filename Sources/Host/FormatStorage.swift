import Broker
import CommitLog
import Ports
import Vocabulary

/// One broker's log directories while they are formatted: open, and locked against others.
final class FormatStorage {
    private struct Directory {
        let path: String
        let disk: PosixDisk
        /// As found, or chosen.
        var identity: DirectoryIdentity?
        let isNew: Bool
    }

    let member: StorageFormat.Member
    /// It has the files of a quorum, or of the single broker that it was.
    let isFormatted: Bool
    private var directories: [Directory] = []

    init(_ member: StorageFormat.Member) throws(SettingsProblems) {
        self.member = member
        do {
            for path in member.settings.logDirs {
                let disk = try PosixDisk(path)
                let identity = try LogDirectory.identity(of: disk)
                directories.append(
                    Directory(path: path, disk: disk, identity: identity, isNew: identity == nil))
            }
            isFormatted = try directories.first.map { try QuorumStorage.isFormatted($0.disk) } ?? false
        } catch {
            let why = (error as? DiskError).map { $0.detail.isEmpty ? "\($0)" : $0.detail } ?? "\(error)"
            throw SettingsProblems(problems: [SettingsProblem(place: member.file, message: why)])
        }
    }

    private var nodeID: BrokerID { BrokerID(member.settings.nodeID) }
    private var firstPath: String { directories.first?.path ?? "" }
    var clusterID: String? { directories.first?.identity?.clusterID }

    /// What is said of the cluster's id here, and where.
    var clusterIDs: [(id: String, place: String)] {
        (member.settings.clusterID.map { [($0, member.file)] } ?? [])
            + directories.compactMap { directory in
                directory.identity.map { ($0.clusterID, "\(directory.path)/meta.properties") }
            }
    }

    /// Gives an identity to the directories that have none.
    /// - Parameter own: what the first one was said to be.
    func choose(_ clusterID: String, _ own: QuorumVoter?, using generator: inout some RandomNumberGenerator) {
        for index in directories.indices where directories[index].identity == nil {
            let drawn = UUID128(using: &generator)
            directories[index].identity = DirectoryIdentity(
                clusterID: clusterID, nodeID: nodeID,
                directoryID: index == 0 ? own?.directory ?? drawn : drawn)
        }
    }

    /// What forbids it, once all have their identity.
    func problems(_ own: QuorumVoter?) -> [SettingsProblem] {
        directories.enumerated().compactMap { index, directory -> String? in
            if let identity = directory.identity {
                if identity.nodeID != nodeID {
                    return "\(directory.path) belongs to broker \(identity.nodeID), not to \(nodeID)"
                }
                if index == 0, let own, own.directory != identity.directoryID {
                    return
                        "\(directory.path) has the directory.id \(identity.directoryID), but --initial-voters says "
                        + "\(own.directory)"
                }
            }
            let found = (try? directory.disk.list(""))?.filter(\.isDirectory).map(\.name).sorted() ?? []
            let foreign = found.first { $0 != "lost+found" && $0 != "__cluster_metadata-0" }
            return foreign.map {
                "\(directory.path) is not empty: it holds \($0). Name another directory, or empty it"
            }
        }.map { SettingsProblem(place: member.file, message: $0) }
    }

    /// As a voter; nil when it does not vote.
    var voter: QuorumVoter? {
        guard member.settings.broker.quorum.mayVote, let identity = directories.first?.identity else {
            return nil
        }
        let endpoint = member.settings.broker.quorum.endpoint
        let host = endpoint.map { $0.host.isEmpty ? Node.hostName() : $0.host } ?? "127.0.0.1"
        return QuorumVoter(
            id: nodeID, directory: identity.directoryID, host: host,
            port: UInt16(clamping: endpoint?.port ?? 0))
    }

    func writeIdentities() throws(SettingsProblems) {
        try write { directory in
            if let identity = directory.identity {
                _ = try LogDirectory.open(directory.disk, identity: identity)
            }
        }
    }

    /// The last step: with it the broker is formatted.
    func writeVoters(_ voters: [QuorumVoter]) throws(SettingsProblems) {
        try write { directory in
            if directory.path == firstPath {
                try QuorumStorage.writeBootstrap(disk: directory.disk, voters: voters)
            }
        }
    }

    private func write(_ body: (Directory) throws -> Void) throws(SettingsProblems) {
        for directory in directories {
            do {
                try body(directory)
            } catch {
                throw SettingsProblems(problems: [
                    SettingsProblem(
                        place: member.file, message: "\(directory.path) cannot be formatted: \(error)")
                ])
            }
        }
    }

    // MARK: - What is told

    var leftAloneWhy: String {
        let identity = directories.first?.identity
        return "\(firstPath) is formatted already"
            + (identity.map { ", for broker \($0.nodeID) of cluster \($0.clusterID)" } ?? "")
    }

    var leftAloneLine: String { "\(member.file): \(leftAloneWhy); it is left as it is." }

    var formattedLines: [String] {
        directories.compactMap { directory in
            directory.identity.map {
                "\(member.file): formatted \(directory.path) for broker \($0.nodeID), directory.id \($0.directoryID)"
                    + "\(directory.isNew ? "" : " (which it had)")."
            }
        }
    }
}
