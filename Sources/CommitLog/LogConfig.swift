package import Records

/// What a topic's configuration says about its logs. Kafka's names (`segment.bytes`, `retention.ms`, ...) and defaults.
package struct LogConfig: Equatable, Sendable {
    package var segmentBytes: Int64 = 1 << 30
    package var segmentMs: Int64 = 604_800_000
    /// At most so much earlier than `segmentMs` a segment rolls, so that partitions made together do not roll together.
    package var segmentJitterMs: Int64 = 0
    /// Size of an offset index at which the segment rolls.
    package var segmentIndexBytes: Int64 = 10 << 20
    package var indexIntervalBytes: Int = 4096
    /// -1: no limit.
    package var retentionBytes: Int64 = -1
    /// -1: no limit.
    package var retentionMs: Int64 = 604_800_000
    package var fileDeleteDelayMs: Int64 = 60_000
    package var preallocate = false
    package var flushMessages: Int64 = .max
    package var flushMs: Int64 = .max
    package var cleanupDelete = true
    package var cleanupCompact = false
    package var maxMessageBytes: Int = 1_048_588
    package var timestampType: TimestampType = .createTime
    /// How long an idle producer id is remembered (`producer.id.expiration.ms`, KIP-854).
    package var producerIDExpirationMs: Int64 = 86_400_000
    /// Blocks are set aside ahead of the writer in steps of this size (four times as much once a segment is large);
    /// 0 turns it off. Ours, not Kafka's.
    package var reserveStepBytes: Int64 = 16 << 20
    /// Instead, the file is kept filled with zeros in front of the writer, so that a sync of what is appended need not make it
    /// longer: for a log that is synced all the time. Ours, not Kafka's; decision 0009.
    package var fillsAhead = false

    package init() {}
}
