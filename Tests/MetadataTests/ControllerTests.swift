import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct ControllerTests {
    @Test func `a cluster is formatted once, before anything else`() throws {
        var cluster = Cluster()
        #expect(throws: MetadataError.self) { try cluster.start(1) }
        try cluster.run(.formatCluster(clusterID: "test", features: [("x", 2)]))
        #expect(cluster.image.clusterID == "test")
        #expect(cluster.image.features["x"] == 2)
        #expect(throws: MetadataError.self) { try cluster.run(.formatCluster(clusterID: "b", features: [])) }
    }

    @Test func `producer ids come in blocks that never overlap (KIP-730)`() throws {
        var cluster = try Cluster.of(2)
        #expect(
            try cluster.run(.allocateProducerIDs(1, epoch: cluster.epoch(1)))
                == .producerIDsAllocated(first: 0, count: 1000))
        #expect(
            try cluster.run(.allocateProducerIDs(2, epoch: cluster.epoch(2)))
                == .producerIDsAllocated(first: 1000, count: 1000))
    }

    @Test func `a command sees what was decided before it, readers see what is committed`() throws {
        var controller = try Cluster.of(1).controller
        let offset = controller.image.lastOffset
        let decision = try controller.decide(.createTopics([NewTopic(name: "a")], validateOnly: false), at: 0)
        controller.replay(decision.records, at: offset + 1)
        controller.replay([.featureSet(name: "x", level: 1)], at: offset + 2)
        #expect(controller.image.topic(named: "a") != nil)
        #expect(controller.committed.topic(named: "a") == nil)
        let again = try controller.decide(.createTopics([NewTopic(name: "a")], validateOnly: false), at: 0)
        guard case .topicsCreated(let results) = again.reply else { return }
        #expect(results[0].error?.code == .topicAlreadyExists)
        controller.committed(upTo: offset + 1)
        #expect(controller.committed.topic(named: "a")?.partitionCount == 1)
        #expect(controller.committed.features.isEmpty)
        controller.committed(upTo: offset + 2)
        #expect(controller.committed == controller.image)
    }

    @Test func `a part that is committed is the image of that part`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(NewTopic(name: "a", partitionCount: 3), NewTopic(name: "b"))
        try cluster.fence(2)
        let log = cluster.log
        var controller = Controller(seed: 1)
        for (index, records) in log.enumerated() { controller.replay(records, at: Offset(Int64(index))) }
        var expected = ClusterImage()
        for (index, records) in log.enumerated() {
            controller.committed(upTo: Offset(Int64(index)))
            expected.replay(records, at: Offset(Int64(index)))
            #expect(controller.committed == expected)
        }
        #expect(controller.committed == controller.image)
    }

    @Test func `the records of a transaction share one offset, and one record alone is a transaction`() {
        let records: [MetadataRecord] = [.clusterFormatted(clusterID: "a"), .featureSet(name: "x", level: 1)]
        var image = ClusterImage()
        image.replay(records, at: 4)
        #expect(image.clusterID == "a")
        #expect(image.features["x"] == 1)
        #expect(image.lastOffset == 4)
        var one = ClusterImage()
        var list = ClusterImage()
        one.replay(records[1], at: 4)
        list.replay([records[1]], at: 4)
        #expect(one == list)
    }

    @Test func `an id is drawn once, though its topic was created among others and is gone`() throws {
        let cluster = try Cluster.of(1)
        let offset = cluster.image.lastOffset
        var controller = cluster.controller
        let topics = ["a", "b", "c"].map { NewTopic(name: $0) }
        let first = try controller.decide(.createTopics(topics, validateOnly: false), at: 0)
        controller.replay(first.records, at: offset + 1)
        controller.replay(Self.ids(first).map { .topicDeleted($0) }, at: offset + 2)
        let second = try controller.decide(.createTopics(topics, validateOnly: false), at: 0)
        #expect(Set(Self.ids(first) + Self.ids(second)).count == 6)
    }

    private static func ids(_ decision: MetadataDecision) -> [TopicID] {
        decision.records.compactMap { if case .topicCreated(let id, _, _) = $0 { id } else { nil } }
    }

    @Test(arguments: 0...40)
    func `what was written in part is finished by the same command`(part: Int) throws {
        func interrupt(_ cluster: inout Cluster, _ command: MetadataCommand) throws {
            let decision = try cluster.controller.decide(command, at: 0)
            #expect(!decision.isAtomic)
            cluster.append(Array(decision.records.prefix(part)))
            try cluster.run(command)
        }
        var cluster = try Cluster.of(2)
        try cluster.create(
            NewTopic(name: "a", partitionCount: 20),
            NewTopic(name: "b", partitionCount: 20, replicationFactor: 2))
        try interrupt(&cluster, .registerBroker(Cluster.broker(1, nil, false, false, 1)))
        for name in ["a", "b"] {
            for partition in cluster.image.partitions(of: try #require(cluster.image.topic(named: name))) {
                #expect(partition.leader != .none)
                #expect(name == "a" || partition.isr == [2] || partition.leader == 1)
            }
        }
        try interrupt(&cluster, .fenceBroker(2, epoch: cluster.epoch(2)))
        #expect(!cluster.image.partitions.values.contains { $0.leader == 2 })
        try interrupt(&cluster, .unfenceBroker(2, epoch: cluster.epoch(2)))
        #expect(!cluster.image.partitions.values.contains { $0.leader == .none })
    }

    @Test func `who resigns goes back to what is committed, and takes what comes instead`() throws {
        var controller = try Cluster.of(1).controller
        let before = controller.image
        let offset = before.lastOffset
        let decision = try controller.decide(.createTopics([NewTopic(name: "a")], validateOnly: false), at: 0)
        controller.replay(decision.records, at: offset + 1)
        controller.resign()
        #expect(controller.image == before)
        controller.replay(.featureSet(name: "x", level: 1), at: offset + 1)
        controller.committed(upTo: offset + 1)
        #expect(controller.committed.features["x"] == 1)
        #expect(controller.committed.topics.isEmpty)
    }

    @Test func `records of other machines may lie in between`() {
        var controller = Controller(seed: 1)
        controller.replay(.clusterFormatted(clusterID: "a"), at: 7)
        controller.replay(.featureSet(name: "x", level: 1), at: 12)
        controller.committed(upTo: 10)
        #expect(controller.committed.lastOffset == 7)
        controller.committed(upTo: 20)
        #expect(controller.committed.lastOffset == 12)
    }

    @Test func `equal seeds decide equally`() throws {
        let command = MetadataCommand.createTopics(
            [NewTopic(name: "a", partitionCount: 20, replicationFactor: 3)], validateOnly: false)
        let one = try Cluster.of(5).controller.decide(command, at: 0)
        let two = try Cluster.of(5).controller.decide(command, at: 0)
        #expect(one == two)
    }

    @Test func `a large decision is refused as a whole when it must be one batch`() throws {
        var cluster = try Cluster.of(1)
        let topics = [NewTopic(name: "a", partitionCount: 10_000)]
        #expect(
            throws: MetadataError(.policyViolation, "Unable to perform excessively large batch operation.")
        ) {
            try cluster.run(.createTopics(topics, validateOnly: false))
        }
    }

    @Test func `an offset that goes back stops the broker`() async {
        await #expect(processExitsWith: .failure) {
            var image = ClusterImage()
            image.replay(.featureSet(name: "x", level: 1), at: 3)
            image.replay(.featureSet(name: "x", level: 2), at: 3)
        }
    }
}
