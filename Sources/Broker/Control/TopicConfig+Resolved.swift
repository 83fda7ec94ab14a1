import CommitLog
import HashTreeCollections
import Metadata
import Records
import Vocabulary

/// Topic configurations in force, typed; resolved once for all topics that have none of their own.
struct TopicConfigs {
    private var configs: EffectiveConfigs
    private let defaults: TopicConfig

    init(_ configs: EffectiveConfigs) {
        self.configs = configs
        defaults = TopicConfig(resolving: "", configs)
    }

    /// The same with a later image, whose brokers have the same values.
    func with(_ configs: EffectiveConfigs) -> TopicConfigs {
        var copy = self
        copy.configs = configs
        return copy
    }

    /// Values of the broker's own, `log.retention.check.interval.ms` and the like.
    func integer(ofBroker name: String, else fallback: Int64) -> Int64 {
        guard ConfigCatalogue.broker[name] != nil, let value = configs.broker(name).value else { return fallback }
        return Int64(value) ?? fallback
    }

    subscript(topic: String) -> TopicConfig {
        configs.image.configs[.topic(topic)] == nil ? defaults : TopicConfig(resolving: topic, configs)
    }
}

extension TopicConfig {
    /// The name "" has no values of its own, as no topic can have that name.
    init(resolving topic: String, _ configs: EffectiveConfigs) {
        let values = Values(topic: topic, configs: configs)
        var log = LogConfig()
        log.segmentBytes = values.integer("segment.bytes", else: log.segmentBytes)
        log.segmentMs = values.integer("segment.ms", else: log.segmentMs)
        log.segmentJitterMs = values.integer("segment.jitter.ms", else: log.segmentJitterMs)
        log.segmentIndexBytes = values.integer("segment.index.bytes", else: log.segmentIndexBytes)
        log.indexIntervalBytes = Int(values.integer("index.interval.bytes", else: Int64(log.indexIntervalBytes)))
        log.retentionBytes = values.integer("retention.bytes", else: log.retentionBytes)
        log.retentionMs = values.integer("retention.ms", else: log.retentionMs)
        log.fileDeleteDelayMs = values.integer("file.delete.delay.ms", else: log.fileDeleteDelayMs)
        log.preallocate = values.boolean("preallocate", else: log.preallocate)
        log.flushMessages = values.integer("flush.messages", else: log.flushMessages)
        log.flushMs = values.integer("flush.ms", else: log.flushMs)
        let policy = ConfigDefinition.list(values.text("cleanup.policy") ?? "delete")
        log.cleanupDelete = policy.contains("delete")
        log.cleanupCompact = policy.contains("compact")
        log.maxMessageBytes = Int(values.integer("max.message.bytes", else: Int64(log.maxMessageBytes)))
        log.timestampType = values.text("message.timestamp.type").flatMap { TimestampType(name: $0) } ?? .createTime
        log.producerIDExpirationMs = values.brokerInteger(
            "producer.id.expiration.ms", else: log.producerIDExpirationMs)
        let produce = ProduceRules(
            maxMessageBytes: log.maxMessageBytes, compression: values.compression, timestampType: log.timestampType,
            beforeMaxMs: values.integer("message.timestamp.before.max.ms", else: .max),
            afterMaxMs: values.integer("message.timestamp.after.max.ms", else: 3_600_000),
            isCompacted: log.cleanupCompact)
        self.init(
            log: log, produce: produce, writeCaching: values.boolean("write.caching", else: false),
            minInSyncReplicas: Int(values.integer("min.insync.replicas", else: 1)))
    }

    /// One topic's values. They were checked when they were set; one that cannot be read has the default, not a crash.
    private struct Values {
        let topic: String
        let configs: EffectiveConfigs

        func text(_ name: String) -> String? {
            ConfigCatalogue.topic[name] == nil ? nil : configs.topic(topic, name).value
        }

        func integer(_ name: String, else fallback: Int64) -> Int64 { text(name).flatMap { Int64($0) } ?? fallback }

        func boolean(_ name: String, else fallback: Bool) -> Bool {
            text(name).map { $0.lowercased() == "true" } ?? fallback
        }

        func brokerInteger(_ name: String, else fallback: Int64) -> Int64 {
            guard ConfigCatalogue.broker[name] != nil else { return fallback }
            return configs.broker(name).value.flatMap { Int64($0) } ?? fallback
        }

        var compression: TopicCompression {
            guard let name = text("compression.type"), name != "producer", let codec = Codec(name: name) else {
                return .producer
            }
            let level = integer("compression.\(codec.name).level", else: Int64(codec.defaultLevel))
            return .codec(codec, level: Int32(clamping: level))
        }
    }
}
