import Vocabulary

extension ConfigCatalogue {
    /// Log directories, disk watermarks, and the defaults of topics.
    mutating func addBrokerLog() {
        addLogDirectories()
        addLogDefaults()
        addMessageDefaults()
        addCleaner()
        addLogTiers()
    }

    private mutating func addLogDirectories() {
        add("log.dirs", .list, nil, .any, .high, does: "The directories with the data, separated by commas.")
        add(
            "log.dir", .list, "needletail-data", .any, .high,
            does: "The directory with the data, if log.dirs is not set. Kafka's default lies in /tmp, which a restart may empty.")
        add(
            "log.dir.failure.timeout.ms", .long, "30000", .atLeast(1), .low, .later,
            does: "How long a broker may fail to report a failed directory before it stops.")
        add(
            "cordoned.log.dirs", .list, "", .any, .medium, reach: .perBroker, .later,
            does: "Directories that get no new replicas.")
        add(
            "log.dir.min.free.bytes", .long, "268435456", .atLeast(0), .high,
            does:
                "Ours: below so much free space on a directory's disk, writes to it are refused; reads and deletions go on."
        )
        add(
            "log.dir.throttle.free.bytes", .long, "1073741824", .atLeast(0), .medium,
            does: "Ours: below so much free space on a directory's disk, producers are slowed down.")
        add(
            "num.recovery.threads.per.data.dir", .int, "2", .atLeast(1), .high,
            does: "Threads that recover one directory's logs at a start.")
        add(
            "log.retention.check.interval.ms", .long, "300000", .atLeast(1),
            does: "How often logs are looked through for what is too old or too much.")
        add(
            "log.initial.task.delay.ms", .long, "30000", .atLeast(0), .low, .later,
            does: "How long after the start the first of the periodic tasks runs; here they are spread evenly from "
                + "the start on.")
        add(
            "log.flush.offset.checkpoint.interval.ms", .int, "60000", .atLeast(0), .high,
            does: "How often it is written down up to where logs are synced.")
        add(
            "log.flush.start.offset.checkpoint.interval.ms", .int, "60000", .atLeast(0), .high, .later,
            does: "How often it is written down where logs begin; here as often as how far they are committed.")
        add(
            "log.flush.scheduler.interval.ms", .long, "9223372036854775807", .any, .high,
            does: "How often logs are looked through for what is to be synced.")
    }

    private mutating func addLogDefaults() {
        add(
            "log.segment.bytes", .int, "1073741824", .atLeast(1_048_576), .high, reach: .clusterWide,
            does: "The default of segment.bytes.")
        add(
            "log.roll.ms", .long, nil, .atLeast(1), .high, reach: .clusterWide,
            from: [.init("log.roll.hours", factor: 3_600_000)], does: "The default of segment.ms.")
        add("log.roll.hours", .int, "168", .atLeast(1), .high, does: "The default of segment.ms, in hours.")
        add(
            "log.roll.jitter.ms", .long, nil, .atLeast(0), .high, reach: .clusterWide,
            from: [.init("log.roll.jitter.hours", factor: 3_600_000)],
            does: "The default of segment.jitter.ms.")
        add(
            "log.roll.jitter.hours", .int, "0", .atLeast(0), .high,
            does: "The default of segment.jitter.ms, in hours.")
        add(
            "log.retention.ms", .long, nil, .atLeast(-1), .high, reach: .clusterWide,
            from: [
                .init("log.retention.minutes", factor: 60_000),
                .init("log.retention.hours", factor: 3_600_000),
            ], does: "The default of retention.ms.")
        add(
            "log.retention.minutes", .int, nil, .atLeast(-1), .high,
            does: "The default of retention.ms, in minutes.")
        add(
            "log.retention.hours", .int, "168", .atLeast(-1), .high,
            does: "The default of retention.ms, in hours.")
        add(
            "log.retention.bytes", .long, "-1", .atLeast(-1), .high, reach: .clusterWide,
            does: "The default of retention.bytes.")
        add(
            "log.cleanup.policy", .list, "delete", .listOf(["compact", "delete"]), reach: .clusterWide,
            does: "The default of cleanup.policy.")
        add(
            "log.index.size.max.bytes", .int, "10485760", .atLeast(4), reach: .clusterWide,
            does: "The default of segment.index.bytes.")
        add(
            "log.index.interval.bytes", .int, "4096", .atLeast(0), reach: .clusterWide,
            does: "The default of index.interval.bytes.")
        add(
            "log.flush.interval.messages", .long, "9223372036854775807", .atLeast(1), .high,
            reach: .clusterWide,
            does: "The default of flush.messages.")
        add(
            "log.flush.interval.ms", .long, nil, .atLeast(0), .high, reach: .clusterWide,
            from: [.init("log.flush.scheduler.interval.ms")], does: "The default of flush.ms.")
        add(
            "log.segment.delete.delay.ms", .long, "60000", .atLeast(0), .high, reach: .clusterWide,
            does: "The default of file.delete.delay.ms.")
        add("log.preallocate", .boolean, "false", reach: .clusterWide, does: "The default of preallocate.")
        add(
            "write.caching", .boolean, "false", .any, .high, reach: .clusterWide,
            does:
                "Ours, and the default of the topics' write.caching: whether acks=all may be answered before the sync."
        )
    }

    private mutating func addMessageDefaults() {
        add(
            "message.max.bytes", .int, "1048588", .atLeast(0), .high, reach: .clusterWide,
            does: "The default of max.message.bytes.")
        add(
            "log.message.timestamp.type", .string, "CreateTime", .oneOf(["CreateTime", "LogAppendTime"]),
            reach: .clusterWide, does: "The default of message.timestamp.type.")
        add(
            "log.message.timestamp.before.max.ms", .long, "9223372036854775807", .atLeast(0),
            reach: .clusterWide,
            does: "The default of message.timestamp.before.max.ms.")
        add(
            "log.message.timestamp.after.max.ms", .long, "3600000", .atLeast(0), reach: .clusterWide,
            does: "The default of message.timestamp.after.max.ms.")
        add(
            "compression.type", .string, "producer",
            .oneOf(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), .high, reach: .clusterWide,
            does: "How batches are stored; 'producer' leaves them as they came.")
        add(
            "compression.gzip.level", .int, "-1", .range(-1, 9), reach: .clusterWide,
            does: "How hard gzip tries: 1 to 9, or -1 for its own default.")
        add(
            "compression.lz4.level", .int, "9", .range(1, 17), reach: .clusterWide,
            does: "How hard lz4 tries.")
        add(
            "compression.zstd.level", .int, "3", .range(-131_072, 22), reach: .clusterWide,
            does: "How hard zstd tries.")
    }

    private mutating func addCleaner() {
        add(
            "log.cleaner.threads", .int, "1", .atLeast(0), reach: .clusterWide, .later,
            does: "Threads that compact.")
        add(
            "log.cleaner.dedupe.buffer.size", .long, "134217728", .any, reach: .clusterWide, .later,
            does: "Memory for the keys seen by all compaction threads.")
        add(
            "log.cleaner.io.buffer.size", .int, "524288", .atLeast(0), reach: .clusterWide, .later,
            does: "Memory for reading and writing of all compaction threads.")
        add(
            "log.cleaner.io.buffer.load.factor", .double, "0.9", .any, reach: .clusterWide, .later,
            does: "How full the table of keys may become.")
        add(
            "log.cleaner.io.max.bytes.per.second", .double, "1.7976931348623157E308", .any,
            reach: .clusterWide, .later,
            does: "How fast compaction may read and write.")
        add(
            "log.cleaner.backoff.ms", .long, "15000", .atLeast(0), reach: .clusterWide, .later,
            does: "The pause when there is nothing to compact.")
        add(
            "log.cleaner.min.cleanable.ratio", .double, "0.5", .doubleRange(0, 1), reach: .clusterWide,
            .later,
            does: "The default of min.cleanable.dirty.ratio.")
        add(
            "log.cleaner.delete.retention.ms", .long, "86400000", .atLeast(0), reach: .clusterWide, .later,
            does: "The default of delete.retention.ms.")
        add(
            "log.cleaner.min.compaction.lag.ms", .long, "0", .atLeast(0), reach: .clusterWide, .later,
            does: "The default of min.compaction.lag.ms.")
        add(
            "log.cleaner.max.compaction.lag.ms", .long, "9223372036854775807", .atLeast(1),
            reach: .clusterWide, .later,
            does: "The default of max.compaction.lag.ms.")
        add(
            "log.cleaner.enable", .boolean, "true", .any, .medium, .later,
            does: "Whether logs are compacted; always so here.")
    }

    private mutating func addLogTiers() {
        add(
            "remote.log.storage.system.enable", .boolean, "false", .any, .medium, .later,
            does: "Whether closed segments may go to remote storage.")
        add(
            "log.local.retention.ms", .long, "-2", .atLeast(-2), reach: .clusterWide, .later,
            does: "The default of local.retention.ms.")
        add(
            "log.local.retention.bytes", .long, "-2", .atLeast(-2), reach: .clusterWide, .later,
            does: "The default of local.retention.bytes.")
        add(
            "log.remote.copy.lag.ms", .long, "0", .atLeast(-1), reach: .clusterWide, .later,
            does: "The default of remote.copy.lag.ms.")
        add(
            "log.remote.copy.lag.bytes", .long, "-1", .atLeast(-1), reach: .clusterWide, .later,
            does: "The default of remote.copy.lag.bytes.")
    }
}
