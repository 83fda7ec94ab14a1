package import Vocabulary

/// A topic's `compression.type`, with the level of its codec.
package enum TopicCompression: Equatable, Sendable {
    /// Batches stay as their producers made them.
    case producer
    /// All batches are brought to this codec; one that has it already stays as it is, whatever its level.
    case codec(Codec, level: Int32)
}

/// How closely records are looked at where no rule of the topic asks for it.
package enum RecordChecks: Sendable {
    /// Header, checksum and count decide.
    case whereNeeded
    /// Compressed batches are decompressed, and their records' offsets checked, as Kafka does.
    case compressed
    /// Every record of every batch.
    case all
}

/// What of a topic's and the broker's configuration decides over a produced batch.
package struct ProduceRules: Equatable, Sendable {
    /// `max.message.bytes`: of the batch as received, and again as it will be stored.
    package var maxMessageBytes: Int
    package var compression: TopicCompression
    package var timestampType: TimestampType
    /// `message.timestamp.before.max.ms`: how far a record's time may lie behind the broker's; `Int64.max`: any.
    package var beforeMaxMs: Int64
    /// `message.timestamp.after.max.ms`: how far ahead.
    package var afterMaxMs: Int64
    /// `cleanup.policy` has `compact`: each record needs a key.
    package var isCompacted: Bool
    package var checks: RecordChecks
    /// How much memory one batch's records may take, decompressed. Kafka knows no such bound.
    package var decompressedBytesMax: Int

    /// Kafka's defaults.
    package init(
        maxMessageBytes: Int = 1_048_588, compression: TopicCompression = .producer,
        timestampType: TimestampType = .createTime, beforeMaxMs: Int64 = .max, afterMaxMs: Int64 = 3_600_000,
        isCompacted: Bool = false, checks: RecordChecks = .compressed, decompressedBytesMax: Int = 128 << 20
    ) {
        self.maxMessageBytes = maxMessageBytes
        self.compression = compression
        self.timestampType = timestampType
        self.beforeMaxMs = beforeMaxMs
        self.afterMaxMs = afterMaxMs
        self.isCompacted = isCompacted
        self.checks = checks
        self.decompressedBytesMax = decompressedBytesMax
    }
}

/// What becomes of a produced batch.
package enum ProduceVerdict {
    /// Append it from where it lies. It may have been patched there (timestamps, checksum); the header is the patched one.
    case asIs(BatchHeader)
    /// Append these bytes in its stead: the topic wants another codec.
    case rebuilt([UInt8], BatchHeader)
    /// Answer this. `badRecords` names those at fault, by their place in the batch (KIP-467), the first thousand at most.
    case refused(ErrorCode, message: String, badRecords: [(index: Int32, message: String)])
}
