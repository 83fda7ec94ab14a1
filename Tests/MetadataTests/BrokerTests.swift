import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct BrokerTests {
    @Test func `each registration has a new epoch, and what an older one asks is stale`() throws {
        var cluster = try Cluster.of(1)
        let first = cluster.epoch(1)
        let second = try cluster.start(1, run: 1)
        #expect(second > first)
        #expect(
            throws: MetadataError(
                .staleBrokerEpoch, "Expected broker epoch \(second), but got broker epoch \(first)")
        ) {
            try cluster.run(.allocateProducerIDs(1, epoch: first))
        }
        #expect(throws: MetadataError.self) { try cluster.run(.allocateProducerIDs(7, epoch: 1)) }
    }

    @Test func `the same process may register again and keeps its epoch`() throws {
        var cluster = try Cluster.of(1)
        let length = cluster.log.count
        #expect(try cluster.start(1) == cluster.epoch(1))
        #expect(cluster.log.count == length)
    }

    @Test func `the same process that registers again while it shuts down goes on to shut down`() throws {
        var cluster = try Cluster.of(2)
        try cluster.run(.startBrokerShutdown(1, epoch: cluster.epoch(1)))
        try cluster.start(1)
        #expect(cluster.image.broker(1)?.isShuttingDown == true)
        try cluster.start(1, run: 1)
        #expect(cluster.image.broker(1)?.isShuttingDown == false)
    }

    @Test func `registrations that cannot be are refused`() throws {
        var cluster = try Cluster.of(2)
        var other = Cluster.broker(3)
        other.clusterID = "other"
        #expect(
            throws: MetadataError(
                .inconsistentClusterId, "Expected cluster ID test, but got cluster ID other.")
        ) {
            try cluster.run(.registerBroker(other))
        }
        var stolen = Cluster.broker(3)
        stolen.directories = [Cluster.directory(2)]
        #expect(throws: MetadataError.self) { try cluster.run(.registerBroker(stolen)) }
        var mute = Cluster.broker(3)
        mute.endpoints = []
        #expect(throws: MetadataError.self) { try cluster.run(.registerBroker(mute)) }
    }

    @Test func `a clean restart of the only broker changes no partition`() throws {
        var cluster = try Cluster.of(1)
        try cluster.create(NewTopic(name: "a", partitionCount: 3))
        let partitions = cluster.image.partitions
        try cluster.start(1, run: 1)
        #expect(cluster.image.partitions == partitions)
    }

    @Test func `after an unclean restart the only replica leads again, in a new epoch`() throws {
        var cluster = try Cluster.of(1)
        try cluster.create(NewTopic(name: "a"))
        try cluster.start(1, cleanly: false, run: 1)
        let partition = try cluster.partition("a")
        #expect(partition.leader == 1)
        #expect(partition.isr == [1])
        #expect(partition.leaderEpoch == 1)
        #expect(partition.recovery == .recovered)
    }

    @Test func `when a leader is fenced the next in sync leads`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1, 2, 3])]))
        try cluster.fence(1)
        let partition = try cluster.partition("a")
        #expect(partition.leader == 2)
        #expect(partition.isr == [2, 3])
        #expect(partition.eligibleLeaders == [])
        #expect(partition.leaderEpoch == 1)
        #expect(partition.partitionEpoch == 1)
    }

    @Test func `who leaves an ISR that is too small stays eligible to lead (KIP-966)`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(
            NewTopic(name: "a", assignments: [(0, [1, 2, 3])], configs: [("min.insync.replicas", "2")]))
        try cluster.fence(1)
        try cluster.fence(2)
        #expect(try cluster.partition("a").isr == [3])
        #expect(try cluster.partition("a").eligibleLeaders == [2])
        try cluster.fence(3)
        var partition = try cluster.partition("a")
        #expect(partition.leader == .none)
        #expect(partition.lastKnownLeader == 3)
        #expect(partition.isr == [])
        #expect(partition.eligibleLeaders == [2, 3])
        try cluster.unfence(1)
        #expect(try cluster.partition("a").leader == .none, "1 may lack what was committed without it")
        try cluster.unfence(2)
        partition = try cluster.partition("a")
        #expect(partition.leader == 2)
        #expect(partition.isr == [2])
        #expect(partition.eligibleLeaders == [3])
        #expect(partition.recovery == .recovered)
    }

    @Test func `the last leader leads again when all others are behind, even after an unclean restart`()
        throws
    {
        var cluster = try Cluster.of(2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1, 2])]))
        try cluster.fence(1)
        try cluster.fence(2)
        try cluster.start(2, fenced: true, cleanly: false, run: 1)
        #expect(try cluster.partition("a").eligibleLeaders == [])
        try cluster.unfence(1)
        #expect(try cluster.partition("a").leader == .none)
        try cluster.unfence(2)
        #expect(try cluster.partition("a").leader == 2)
        #expect(try cluster.partition("a").recovery == .recovering)
    }

    @Test func `an unclean restart costs a follower its place in the ISR`() throws {
        var cluster = try Cluster.of(2)
        try cluster.create(
            NewTopic(name: "a", assignments: [(0, [1, 2])], configs: [("min.insync.replicas", "2")]))
        try cluster.start(2, cleanly: false, run: 1)
        #expect(try cluster.partition("a").isr == [1])
        #expect(try cluster.partition("a").eligibleLeaders == [])
    }

    @Test func `an unclean election happens where the topic allows it, also when it allows it late`() throws {
        var cluster = try Cluster.of(2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1, 2])]))
        try cluster.fence(2)
        try cluster.fence(1)
        try cluster.unfence(2)
        #expect(try cluster.partition("a").leader == .none)
        #expect(try cluster.set(.topic("a"), "unclean.leader.election.enable", "true") == nil)
        let partition = try cluster.partition("a")
        #expect(partition.leader == 2)
        #expect(partition.isr == [2])
        #expect(partition.eligibleLeaders == [])
        #expect(partition.recovery == .recovering)
    }

    @Test func `leaders are eligible no longer once fewer replicas are enough`() throws {
        var cluster = try Cluster.of(3)
        try cluster.create(
            NewTopic(name: "a", assignments: [(0, [1, 2, 3])], configs: [("min.insync.replicas", "3")]))
        try cluster.fence(3)
        #expect(try cluster.partition("a").eligibleLeaders == [3])
        #expect(try cluster.set(.topic("a"), "min.insync.replicas", "2") == nil)
        #expect(try cluster.partition("a").eligibleLeaders == [])
    }

    @Test func `a broker that shuts down hands over what others can lead, and keeps the rest`() throws {
        var cluster = try Cluster.of(2)
        try cluster.create(
            NewTopic(name: "a", assignments: [(0, [1, 2])]), NewTopic(name: "b", assignments: [(0, [1])]))
        try cluster.run(.startBrokerShutdown(1, epoch: cluster.epoch(1)))
        #expect(try cluster.partition("a").leader == 2)
        #expect(try cluster.partition("b").leader == 1)
        try cluster.fence(1)
        #expect(try cluster.partition("b").leader == .none)
        try cluster.start(1, run: 1)
        #expect(try cluster.partition("b").leader == 1)
        #expect(try cluster.partition("b").isr == [1])
    }

    @Test func `a failed directory takes its leaders, and no others`() throws {
        var cluster = try Cluster.of(2)
        try cluster.start(1, run: 1, directories: 2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [1, 2]), (1, [1, 2])]))
        #expect(try cluster.partition("a").directories[0] == ReplicaDirectory.unassigned)
        try cluster.run(
            .setDirectories(
                1, epoch: cluster.epoch(1),
                [
                    .init(partition: cluster.key("a", 0), directory: Cluster.directory(1, 0)),
                    .init(partition: cluster.key("a", 1), directory: Cluster.directory(1, 1)),
                ]))
        #expect(try cluster.partition("a", 1).directories[0] == Cluster.directory(1, 1))
        try cluster.run(.failDirectories(1, epoch: cluster.epoch(1), directories: [Cluster.directory(1, 1)]))
        #expect(try cluster.partition("a", 0).leader == 1)
        #expect(try cluster.partition("a", 1).leader == 2)
        #expect(try cluster.partition("a", 1).isr == [2])
    }

    @Test func `an unregistered broker is gone, and its epoch never comes again`() throws {
        var cluster = try Cluster.of(2)
        let epoch = cluster.epoch(2)
        try cluster.create(NewTopic(name: "a", assignments: [(0, [2, 1])]))
        try cluster.run(.unregisterBroker(2))
        #expect(cluster.image.broker(2) == nil)
        #expect(try cluster.partition("a").leader == 1)
        #expect(throws: MetadataError.self) { try cluster.run(.unregisterBroker(2)) }
        #expect(try cluster.start(2, run: 1) > epoch)
    }

    @Test func `a broker that cannot work at the cluster's levels may not join`() throws {
        var cluster = Cluster()
        try cluster.run(.formatCluster(clusterID: "test", features: [("x", 3)]))
        #expect(throws: MetadataError.self) { try cluster.start(1) }
        var able = Cluster.broker(1)
        able.features = [FeatureRange(name: "x", min: 1, max: 4)]
        try cluster.run(.registerBroker(able))
        try cluster.run(.setFeature(name: "x", level: 4))
        #expect(cluster.image.features["x"] == 4)
        #expect(throws: MetadataError.self) { try cluster.run(.setFeature(name: "x", level: 5)) }
        #expect(throws: MetadataError.self) { try cluster.run(.setFeature(name: "y", level: 1)) }
    }
}
