import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct TopicChangesTests {
    private func delete(_ cluster: inout Cluster, _ topics: TopicReference...) throws -> [DeletedTopic] {
        guard case .topicsDeleted(let results) = try cluster.run(.deleteTopics(topics)) else { return [] }
        return results
    }

    private func grow(
        _ cluster: inout Cluster, _ request: NewPartitions, validateOnly: Bool = false
    ) throws -> MetadataError? {
        let reply = try cluster.run(.createPartitions([request], validateOnly: validateOnly))
        guard case .partitionsCreated(let results) = reply else { return nil }
        return results[0].error
    }

    @Test func `a topic goes by name or by id, with partitions and configuration`() throws {
        var cluster = try Cluster.of(1)
        let empty = cluster.image.partitions
        let made = try cluster.create(
            NewTopic(name: "a.x", partitionCount: 3, configs: [("retention.ms", "1")]), NewTopic(name: "b"))
        #expect(try delete(&cluster, .name("a.x"), .id(made[1].id)).allSatisfy { $0.error == nil })
        #expect(cluster.image.topics.isEmpty)
        #expect(cluster.image.topicIDs.isEmpty)
        #expect(cluster.image.collidingNames.isEmpty)
        #expect(cluster.image.configs.isEmpty)
        #expect(cluster.image.partitions == empty)
    }

    @Test func `a name can be used again, under a new id`() throws {
        var cluster = try Cluster.of(1)
        let first = try cluster.create(NewTopic(name: "a"))[0].id
        _ = try delete(&cluster, .name("a"))
        #expect(try cluster.create(NewTopic(name: "a"))[0].id != first)
    }

    @Test func `unknown topics are told apart by how they were named`() throws {
        var cluster = try Cluster.of(1)
        let id = UUID128(high: 1, low: 1)
        let results = try delete(&cluster, .name("a"), .id(id))
        #expect(results.map(\.error?.code) == [.unknownTopicOrPartition, .unknownTopicId])
        #expect(results.map(\.name) == ["a", nil])
    }

    @Test func `a topic named twice, by name and id, is not deleted`() throws {
        var cluster = try Cluster.of(1)
        let id = try cluster.create(NewTopic(name: "a"))[0].id
        #expect(try delete(&cluster, .name("a"), .id(id)).map(\.error?.code) == [.invalidRequest])
        #expect(cluster.image.topic(named: "a") != nil)
    }

    @Test func `deletion can be switched off`() throws {
        var cluster = try Cluster.of(1, properties: ["delete.topic.enable": "false"])
        try cluster.create(NewTopic(name: "a"))
        #expect(throws: MetadataError(.topicDeletionDisabled, "Topic deletion is disabled.")) {
            try cluster.run(.deleteTopics([.name("a")]))
        }
    }

    @Test func `partitions are added behind those that are there`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(NewTopic(name: "a", partitionCount: 2, replicationFactor: 2))
        let old = try (cluster.partition("a", 0), cluster.partition("a", 1))
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 6)) == nil)
        #expect(cluster.image.topic(named: "a")?.partitionCount == 6)
        #expect(try (cluster.partition("a", 0), cluster.partition("a", 1)) == old)
        var leaders: [BrokerID: Int] = [:]
        for index in 0..<Int32(6) { leaders[try cluster.partition("a", index).leader, default: 0] += 1 }
        #expect(leaders == [1: 2, 2: 2, 3: 2])
    }

    @Test func `the count must grow`() throws {
        var cluster = try Cluster.of(1)
        try cluster.create(NewTopic(name: "a", partitionCount: 2))
        #expect(
            try grow(&cluster, NewPartitions(topic: "a", count: 2))
                == .init(.invalidPartitions, "Topic already has 2 partition(s)."))
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 1))?.code == .invalidPartitions)
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: -1))?.code == .invalidPartitions)
        #expect(try grow(&cluster, NewPartitions(topic: "b", count: 3))?.code == .unknownTopicOrPartition)
    }

    @Test func `new partitions can be placed by hand`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1, 2])]))
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 2, assignments: [[3, 1]])) == nil)
        #expect(try cluster.partition("a", 1).replicas == [3, 1])
        for wrong in [[[3]], [[3, 3]], [[3, 9]], [[1, 2], [2, 1]], []] as [[[BrokerID]]] {
            let refusal = try grow(&cluster, NewPartitions(topic: "a", count: 3, assignments: wrong))
            #expect(refusal?.code == .invalidReplicaAssignment, "\(wrong)")
        }
    }

    @Test func `validating alone adds nothing`() throws {
        var cluster = try Cluster.of(1)
        try cluster.create(NewTopic(name: "a"))
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 3), validateOnly: true) == nil)
        #expect(cluster.image.topic(named: "a")?.partitionCount == 1)
    }

    @Test func `growing beyond the limit is refused as a whole`() throws {
        var cluster = try Cluster.of(1)
        try cluster.create(NewTopic(name: "a"))
        #expect(throws: MetadataError.self) {
            try cluster.run(
                .createPartitions([NewPartitions(topic: "a", count: 20_000)], validateOnly: false))
        }
    }
}
