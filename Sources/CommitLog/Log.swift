package import Ports
package import Vocabulary

// Surface; bodies follow.
package final class Log: @unchecked Sendable {
    package let topicPartition: TopicPartition
    package let topicID: TopicID
    package var config: LogConfig
    package private(set) var startOffset: Offset = 0
    package private(set) var endOffset: Offset = 0
    package private(set) var sizeBytes: Int64 = 0
    package var segmentCount: Int { 1 }
    /// All below is on stable storage.
    package private(set) var syncedOffset: Offset = 0
    /// From here recovery must scan after a crash: what goes into the recovery-point checkpoint.
    package private(set) var recoveryPoint: Offset = 0

    init(_ tp: TopicPartition, _ id: TopicID, _ config: LogConfig) {
        topicPartition = tp
        topicID = id
        self.config = config
    }

    /// Makes the directory and the first, empty segment.
    package static func create(
        disk: any Disk, topicPartition: TopicPartition, topicID: TopicID, config: LogConfig,
        startOffset: Offset = 0, now: Timestamp
    ) throws(LogError) -> Log { fatalError() }
    package static func open(
        disk: any Disk, topicPartition: TopicPartition, topicID: TopicID?, config: LogConfig, start: RecoveryStart,
        now: Timestamp
    ) throws(LogError) -> (Log, RecoveryReport) { fatalError() }

    package func append(_ items: inout [AppendItem], leaderEpoch: LeaderEpoch, now: Timestamp) throws(DiskError) {}
    package func appendAsFollower(_ bytes: UnsafeRawBufferPointer, now: Timestamp) throws(LogError) -> FollowerAppend {
        fatalError()
    }
    package func read(from: Offset, maxBytes: Int, bound: Offset, minOneBatch: Bool) throws(LogError) -> LogSlice? {
        nil
    }
    package func byteCount(from: Offset, bound: Offset) -> Int { 0 }
    package func offset(atOrAfter timestamp: Timestamp, bound: Offset) throws(LogError) -> TimestampedOffset? { nil }
    package func maxTimestamp() throws(LogError) -> TimestampedOffset? { nil }

    package var latestEpoch: LeaderEpoch? { nil }
    package func assign(epoch: LeaderEpoch, startOffset: Offset) {}
    package func leaderEpoch(for offset: Offset) -> LeaderEpoch? { nil }
    package func endOffset(of epoch: LeaderEpoch) -> (epoch: LeaderEpoch, offset: Offset)? { nil }
    /// Cuts the log; the new end may lie below `offset` when a batch spans it.
    package func truncate(to offset: Offset) throws(LogError) {}
    package func truncateFully(startAt offset: Offset, now: Timestamp) throws(LogError) {}
    /// - Returns: the new start offset.
    package func deleteRecords(before offset: Offset, now: Timestamp) throws(LogError) -> Offset { 0 }

    package func applyRetention(now: Timestamp, highWatermark: Offset) throws(LogError) -> [DeletedSegment] { [] }
    package func rollIfDue(now: Timestamp) throws(LogError) -> Bool { false }
    /// - Returns: when the next ones are due.
    package func removeDeletedFiles(now: Timestamp) throws(LogError) -> Timestamp? { nil }

    package func beginSync(checkpoint: Bool = false) throws(DiskError) -> LogSync? { nil }
    /// - Returns: `syncedOffset`.
    @discardableResult
    package func syncCompleted(_ sync: LogSync) throws(DiskError) -> Offset { 0 }
    /// `flush.messages` or `flush.ms` says that it is time to sync.
    package func isFlushDue(now: Timestamp) -> Bool { false }
    /// A checkpoint would spare recovery so many bytes.
    package var bytesBehindRecoveryPoint: Int64 { 0 }

    package var producers: [ProducerSummary] { [] }
    package func expireProducers(now: Timestamp) {}
    package func close() throws(LogError) {}
}
