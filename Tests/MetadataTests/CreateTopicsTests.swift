import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct CreateTopicsTests {
    @Test func `a topic has an id, partitions, replicas and its configuration`() throws {
        var cluster = try Cluster.of(3)
        let result = try cluster.create(
            NewTopic(name: "a", partitionCount: 4, replicationFactor: 2, configs: [("retention.ms", "5")]))[0]
        #expect(result.error == nil)
        #expect(result.partitionCount == 4)
        #expect(result.replicationFactor == 2)
        #expect(result.configs.first { $0.name == "retention.ms" }?.source == .topic)
        #expect(result.configs.count == ConfigCatalogue.topic.names.count)
        let topic = try #require(cluster.image.topic(named: "a"))
        #expect(topic.id == result.id)
        #expect(topic.created == cluster.now)
        #expect(topic.partitionCount == 4)
        #expect(cluster.config("a") == ["retention.ms": "5"])
        for partition in cluster.image.partitions(of: topic) {
            #expect(partition.replicas.count == 2)
            #expect(partition.isr == partition.replicas)
            #expect(partition.leader == partition.replicas[0])
            #expect(partition.leaderEpoch == 0)
            #expect(partition.directories == partition.replicas.map { Cluster.directory($0) })
        }
    }

    @Test func `defaults come from the broker's configuration`() throws {
        var cluster = try Cluster.of(
            3, properties: ["num.partitions": "5", "default.replication.factor": "3"])
        let result = try cluster.create(NewTopic(name: "a"))[0]
        #expect(result.partitionCount == 5)
        #expect(result.replicationFactor == 3)
    }

    @Test func `what exists or collides is refused`() throws {
        var cluster = try Cluster.of(1)
        try cluster.create(NewTopic(name: "a.b"))
        #expect(
            try cluster.refusal(NewTopic(name: "a.b"))
                == .init(.topicAlreadyExists, "Topic 'a.b' already exists."))
        #expect(
            try cluster.refusal(NewTopic(name: "a_b"))
                == .init(.invalidTopicException, "Topic 'a_b' collides with existing topic: a.b"))
        #expect(try cluster.refusal(NewTopic(name: "a b"))?.code == .invalidTopicException)
        #expect(try cluster.refusal(NewTopic(name: "__cluster_metadata"))?.code == .invalidRequest)
    }

    @Test func `names collide within one request too`() throws {
        var cluster = try Cluster.of(1)
        let results = try cluster.create(NewTopic(name: "x.y"), NewTopic(name: "x_y"))
        #expect(results.map(\.error?.code) == [nil, .invalidTopicException])
    }

    @Test func `a name that stands twice in a request is refused once and created never`() throws {
        var cluster = try Cluster.of(1)
        let results = try cluster.create(NewTopic(name: "a"), NewTopic(name: "b"), NewTopic(name: "a"))
        #expect(results.map(\.name) == ["a", "b"])
        #expect(results.map(\.error) == [.init(.invalidRequest, "Duplicate topic name."), nil])
        #expect(cluster.image.topic(named: "a") == nil)
    }

    @Test func `counts must be positive and replicas no more than brokers`() throws {
        var cluster = try Cluster.of(2)
        #expect(try cluster.refusal(NewTopic(name: "a", partitionCount: 0))?.code == .invalidPartitions)
        #expect(try cluster.refusal(NewTopic(name: "a", partitionCount: -2))?.code == .invalidPartitions)
        #expect(
            try cluster.refusal(NewTopic(name: "a", replicationFactor: 0))?.code == .invalidReplicationFactor)
        let refusal = try cluster.refusal(NewTopic(name: "a", partitionCount: 1, replicationFactor: 3))
        #expect(refusal?.code == .invalidReplicationFactor)
        #expect(
            refusal?.message
                == "Unable to replicate the partition 3 time(s): The target replication factor of 3 "
                + "cannot be reached because only 2 broker(s) are registered.")
    }

    @Test func `replicas can be placed by hand`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(NewTopic(name: "a", assignments: [(1, [3, 1]), (0, [2, 3])]))
        #expect(try cluster.partition("a", 0).replicas == [2, 3])
        #expect(try cluster.partition("a", 1).replicas == [3, 1])
    }

    @Test(
        arguments: [
            ([(Int32(0), [])], "an empty replica list"),
            ([(0, [9])], "broker 9, but no such broker is registered"),
            ([(0, [1, 1])], "the broker 1 more than once"),
            ([(0, [1, 2]), (1, [1])], "not consistent with previous partitions, which have 2 replica(s)"),
            ([(0, [1]), (2, [1])], "consecutive 0-based integer sequence"),
            ([(0, [1]), (0, [2])], "multiple manual partition assignments for partition 0"),
        ] as [([(Int32, [Int32])], String)])
    func `wrong placement by hand is refused`(assignments: [(Int32, [Int32])], reason: String) throws {
        var cluster = try Cluster.of(2)
        let places = assignments.map { (partition: $0.0, brokers: $0.1.map { BrokerID($0) }) }
        let refusal = try #require(try cluster.refusal(NewTopic(name: "a", assignments: places)))
        #expect(refusal.code == .invalidReplicaAssignment)
        #expect(refusal.message.contains(reason))
    }

    @Test func `placement by hand and by number exclude each other`() throws {
        var cluster = try Cluster.of(2)
        let both = NewTopic(name: "a", partitionCount: 1, assignments: [(0, [1])])
        #expect(try cluster.refusal(both)?.code == .invalidRequest)
        let factor = NewTopic(name: "a", replicationFactor: 1, assignments: [(0, [1])])
        #expect(try cluster.refusal(factor)?.code == .invalidRequest)
    }

    @Test(
        arguments: [
            ("nonsense", "1", "Unknown topic config name: nonsense"),
            (
                "retention.ms", "x",
                "Invalid value x for configuration retention.ms: Not a number of type LONG"
            ),
            (
                "segment.bytes", "1024",
                "Invalid value 1024 for configuration segment.bytes: Value must be at least 1048576"
            ),
            ("retention.ms", nil, "Null value not supported for topic configs: retention.ms"),
        ] as [(String, String?, String)])
    func `wrong configurations are refused`(name: String, value: String?, message: String) throws {
        var cluster = try Cluster.of(1)
        let refusal = try cluster.refusal(NewTopic(name: "a", configs: [(name, value)]))
        #expect(refusal == .init(.invalidConfig, message))
    }

    @Test func `validating alone changes nothing and gives no id`() throws {
        var cluster = try Cluster.of(1)
        let before = cluster.image
        let result = try cluster.create(NewTopic(name: "a", partitionCount: 2), validateOnly: true)[0]
        #expect(result.error == nil)
        #expect(result.partitionCount == 2)
        #expect(result.id == .zero)
        #expect(cluster.image == before)
    }

    @Test func `a request for too many partitions is refused as a whole`() throws {
        var cluster = try Cluster.of(1)
        #expect(
            throws: MetadataError(.policyViolation, "Excessively large number of partitions per request.")
        ) {
            try cluster.create(
                NewTopic(name: "a", partitionCount: 6000), NewTopic(name: "b", partitionCount: 6000))
        }
    }

    @Test func `Kafka's own topics are created with parameters of their own`() throws {
        var cluster = try Cluster.of(1, properties: ["offsets.topic.replication.factor": "1"])
        try cluster.run(.autoCreateTopics(["__consumer_offsets", "plain"]))
        #expect(cluster.image.topic(named: "__consumer_offsets")?.partitionCount == 50)
        #expect(cluster.image.topic(named: "__consumer_offsets")?.isInternal == true)
        #expect(cluster.config("__consumer_offsets")["cleanup.policy"] == "compact")
        #expect(cluster.image.topic(named: "plain")?.partitionCount == 1)
        #expect(cluster.config("plain") == [:])
    }

    @Test func `ids differ from topic to topic, also when decided before the first is replayed`() throws {
        var cluster = try Cluster.of(1)
        var ids: Set<TopicID> = []
        for number in 0..<50 {
            for result in try cluster.create(NewTopic(name: "a\(number)"), NewTopic(name: "b\(number)")) {
                #expect(ids.insert(result.id).inserted)
            }
        }
    }
}
