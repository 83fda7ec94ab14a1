import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct AlterConfigsTests {
    private func alter(
        _ cluster: inout Cluster, _ resource: ConfigResource,
        _ changes: (name: String, operation: ConfigAlteration.Operation, value: String?)...,
        validateOnly: Bool = false
    ) throws -> MetadataError? {
        try cluster.refusal(
            .incrementalAlterConfigs(
                [ConfigAlteration(resource: resource, changes: changes)], validateOnly: validateOnly))
    }

    private func cluster() throws -> Cluster {
        var cluster = try Cluster.of(2)
        try cluster.create(NewTopic(name: "a", configs: [("retention.ms", "5"), ("segment.ms", "7")]))
        return cluster
    }

    @Test func `the older command replaces all of a resource's values`() throws {
        var cluster = try cluster()
        let change = ConfigReplacement(
            resource: .topic("a"), values: [("retention.ms", "6"), ("flush.ms", "8")])
        #expect(try cluster.refusal(.alterConfigs([change], validateOnly: false)) == nil)
        #expect(cluster.config("a") == ["retention.ms": "6", "flush.ms": "8"])
    }

    @Test func `the older command takes no name twice`() throws {
        var cluster = try cluster()
        let change = ConfigReplacement(
            resource: .topic("a"), values: [("retention.ms", "6"), ("retention.ms", "8")])
        #expect(
            try cluster.refusal(.alterConfigs([change], validateOnly: false))
                == .init(.invalidRequest, "Error due to duplicate config keys"))
    }

    @Test func `the younger command sets and deletes what it names`() throws {
        var cluster = try cluster()
        #expect(
            try alter(&cluster, .topic("a"), ("flush.ms", .set, "8"), ("segment.ms", .delete, nil)) == nil)
        #expect(cluster.config("a") == ["retention.ms": "5", "flush.ms": "8"])
    }

    @Test func `lists are appended to and subtracted from, starting from what is in force`() throws {
        var cluster = try cluster()
        #expect(try alter(&cluster, .topic("a"), ("cleanup.policy", .append, "compact,delete")) == nil)
        #expect(cluster.config("a")["cleanup.policy"] == "delete,compact")
        #expect(try alter(&cluster, .topic("a"), ("cleanup.policy", .subtract, "delete")) == nil)
        #expect(cluster.config("a")["cleanup.policy"] == "compact")
        #expect(
            try alter(&cluster, .topic("a"), ("retention.ms", .append, "1"))
                == .init(.invalidConfig, "Can't APPEND to key retention.ms because its type is not LIST."))
    }

    @Test func `a value already there makes no record`() throws {
        let cluster = try cluster()
        let change = ConfigAlteration(resource: .topic("a"), changes: [("retention.ms", .set, "5")])
        #expect(
            try cluster.controller.decide(.incrementalAlterConfigs([change], validateOnly: false), at: 0)
                .records == [])
    }

    @Test func `validating alone changes nothing, and still refuses`() throws {
        var cluster = try cluster()
        #expect(try alter(&cluster, .topic("a"), ("flush.ms", .set, "8"), validateOnly: true) == nil)
        #expect(
            try alter(&cluster, .topic("a"), ("flush.ms", .set, "-8"), validateOnly: true)?.code
                == .invalidConfig)
        #expect(cluster.config("a")["flush.ms"] == nil)
    }

    @Test func `one wrong value keeps out all of the resource`() throws {
        var cluster = try cluster()
        let refusal = try alter(&cluster, .topic("a"), ("flush.ms", .set, "8"), ("segment.ms", .set, "x"))
        #expect(refusal?.code == .invalidConfig)
        #expect(cluster.config("a")["flush.ms"] == nil)
    }

    @Test func `the wrong resources are refused`() throws {
        var cluster = try cluster()
        #expect(try cluster.set(.topic("b"), "flush.ms", "1")?.code == .unknownTopicOrPartition)
        #expect(try cluster.set(.topic(""), "flush.ms", "1")?.code == .invalidTopicException)
        #expect(try cluster.set(.broker(9), "log.retention.ms", "1")?.code == .brokerIdNotRegistered)
        #expect(
            try cluster.set(ConfigResource(.broker, "x"), "log.retention.ms", "1")?.code == .invalidRequest)
        #expect(try cluster.set(ConfigResource(.brokerLogger, "1"), "root", "DEBUG")?.code == .invalidRequest)
        #expect(try cluster.set(ConfigResource(.group, "g"), "x", "1")?.code == .invalidRequest)
    }

    @Test func `null values, repeated names and repeated resources are refused`() throws {
        var cluster = try cluster()
        #expect(try cluster.set(.topic("a"), "flush.ms", nil)?.code == .invalidRequest)
        #expect(
            try alter(&cluster, .topic("a"), ("flush.ms", .set, "1"), ("flush.ms", .delete, nil))
                == .init(.invalidRequest, "Error due to duplicate config keys"))
        let change = ConfigAlteration(resource: .topic("a"), changes: [("flush.ms", .set, "1")])
        guard
            case .configsAltered(let results) = try cluster.run(
                .incrementalAlterConfigs([change, change], validateOnly: false))
        else { return }
        #expect(results.map(\.error?.code) == [.invalidRequest])
    }

    @Test func `brokers take what can change while they run`() throws {
        var cluster = try cluster()
        #expect(try cluster.set(.broker(1), "log.retention.ms", "100") == nil)
        #expect(try cluster.set(.brokerDefault, "log.retention.ms", "200") == nil)
        #expect(try cluster.set(.broker(1), "cordoned.log.dirs", "/a") == nil)
        #expect(
            try cluster.set(.broker(1), "num.partitions", "3")
                == .init(.invalidRequest, "Cannot update these configs dynamically: Set(num.partitions)"))
        #expect(
            try cluster.set(.brokerDefault, "cordoned.log.dirs", "/a")?.code == .invalidRequest)
        #expect(try cluster.set(.broker(1), "nonsense", "3")?.code == .invalidConfig)
        #expect(try cluster.set(.broker(1), "log.retention.ms", "x")?.code == .invalidConfig)
    }

    @Test func `lags of compaction must not cross`() throws {
        var cluster = try cluster()
        #expect(try cluster.set(.topic("a"), "max.compaction.lag.ms", "10") == nil)
        #expect(try cluster.set(.topic("a"), "min.compaction.lag.ms", "11")?.code == .invalidConfig)
    }
}
