import Vocabulary

extension ConfigCatalogue {
    /// All of Kafka's topic configurations, with its defaults, and ours. Source: Kafka 4.4's topic configuration page.
    mutating func addTopicConfigs() {
        addTopicRetention()
        addTopicSegments()
        addTopicMessages()
        addTopicCompaction()
        addTopicReplication()
        addTopicTiers()
    }

    private mutating func addTopic(
        _ name: String, _ type: ConfigType, _ defaultValue: String?, _ validator: ConfigValidator = .any,
        _ importance: ConfigDefinition.Importance = .medium, _ effect: ConfigDefinition.Effect = .now,
        from synonyms: [ConfigSynonym] = [], does documentation: String
    ) {
        add(
            name, type, defaultValue, validator, importance, reach: .clusterWide, effect, from: synonyms,
            does: documentation)
    }

    private mutating func addTopicRetention() {
        addTopic(
            "cleanup.policy", .list, "delete", .listOf(["compact", "delete"]),
            from: [.init("log.cleanup.policy")],
            does:
                "How old data goes: 'delete' by age and size, 'compact' by key, both, or nothing to keep all for ever."
        )
        addTopic(
            "retention.ms", .long, "604800000", .atLeast(-1),
            from: [
                .init("log.retention.ms"), .init("log.retention.minutes", factor: 60_000),
                .init("log.retention.hours", factor: 3_600_000),
            ], does: "How long records are kept under the policy 'delete', in milliseconds; -1 is for ever.")
        addTopic(
            "retention.bytes", .long, "-1", .atLeast(-1), from: [.init("log.retention.bytes")],
            does:
                "How large a partition may grow before its oldest segments are deleted; -1 is without limit.")
        addTopic(
            "file.delete.delay.ms", .long, "60000", .atLeast(0), from: [.init("log.segment.delete.delay.ms")],
            does: "How long a deleted file stays on disk, for readers that are still in it.")
        addTopic(
            "delete.retention.ms", .long, "86400000", .atLeast(0), .medium, .later,
            from: [.init("log.cleaner.delete.retention.ms")],
            does: "How long a compacted topic keeps the marks of deleted keys.")
    }

    private mutating func addTopicSegments() {
        addTopic(
            "segment.bytes", .int, "1073741824", .atLeast(1_048_576), from: [.init("log.segment.bytes")],
            does: "How large a segment file grows before the next one begins; at least 1 MiB.")
        addTopic(
            "segment.ms", .long, "604800000", .atLeast(1),
            from: [.init("log.roll.ms"), .init("log.roll.hours", factor: 3_600_000)],
            does: "How old a segment grows before the next one begins, full or not.")
        addTopic(
            "segment.jitter.ms", .long, "0", .atLeast(0),
            from: [.init("log.roll.jitter.ms"), .init("log.roll.jitter.hours", factor: 3_600_000)],
            does:
                "By how much, at most and by chance, segment.ms is shortened, so that segments do not all end at once."
        )
        addTopic(
            "segment.index.bytes", .int, "10485760", .atLeast(4), from: [.init("log.index.size.max.bytes")],
            does: "How large an index file may grow before its segment ends.")
        addTopic(
            "index.interval.bytes", .int, "4096", .atLeast(0), from: [.init("log.index.interval.bytes")],
            does: "One index entry for so many bytes of log.")
        addTopic(
            "preallocate", .boolean, "false", from: [.init("log.preallocate")],
            does: "Whether a new segment's file is given all of its space at once.")
        addTopic(
            "flush.messages", .long, "9223372036854775807", .atLeast(1),
            from: [.init("log.flush.interval.messages")],
            does: "Sync after so many records, whatever else asks for it.")
        addTopic(
            "flush.ms", .long, "9223372036854775807", .atLeast(0),
            from: [.init("log.flush.interval.ms"), .init("log.flush.scheduler.interval.ms")],
            does: "Sync after so many milliseconds, whatever else asks for it.")
        addTopic(
            "write.caching", .boolean, "false", from: [.init("write.caching")],
            does: "True: acks=all is answered when the in-sync replicas hold the bytes in memory. "
                + "False: when they hold them on stable storage.")
    }

    private mutating func addTopicMessages() {
        addTopic(
            "max.message.bytes", .int, "1048588", .atLeast(0), from: [.init("message.max.bytes")],
            does: "The largest batch of records, as compressed by the producer.")
        addTopic(
            "compression.type", .string, "producer",
            .oneOf(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
            from: [.init("compression.type")],
            does: "How batches are stored; 'producer' leaves them as they came.")
        addTopic(
            "compression.gzip.level", .int, "-1", .range(-1, 9), from: [.init("compression.gzip.level")],
            does: "How hard gzip tries when the broker compresses: 1 to 9, or -1 for its own default.")
        addTopic(
            "compression.lz4.level", .int, "9", .range(1, 17), from: [.init("compression.lz4.level")],
            does: "How hard lz4 tries when the broker compresses.")
        addTopic(
            "compression.zstd.level", .int, "3", .range(-131_072, 22),
            from: [.init("compression.zstd.level")],
            does: "How hard zstd tries when the broker compresses.")
        addTopic(
            "message.timestamp.type", .string, "CreateTime", .oneOf(["CreateTime", "LogAppendTime"]),
            from: [.init("log.message.timestamp.type")],
            does: "Whose time a record carries: the producer's, or that of the append.")
        addTopic(
            "message.timestamp.before.max.ms", .long, "9223372036854775807", .atLeast(0),
            from: [.init("log.message.timestamp.before.max.ms")],
            does: "How far a producer's time may lie behind the broker's.")
        addTopic(
            "message.timestamp.after.max.ms", .long, "3600000", .atLeast(0),
            from: [.init("log.message.timestamp.after.max.ms")],
            does: "How far a producer's time may lie ahead of the broker's.")
    }

    private mutating func addTopicCompaction() {
        addTopic(
            "min.cleanable.dirty.ratio", .double, "0.5", .doubleRange(0, 1), .medium, .later,
            from: [.init("log.cleaner.min.cleanable.ratio")],
            does: "Which share of a log must be new since the last compaction before the next one.")
        addTopic(
            "min.compaction.lag.ms", .long, "0", .atLeast(0), .medium, .later,
            from: [.init("log.cleaner.min.compaction.lag.ms")],
            does: "For how long a record is safe from compaction.")
        addTopic(
            "max.compaction.lag.ms", .long, "9223372036854775807", .atLeast(1), .medium, .later,
            from: [.init("log.cleaner.max.compaction.lag.ms")],
            does: "After how long a record must have met compaction.")
    }

    private mutating func addTopicReplication() {
        addTopic(
            "min.insync.replicas", .int, "1", .atLeast(1), from: [.init("min.insync.replicas")],
            does:
                "How many replicas must hold a record before acks=all is answered and consumers may read it.")
        addTopic(
            "unclean.leader.election.enable", .boolean, "false",
            from: [.init("unclean.leader.election.enable")],
            does: "Whether a replica that may lack acknowledged records can lead when no other is left.")
        addTopic(
            "leader.replication.throttled.replicas", .list, "", .throttledReplicas, .medium, .later,
            does: "Replicas slowed down at the leader, as partition:broker, or * for all.")
        addTopic(
            "follower.replication.throttled.replicas", .list, "", .throttledReplicas, .medium, .later,
            does: "Replicas slowed down at the follower, as partition:broker, or * for all.")
        addTopic(
            "errors.deadletterqueue.group.enable", .boolean, "false", .any, .medium, .later,
            does: "Whether share groups may write what they could not process to this topic.")
    }

    private mutating func addTopicTiers() {
        addTopic(
            "remote.storage.enable", .boolean, "false", .any, .medium, .later,
            does: "Whether closed segments are copied to remote storage.")
        addTopic(
            "remote.log.copy.disable", .boolean, "false", .any, .medium, .later,
            does: "Stops copying to remote storage; what is there stays readable.")
        addTopic(
            "remote.log.delete.on.disable", .boolean, "false", .any, .medium, .later,
            does: "Whether remote data goes when remote storage is switched off.")
        addTopic(
            "remote.copy.lag.ms", .long, "0", .atLeast(-1), .medium, .later,
            from: [.init("log.remote.copy.lag.ms")],
            does: "How old a closed segment must be before it is copied to remote storage.")
        addTopic(
            "remote.copy.lag.bytes", .long, "-1", .atLeast(-1), .medium, .later,
            from: [.init("log.remote.copy.lag.bytes")],
            does: "How much log must follow a closed segment before it is copied to remote storage.")
        addTopic(
            "local.retention.ms", .long, "-2", .atLeast(-2), .medium, .later,
            from: [.init("log.local.retention.ms")],
            does: "How long segments stay here once they are remote; -2 takes retention.ms.")
        addTopic(
            "local.retention.bytes", .long, "-2", .atLeast(-2), .medium, .later,
            from: [.init("log.local.retention.bytes")],
            does: "How many bytes stay here once they are remote; -2 takes retention.bytes.")
    }
}
