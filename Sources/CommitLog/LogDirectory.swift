package import Ports
package import Vocabulary

package enum LogDirectoryError: Error, Equatable, Sendable, CustomStringConvertible {
    case disk(DiskError)
    /// `property` of `meta.properties` says `found`; this broker is `expected`.
    case mismatch(directory: String, property: String, expected: String, found: String)
    case damaged(path: String, detail: String)

    package var description: String {
        switch self {
        case .disk(let error): "\(error)"
        case .mismatch(let directory, let property, let expected, let found):
            "\(directory) belongs to \(property) \(found), but this broker has \(property) \(expected)"
        case .damaged(let path, let detail): "\(path) is damaged: \(detail)"
        }
    }
}

/// The three checkpoint files of a log directory.
package enum CheckpointKind: CaseIterable, Sendable {
    case recoveryPoint, logStartOffset, highWatermark

    package var fileName: String {
        switch self {
        case .recoveryPoint: "recovery-point-offset-checkpoint"
        case .logStartOffset: "log-start-offset-checkpoint"
        case .highWatermark: "replication-offset-checkpoint"
        }
    }
}

/// One `Disk` as a directory of logs: whose it is, its checkpoints, its partitions. Its calls wait for the disk: not
/// for data loops.
package final class LogDirectory: Sendable {
    package let disk: any Disk
    package let identity: DirectoryIdentity
    /// The broker before us stopped cleanly. Its marker is gone by now.
    package let wasClean: Bool
    /// Sentences for the operator's log.
    package let warnings: [String]
    private let checkpoints: [CheckpointKind: [TopicPartition: Offset]]

    private static let cleanMarker = ".kafka_cleanshutdown"

    private init(
        disk: any Disk, identity: DirectoryIdentity, wasClean: Bool, warnings: [String],
        checkpoints: [CheckpointKind: [TopicPartition: Offset]]
    ) {
        self.disk = disk
        self.identity = identity
        self.wasClean = wasClean
        self.warnings = warnings
        self.checkpoints = checkpoints
    }

    /// Whose the directory is, without touching it; nil when it is new.
    package static func identity(of disk: any Disk) throws(LogDirectoryError) -> DirectoryIdentity? {
        do {
            guard let bytes = try disk.readWhole(DirectoryIdentity.fileName) else { return nil }
            return try DirectoryIdentity.decode(bytes, path: disk.name + "/" + DirectoryIdentity.fileName)
        } catch let error as DiskError {
            throw .disk(error)
        } catch let error as LogDirectoryError {
            throw error
        } catch {
            invariantFailed("\(error)")
        }
    }

    /// Opens the directory, making `meta.properties` when it is missing; `identity.directoryID` is used only then.
    package static func open(
        _ disk: any Disk, identity: DirectoryIdentity
    ) throws(LogDirectoryError) -> LogDirectory {
        let found = try Self.identity(of: disk)
        if let found { try check(found, against: identity, in: disk.name) }
        do {
            if found == nil {
                try disk.replaceWhole(DirectoryIdentity.fileName, identity.encode(), directory: "")
            }
            var warnings: [String] = []
            var checkpoints: [CheckpointKind: [TopicPartition: Offset]] = [:]
            for kind in CheckpointKind.allCases {
                guard let bytes = try disk.readWhole(kind.fileName) else { continue }
                checkpoints[kind] = decode(bytes)
                if checkpoints[kind] == nil {
                    warnings.append("\(kind.fileName) is damaged and counts as missing")
                }
            }
            let wasClean = disk.exists(cleanMarker)
            if wasClean {
                // Gone for good before the first write, or a later crash would pass for a clean stop.
                try disk.remove(cleanMarker)
                try disk.sync(.directory(""))
            }
            return LogDirectory(
                disk: disk, identity: found ?? identity, wasClean: wasClean, warnings: warnings,
                checkpoints: checkpoints)
        } catch {
            throw .disk(error)
        }
    }

    private static func check(
        _ found: DirectoryIdentity, against wanted: DirectoryIdentity, in directory: String
    ) throws(LogDirectoryError) {
        guard found.clusterID == wanted.clusterID else {
            throw .mismatch(
                directory: directory, property: "cluster.id", expected: wanted.clusterID,
                found: found.clusterID)
        }
        guard found.nodeID == wanted.nodeID else {
            throw .mismatch(
                directory: directory, property: "node.id", expected: "\(wanted.nodeID)",
                found: "\(found.nodeID)")
        }
    }

    // MARK: Checkpoints

    /// A checkpoint as it was when the directory was opened.
    package func checkpoint(_ kind: CheckpointKind) -> [TopicPartition: Offset] { checkpoints[kind] ?? [:] }

    /// What `Log.open` needs to know of a partition.
    package func recoveryStart(of partition: TopicPartition) -> RecoveryStart {
        RecoveryStart(
            recoveryPoint: checkpoints[.recoveryPoint]?[partition],
            logStartOffset: checkpoints[.logStartOffset]?[partition], clean: wasClean)
    }

    /// Replaces a checkpoint file, durably. It must name every partition of the directory.
    package func writeCheckpoint(
        _ kind: CheckpointKind, _ offsets: [TopicPartition: Offset]
    ) throws(DiskError) {
        let rows = offsets.sorted { $0.key < $1.key }.map {
            "\($0.key.topic) \($0.key.partition) \($0.value)"
        }
        try disk.replaceWhole(kind.fileName, CheckpointText.encode(rows), directory: "")
    }

    private static func decode(_ bytes: [UInt8]) -> [TopicPartition: Offset]? {
        guard let rows = CheckpointText.decode(bytes, fields: 3) else { return nil }
        var offsets: [TopicPartition: Offset] = [:]
        for row in rows {
            guard let partition = Int32(row[1]), let offset = Int64(row[2]), partition >= 0, offset >= 0
            else {
                return nil
            }
            offsets[TopicPartition(topic: String(row[0]), partition: partition)] = Offset(offset)
        }
        return offsets
    }

    /// All logs are closed and the checkpoints written: the last act of a clean stop.
    package func markClean() throws(DiskError) {
        try disk.replaceWhole(
            Self.cleanMarker, Array(#"{"version":0,"brokerEpoch":-1}"#.utf8), directory: "")
    }
}
