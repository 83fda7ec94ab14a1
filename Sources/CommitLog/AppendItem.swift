package import Records
package import Vocabulary

/// One batch to append, already admitted; where it lies, its offsets are stamped into it.
package struct AppendItem {
    /// Exactly the batch; valid during the call only.
    package var bytes: UnsafeMutableRawBufferPointer
    package var header: BatchHeader
    package var outcome: AppendOutcome

    package init(bytes: UnsafeMutableRawBufferPointer, header: BatchHeader, outcome: AppendOutcome = .pending)
    {
        self.bytes = bytes
        self.header = header
        self.outcome = outcome
    }
}

package enum AppendOutcome: Equatable, Sendable {
    /// Not looked at yet.
    case pending
    /// The first record's offset; the time that the broker gave, when the topic asks for it.
    case appended(base: Offset, logAppendTime: Timestamp?)
    /// One of the producer's last five batches: answered with what it was given then (KIP-98).
    case duplicate(base: Offset, timestamp: Timestamp)
    case refused(ErrorCode, String)
}

/// What an append of a follower added.
package struct FollowerAppend: Equatable, Sendable {
    package let first: Offset
    /// The offset behind the last record.
    package let end: Offset
    package let byteCount: Int
    /// The largest timestamp of the batches; -1 when none has one.
    package let maxTimestamp: Timestamp
}
