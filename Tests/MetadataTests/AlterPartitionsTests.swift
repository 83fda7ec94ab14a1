import HashTreeCollections
import Metadata
import Testing
import Vocabulary

/// KIP-497, with broker epochs (KIP-903).
struct AlterPartitionsTests {
    private func propose(
        _ cluster: inout Cluster, by id: BrokerID = 1, _ isr: [(broker: BrokerID, epoch: Int64)],
        leaderEpoch: LeaderEpoch? = nil, partitionEpoch: Int32? = nil, recovery: LeaderRecovery = .recovered
    ) throws -> PartitionResult {
        let state = try cluster.partition("a")
        let proposal = PartitionProposal(
            partition: try cluster.key("a"), leaderEpoch: leaderEpoch ?? state.leaderEpoch,
            partitionEpoch: partitionEpoch ?? state.partitionEpoch, isr: isr, recovery: recovery)
        guard
            case .partitionsAltered(let results) = try cluster.run(
                .alterPartitions(id, epoch: cluster.epoch(id), [proposal]))
        else { return PartitionResult(partition: proposal.partition, error: .unknownServerError) }
        return results[0]
    }

    private func cluster() throws -> Cluster {
        var cluster = try Cluster.of(3)
        try cluster.create(
            NewTopic(name: "a", assignments: [(0, [1, 2, 3])], configs: [("min.insync.replicas", "2")]))
        return cluster
    }

    @Test func `an ISR shrinks and grows; the leader stays, its epoch too`() throws {
        var cluster = try cluster()
        let shrunk = try propose(&cluster, [(1, -1)])
        #expect(shrunk.error == .none)
        #expect(shrunk.state?.isr == [1])
        #expect(shrunk.state?.eligibleLeaders == [2, 3])
        #expect(shrunk.state?.partitionEpoch == 1)
        #expect(shrunk.state?.leaderEpoch == 0)
        let grown = try propose(&cluster, [(2, cluster.epoch(2)), (1, -1)])
        #expect(grown.state?.isr == [1, 2])
        #expect(grown.state?.eligibleLeaders == [])
        #expect(grown.state?.partitionEpoch == 2)
    }

    @Test func `an ISR that is as it was is granted and makes no record`() throws {
        var cluster = try cluster()
        let length = cluster.log.count
        #expect(try propose(&cluster, [(1, -1), (2, -1), (3, -1)]).error == .none)
        #expect(cluster.log.count == length)
    }

    @Test func `old and foreign knowledge is refused`() throws {
        var cluster = try cluster()
        _ = try propose(&cluster, [(1, -1), (2, -1)])
        #expect(try propose(&cluster, [(1, -1)], partitionEpoch: 0).error == .invalidUpdateVersion)
        #expect(try propose(&cluster, [(1, -1)], partitionEpoch: 9).error == .notController)
        #expect(try propose(&cluster, [(1, -1)], leaderEpoch: 5).error == .notController)
        #expect(try propose(&cluster, by: 2, [(2, -1)]).error == .invalidRequest)
        try cluster.fence(1)
        #expect(try propose(&cluster, by: 2, [(2, -1)], leaderEpoch: 0).error == .fencedLeaderEpoch)
        #expect(try cluster.partition("a").leader == 2)
    }

    @Test func `an ISR without its leader, outside the replicas, or with one twice is refused`() throws {
        var cluster = try cluster()
        try cluster.start(4)
        #expect(try propose(&cluster, [(2, -1)]).error == .invalidRequest)
        #expect(try propose(&cluster, [(1, -1), (4, -1)]).error == .invalidRequest)
        #expect(try propose(&cluster, [(1, -1), (1, -1)]).error == .invalidRequest)
        #expect(try propose(&cluster, []).error == .invalidRequest)
    }

    @Test func `a broker that is fenced or was started anew since is not eligible`() throws {
        var cluster = try cluster()
        let old = cluster.epoch(2)
        try cluster.fence(3)
        try cluster.start(2, cleanly: false, run: 1)
        #expect(try propose(&cluster, [(1, -1), (3, -1)]).error == .ineligibleReplica)
        #expect(try propose(&cluster, [(1, -1), (2, old)]).error == .ineligibleReplica)
        #expect(try propose(&cluster, [(1, -1), (2, cluster.epoch(2))]).error == .none)
    }

    @Test func `a leader elected uncleanly says when it has recovered`() throws {
        var cluster = try Cluster.of(2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1, 2])]))
        #expect(try propose(&cluster, [(1, -1)], recovery: .recovering).error == .invalidRequest)
        try cluster.fence(1)
        try cluster.fence(2)
        try cluster.start(2, cleanly: false, run: 1)
        #expect(try cluster.partition("a").recovery == .recovering)
        try cluster.unfence(1)
        #expect(
            try propose(&cluster, by: 2, [(2, -1), (1, -1)], recovery: .recovering).error == .invalidRequest)
        #expect(try propose(&cluster, by: 2, [(2, -1)]).state?.recovery == .recovered)
    }

    @Test func `partitions that do not exist are refused`() throws {
        var cluster = try cluster()
        let id = try cluster.key("a").topic
        let proposals = [
            TopicIDPartition(topic: id, partition: 1), TopicIDPartition(topic: .zero, partition: 0),
        ].map {
            PartitionProposal(partition: $0, leaderEpoch: 0, partitionEpoch: 0, isr: [(1, -1)])
        }
        let reply = try cluster.run(.alterPartitions(1, epoch: cluster.epoch(1), proposals))
        guard case .partitionsAltered(let results) = reply else { return }
        #expect(results.map(\.error) == [.unknownTopicOrPartition, .unknownTopicId])
    }

    @Test func `directories of replicas that are not there are refused`() throws {
        var cluster = try Cluster.of(2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1])]))
        let topic = try cluster.key("a").topic
        let keys = [(topic, Int32(0)), (topic, 1), (.zero, 0)].map {
            TopicIDPartition(topic: $0.0, partition: $0.1)
        }
        let reply = try cluster.run(
            .setDirectories(
                2, epoch: cluster.epoch(2),
                keys.map { DirectoryAssignment(partition: $0, directory: Cluster.directory(2)) }))
        guard case .directoriesSet(let results) = reply else { return }
        #expect(results.map(\.error) == [.notLeaderOrFollower, .unknownTopicOrPartition, .unknownTopicId])
    }
}
