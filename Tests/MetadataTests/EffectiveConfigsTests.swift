import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct EffectiveConfigsTests {
    private func configs(_ cluster: Cluster) -> EffectiveConfigs { cluster.controller.configs }

    @Test func `the nearest place wins, and all of them are told`() throws {
        var cluster = try Cluster.of(1, properties: ["log.retention.ms": "4"])
        try cluster.create(NewTopic(name: "a"))
        func found() -> ResolvedConfig { configs(cluster).topic("a", "retention.ms") }
        #expect(found().value == "4")
        #expect(found().source == .staticBroker)
        #expect(try cluster.set(.brokerDefault, "log.retention.ms", "3") == nil)
        #expect(found().source == .dynamicDefaultBroker)
        #expect(try cluster.set(.broker(1), "log.retention.ms", "2") == nil)
        #expect(found().source == .dynamicBroker)
        #expect(try cluster.set(.topic("a"), "retention.ms", "1") == nil)
        #expect(found().value == "1")
        #expect(
            found().synonyms == [
                .init(name: "retention.ms", value: "1", source: .topic),
                .init(name: "log.retention.ms", value: "2", source: .dynamicBroker),
                .init(name: "log.retention.ms", value: "3", source: .dynamicDefaultBroker),
                .init(name: "log.retention.ms", value: "4", source: .staticBroker),
                .init(name: "log.retention.hours", value: "168", source: .default),
            ])
    }

    @Test(arguments: [
        (["log.retention.hours": "2"], "7200000"),
        (["log.retention.hours": "2", "log.retention.minutes": "3"], "180000"),
        (["log.retention.hours": "2", "log.retention.minutes": "3", "log.retention.ms": "4"], "4"),
        (["log.retention.hours": "-1"], "-1"),
        ([:], "604800000"),
    ])
    func `finer units win over coarser ones`(properties: [String: String], value: String) throws {
        let cluster = try Cluster.of(1, properties: properties)
        #expect(configs(cluster).topic("a", "retention.ms").value == value)
        #expect(configs(cluster).broker("log.retention.ms").value == value)
    }

    @Test func `every topic configuration has Kafka's default`() throws {
        let cluster = try Cluster.of(1)
        let values = configs(cluster).topic("a").map { "\($0.name)=\($0.value ?? "null")" }
        #expect(values == Self.kafkaDefaults)
        #expect(configs(cluster).topic("a").allSatisfy { $0.source == .default })
    }

    private static let kafkaDefaults = [
        "cleanup.policy=delete", "compression.gzip.level=-1", "compression.lz4.level=9",
        "compression.type=producer", "compression.zstd.level=3", "delete.retention.ms=86400000",
        "errors.deadletterqueue.group.enable=false", "file.delete.delay.ms=60000",
        "flush.messages=9223372036854775807", "flush.ms=9223372036854775807",
        "follower.replication.throttled.replicas=", "index.interval.bytes=4096",
        "leader.replication.throttled.replicas=", "local.retention.bytes=-2", "local.retention.ms=-2",
        "max.compaction.lag.ms=9223372036854775807", "max.message.bytes=1048588",
        "message.timestamp.after.max.ms=3600000", "message.timestamp.before.max.ms=9223372036854775807",
        "message.timestamp.type=CreateTime", "min.cleanable.dirty.ratio=0.5", "min.compaction.lag.ms=0",
        "min.insync.replicas=1", "preallocate=false", "remote.copy.lag.bytes=-1", "remote.copy.lag.ms=0",
        "remote.log.copy.disable=false", "remote.log.delete.on.disable=false", "remote.storage.enable=false",
        "retention.bytes=-1", "retention.ms=604800000", "segment.bytes=1073741824",
        "segment.index.bytes=10485760", "segment.jitter.ms=0", "segment.ms=604800000",
        "unclean.leader.election.enable=false", "write.caching=false",
    ]

    @Test func `settings are the values in force, typed`() throws {
        var cluster = try Cluster.of(
            1, properties: ["log.segment.bytes": "2097152", "write.caching": "true"])
        try cluster.create(
            NewTopic(
                name: "a",
                configs: [
                    ("cleanup.policy", "compact"), ("retention.ms", "-1"), ("write.caching", "false"),
                    ("message.timestamp.type", "LogAppendTime"), ("min.cleanable.dirty.ratio", "0.25"),
                ]))
        let settings = configs(cluster).topicSettings("a")
        #expect(settings.cleanupCompact)
        #expect(!settings.cleanupDelete)
        #expect(settings.retentionMs == -1)
        #expect(settings.segmentBytes == 2_097_152)
        #expect(!settings.writeCaching)
        #expect(settings.isLogAppendTime)
        #expect(settings.minCleanableDirtyRatio == 0.25)
        #expect(configs(cluster).topicDefaults().writeCaching)
    }

    @Test func `settings start from Kafka's defaults`() throws {
        #expect(configs(try Cluster.of(1)).topicDefaults() == TopicSettings())
    }

    @Test func `every setting that takes effect has a field`() throws {
        for name in ConfigCatalogue.topic.names {
            let definition = try #require(ConfigCatalogue.topic[name])
            guard definition.effect == .now else { continue }
            let other: String
            switch definition.type {
            case .boolean: other = "true"
            case .int, .long: other = "1234567"
            case .list: other = "compact"
            default: other = name == "message.timestamp.type" ? "LogAppendTime" : "zstd"
            }
            var settings = TopicSettings()
            settings.set(name, other)
            #expect(settings != TopicSettings(), "\(name)")
        }
    }
}
