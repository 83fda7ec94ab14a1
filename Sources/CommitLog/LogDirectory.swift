package import Ports
package import Vocabulary

/// What identifies a log directory; Kafka's `meta.properties`, version 1 (KIP-858).
package struct DirectoryIdentity: Equatable, Sendable {
    package var clusterID: String
    package var nodeID: BrokerID
    package var directoryID: UUID128

    package init(clusterID: String, nodeID: BrokerID, directoryID: UUID128) {
        self.clusterID = clusterID
        self.nodeID = nodeID
        self.directoryID = directoryID
    }
}

package enum LogDirectoryError: Error, Equatable, Sendable {
    case disk(DiskError)
    /// `property` of `meta.properties` says `found`, the broker is `expected`.
    case mismatch(directory: String, property: String, expected: String, found: String)
    case damaged(path: String, detail: String)
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

/// One `Disk` as a directory of logs: who it belongs to, its checkpoints, its partitions. Blocking calls throughout.
package final class LogDirectory: Sendable {
    package let disk: any Disk
    package let identity: DirectoryIdentity
    /// The last broker here shut down cleanly; the marker is gone by now.
    package let wasClean: Bool
    package let warnings: [String]

    init(disk: any Disk, identity: DirectoryIdentity, wasClean: Bool, warnings: [String]) {
        self.disk = disk
        self.identity = identity
        self.wasClean = wasClean
        self.warnings = warnings
    }

    /// Who the directory belongs to, without touching it; nil when it is new.
    package static func identity(of disk: any Disk) throws(LogDirectoryError) -> DirectoryIdentity? { nil }
    /// Opens the directory, making `meta.properties` when it is missing. `identity.directoryID` is used only then.
    package static func open(_ disk: any Disk, identity: DirectoryIdentity) throws(LogDirectoryError) -> LogDirectory {
        fatalError()
    }
    /// The checkpoint as it was when the directory was opened; damaged counts as missing.
    package func checkpoint(_ kind: CheckpointKind) -> [TopicPartition: Offset] { [:] }
    package func writeCheckpoint(_ kind: CheckpointKind, _ offsets: [TopicPartition: Offset]) throws(DiskError) {}
    /// What `Log.open` needs to know.
    package func recoveryStart(of partition: TopicPartition) -> RecoveryStart { RecoveryStart() }
    package func partitions() throws(DiskError) -> [TopicPartition] { [] }
    /// The topic id in `partition.metadata`; nil when missing or damaged.
    package func topicID(of partition: TopicPartition) throws(DiskError) -> TopicID? { nil }
    /// Renames a partition's directory out of the way, to be removed by `removeLeftovers`; its log is closed before.
    package func markDeleted(_ partition: TopicPartition, topicID: TopicID) throws(DiskError) {}
    /// Sets a directory that belongs to no known topic aside; its data stays.
    package func markStray(_ partition: TopicPartition, topicID: TopicID) throws(DiskError) {}
    /// Removes directories marked deleted. - Returns: their names.
    package func removeLeftovers() throws(DiskError) -> [String] { [] }
    /// Says that all logs were closed and the checkpoints written: the last act of a clean stop.
    package func markClean() throws(DiskError) {}
}
