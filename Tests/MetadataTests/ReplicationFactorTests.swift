import HashTreeCollections
import Metadata
import Testing
import Vocabulary

/// Clusters as they are made in this version: of several brokers, each partition on one of them.
struct ReplicationFactorTests {
    private static let refusal = MetadataError(
        .invalidReplicationFactor,
        "Replication between brokers is not there yet in this version; use a replication factor of 1.")

    private func cluster(properties: [String: String] = [:]) throws -> Cluster {
        try Cluster.of(3, properties: properties, replicas: Controller.replicationFactorMax)
    }

    private func grow(_ cluster: inout Cluster, _ request: NewPartitions) throws -> MetadataError? {
        let reply = try cluster.run(.createPartitions([request], validateOnly: false))
        guard case .partitionsCreated(let results) = reply else { return nil }
        return results[0].error
    }

    /// How many partitions each broker leads.
    private func led(_ cluster: Cluster) -> [BrokerID: Int] {
        cluster.image.partitions.values.reduce(into: [:]) { $0[$1.leader, default: 0] += 1 }
    }

    @Test func `more than one replica is refused, by number and by hand, and when only validated`() throws {
        var cluster = try cluster()
        let requests = [
            NewTopic(name: "a", replicationFactor: 2), NewTopic(name: "a", replicationFactor: 3),
            NewTopic(name: "a", assignments: [(0, [1, 2])]),
        ]
        for request in requests {
            #expect(try cluster.refusal(request) == Self.refusal)
            #expect(try cluster.create(request, validateOnly: true)[0].error == Self.refusal)
        }
        #expect(cluster.image.topics.isEmpty)
        #expect(try cluster.refusal(NewTopic(name: "a", replicationFactor: 1)) == nil)
        #expect(try cluster.refusal(NewTopic(name: "b", assignments: [(0, [3]), (1, [1])])) == nil)
        #expect(try cluster.partition("b", 0).replicas == [3])
    }

    @Test func `a refused topic does not take others of its request along`() throws {
        var cluster = try cluster()
        let results = try cluster.create(
            NewTopic(name: "a"), NewTopic(name: "b", replicationFactor: 2), NewTopic(name: "c"))
        #expect(results.map(\.error) == [nil, Self.refusal, nil])
        #expect(cluster.image.topicsByName.map(\.name) == ["a", "c"])
    }

    @Test func `a default of more than one replica is refused too, where it is used`() throws {
        var cluster = try cluster(properties: ["default.replication.factor": "2"])
        #expect(try cluster.refusal(NewTopic(name: "a")) == Self.refusal)
        guard case .topicsCreated(let results) = try cluster.run(.autoCreateTopics(["a"])) else {
            Issue.record("no answer of its kind")
            return
        }
        #expect(results.map(\.error) == [Self.refusal])
        #expect(try cluster.refusal(NewTopic(name: "a", replicationFactor: 1)) == nil)
    }

    @Test func `who asks a lone broker for more is told that there are not as many`() throws {
        var cluster = try Cluster.of(1, replicas: Controller.replicationFactorMax)
        let refusal = try cluster.refusal(NewTopic(name: "a", replicationFactor: 3))
        #expect(refusal?.code == .invalidReplicationFactor)
        #expect(refusal?.message.contains("only 1 broker(s) are registered") == true)
    }

    @Test func `a topic of several replicas, made by another version, gets no more partitions`() throws {
        var cluster = try cluster()
        let id = UUID128(high: 1, low: 1)
        let key = TopicIDPartition(topic: id, partition: 0)
        let state = PartitionState(replicas: [1, 2], directories: [.zero, .zero], isr: [1, 2], leader: 1)
        cluster.append([.topicCreated(id, name: "a", at: 0), .partitionCreated(key, state)])
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 2)) == Self.refusal)
        let byHand = NewPartitions(topic: "a", count: 2, assignments: [[2, 3]])
        #expect(try grow(&cluster, byHand) == Self.refusal)
        #expect(cluster.image.topic(named: "a")?.partitionCount == 1)
    }

    @Test(arguments: [1, 2, 3, 7, 30, 100] as [Int32])
    func `partitions are spread over all active brokers, none has two more than another`(count: Int32) throws
    {
        var cluster = try cluster()
        try cluster.create(NewTopic(name: "a", partitionCount: count))
        let counts = (1...3).map { led(cluster)[BrokerID(Int32($0))] ?? 0 }
        #expect(counts.reduce(0, +) == Int(count))
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(counts)")
    }

    @Test func `partitions added later even out what is there, also what was placed by hand`() throws {
        var cluster = try cluster()
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1]), (1, [1]), (2, [2])]))
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 6)) == nil)
        #expect(led(cluster) == [1: 2, 2: 2, 3: 2])
    }

    @Test func `fenced brokers and those that shut down get none`() throws {
        var cluster = try Cluster.of(5, replicas: Controller.replicationFactorMax)
        try cluster.fence(2)
        try cluster.run(.startBrokerShutdown(4, epoch: cluster.epoch(4)))
        try cluster.create(NewTopic(name: "a", partitionCount: 30))
        #expect(led(cluster) == [1: 10, 3: 10, 5: 10])
        #expect(try grow(&cluster, NewPartitions(topic: "a", count: 60)) == nil)
        #expect(led(cluster) == [1: 20, 3: 20, 5: 20])
    }
}
