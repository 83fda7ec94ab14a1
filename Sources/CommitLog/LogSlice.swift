package import Ports
package import Vocabulary

/// Whole batches in one segment's file, for `sendfile` or a read.
package struct LogSlice: Equatable, Sendable {
    package let file: FileID
    package let position: Int64
    package let byteCount: Int
    /// The first batch's base offset; it may lie before the offset that was asked for.
    package let firstOffset: Offset
    /// More that may be read lies in a later segment.
    package let hasSuccessor: Bool
    /// There was no room for more of this segment.
    package let isCut: Bool

    package init(
        file: FileID, position: Int64, byteCount: Int, firstOffset: Offset, hasSuccessor: Bool = false,
        isCut: Bool = false
    ) {
        self.file = file
        self.position = position
        self.byteCount = byteCount
        self.firstOffset = firstOffset
        self.hasSuccessor = hasSuccessor
        self.isCut = isCut
    }
}

/// An answer to a question about time (KIP-79, KIP-734).
package struct TimestampedOffset: Equatable, Sendable {
    package let offset: Offset
    package let timestamp: Timestamp
    package let leaderEpoch: LeaderEpoch
}

/// Files and directories whose syncing makes everything below `upTo` durable.
package struct LogSync: Sendable {
    package let targets: [SyncTarget]
    /// All below is on stable storage once every target is synced.
    package let upTo: Offset
    /// Which one of its log's syncs it is.
    let number: UInt64
}

/// A segment that retention took away; its files are renamed and go after `fileDeleteDelayMs`.
package struct DeletedSegment: Equatable, Sendable {
    package enum Reason: Equatable, Sendable { case time, size, logStart }
    package let baseOffset: Offset
    package let sizeBytes: Int64
    package let reason: Reason
}
