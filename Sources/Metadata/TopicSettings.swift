package import HashTreeCollections

/// A topic's configuration as numbers and switches, for the code that runs by it.
///
/// Made once from the broker's side with `EffectiveConfigs.topicDefaults()`, then for each topic with its own values on
/// top: a topic costs no more than the values it has.
package struct TopicSettings: Sendable, Equatable {
    package var cleanupDelete = true
    package var cleanupCompact = false
    package var retentionMs: Int64 = 604_800_000
    package var retentionBytes: Int64 = -1
    package var fileDeleteDelayMs: Int64 = 60_000
    package var deleteRetentionMs: Int64 = 86_400_000
    package var segmentBytes: Int64 = 1 << 30
    package var segmentMs: Int64 = 604_800_000
    package var segmentJitterMs: Int64 = 0
    package var segmentIndexBytes: Int64 = 10 << 20
    package var indexIntervalBytes: Int64 = 4096
    package var preallocate = false
    package var flushMessages: Int64 = .max
    package var flushMs: Int64 = .max
    package var writeCaching = false
    package var maxMessageBytes: Int64 = 1_048_588
    /// `producer`, `uncompressed`, or a codec's name.
    package var compressionType = "producer"
    package var gzipLevel: Int64 = -1
    package var lz4Level: Int64 = 9
    package var zstdLevel: Int64 = 3
    package var isLogAppendTime = false
    package var timestampBeforeMaxMs: Int64 = .max
    package var timestampAfterMaxMs: Int64 = 3_600_000
    package var minCleanableDirtyRatio = 0.5
    package var minCompactionLagMs: Int64 = 0
    package var maxCompactionLagMs: Int64 = .max
    package var minInSyncReplicas: Int64 = 1
    package var allowsUncleanElection = false

    package init() {}

    /// These settings with a topic's own values on top.
    package func overridden(by values: TreeDictionary<String, String>) -> TopicSettings {
        if values.isEmpty { return self }
        var result = self
        for (name, value) in values { result.set(name, value) }
        return result
    }

    /// A name without a field here, or a value that was not checked, changes nothing.
    package mutating func set(_ name: String, _ value: String) {
        if let field = Self.numbers[name], let number = Int64(ConfigDefinition.trimmed(value)) {
            self[keyPath: field] = number
        }
        if let field = Self.switches[name] {
            self[keyPath: field] = ConfigDefinition.trimmed(value).lowercased() == "true"
        }
        switch name {
        case "cleanup.policy":
            let policies = ConfigDefinition.list(value)
            cleanupDelete = policies.contains("delete")
            cleanupCompact = policies.contains("compact")
        case "compression.type": compressionType = value
        case "message.timestamp.type": isLogAppendTime = value == "LogAppendTime"
        case "min.cleanable.dirty.ratio": minCleanableDirtyRatio = Double(ConfigDefinition.trimmed(value)) ?? minCleanableDirtyRatio
        default: break
        }
    }

    private typealias Number = any WritableKeyPath<TopicSettings, Int64> & Sendable
    private typealias Switch = any WritableKeyPath<TopicSettings, Bool> & Sendable

    private static let numbers: [String: Number] = [
        "retention.ms": \.retentionMs, "retention.bytes": \.retentionBytes,
        "file.delete.delay.ms": \.fileDeleteDelayMs, "delete.retention.ms": \.deleteRetentionMs,
        "segment.bytes": \.segmentBytes, "segment.ms": \.segmentMs, "segment.jitter.ms": \.segmentJitterMs,
        "segment.index.bytes": \.segmentIndexBytes, "index.interval.bytes": \.indexIntervalBytes,
        "flush.messages": \.flushMessages, "flush.ms": \.flushMs, "max.message.bytes": \.maxMessageBytes,
        "compression.gzip.level": \.gzipLevel, "compression.lz4.level": \.lz4Level,
        "compression.zstd.level": \.zstdLevel, "message.timestamp.before.max.ms": \.timestampBeforeMaxMs,
        "message.timestamp.after.max.ms": \.timestampAfterMaxMs,
        "min.compaction.lag.ms": \.minCompactionLagMs,
        "max.compaction.lag.ms": \.maxCompactionLagMs, "min.insync.replicas": \.minInSyncReplicas,
    ]

    private static let switches: [String: Switch] = [
        "preallocate": \.preallocate, "write.caching": \.writeCaching,
        "unclean.leader.election.enable": \.allowsUncleanElection,
    ]
}

extension EffectiveConfigs {
    /// What holds for a topic that says nothing itself.
    package func topicDefaults() -> TopicSettings {
        var settings = TopicSettings()
        for name in ConfigCatalogue.topic.names {
            let resolved = topic("", name)
            if let value = resolved.value { settings.set(name, value) }
        }
        return settings
    }

    package func topicSettings(_ topic: String) -> TopicSettings {
        topicDefaults().overridden(by: image.config(.topic(topic)))
    }
}
