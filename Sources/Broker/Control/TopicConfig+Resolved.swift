import CommitLog
import HashTreeCollections
import Metadata
import Records
import Vocabulary

/// Topic configurations in force, typed; the broker's side is resolved once for all topics.
struct TopicConfigs {
    private let configs: EffectiveConfigs
    private let defaults: TopicSettings
    private let producerIDExpirationMs: Int64
    /// What a topic has that says nothing itself; most do not.
    private let plain: TopicConfig

    init(_ configs: EffectiveConfigs) {
        self.configs = configs
        defaults = configs.topicDefaults()
        producerIDExpirationMs = Self.integer(configs, "producer.id.expiration.ms", else: 86_400_000)
        plain = TopicConfig(defaults, producerIDExpirationMs: producerIDExpirationMs)
    }

    /// Values of the broker's own, `log.retention.check.interval.ms` and the like.
    func integer(ofBroker name: String, else fallback: Int64) -> Int64 {
        Self.integer(configs, name, else: fallback)
    }

    /// - Parameter image: may be later than the one the defaults are from, as long as those have not changed.
    func config(of topic: String, in image: ClusterImage) -> TopicConfig {
        guard let own = image.configs[.topic(topic)] else { return plain }
        return TopicConfig(defaults.overridden(by: own), producerIDExpirationMs: producerIDExpirationMs)
    }

    private static func integer(_ configs: EffectiveConfigs, _ name: String, else fallback: Int64) -> Int64 {
        guard ConfigCatalogue.broker[name] != nil, let value = configs.broker(name).value else {
            return fallback
        }
        return Int64(ConfigDefinition.trimmed(value)) ?? fallback
    }
}

extension TopicConfig {
    init(_ settings: TopicSettings, producerIDExpirationMs: Int64) {
        var log = LogConfig()
        log.segmentBytes = settings.segmentBytes
        log.segmentMs = settings.segmentMs
        log.segmentJitterMs = settings.segmentJitterMs
        log.segmentIndexBytes = settings.segmentIndexBytes
        log.indexIntervalBytes = Int(settings.indexIntervalBytes)
        log.retentionBytes = settings.retentionBytes
        log.retentionMs = settings.retentionMs
        log.fileDeleteDelayMs = settings.fileDeleteDelayMs
        log.preallocate = settings.preallocate
        log.flushMessages = settings.flushMessages
        log.flushMs = settings.flushMs
        log.cleanupDelete = settings.cleanupDelete
        log.cleanupCompact = settings.cleanupCompact
        log.maxMessageBytes = Int(settings.maxMessageBytes)
        log.timestampType = settings.isLogAppendTime ? .logAppendTime : .createTime
        log.producerIDExpirationMs = producerIDExpirationMs
        let produce = ProduceRules(
            maxMessageBytes: log.maxMessageBytes, compression: settings.compression,
            timestampType: log.timestampType,
            beforeMaxMs: settings.timestampBeforeMaxMs, afterMaxMs: settings.timestampAfterMaxMs,
            isCompacted: log.cleanupCompact)
        self.init(
            log: log, produce: produce,
            writeCaching: settings.writeCaching || Canary.acknowledgesUnsyncedRecords.isChosen,
            minInSyncReplicas: Int(settings.minInSyncReplicas))
    }
}

extension TopicSettings {
    fileprivate var compression: TopicCompression {
        switch Codec(name: compressionType) {
        case nil: .producer
        case .gzip?: .codec(.gzip, level: Int32(clamping: gzipLevel))
        case .lz4?: .codec(.lz4, level: Int32(clamping: lz4Level))
        case .zstd?: .codec(.zstd, level: Int32(clamping: zstdLevel))
        case let codec?: .codec(codec, level: codec.defaultLevel)
        }
    }
}
