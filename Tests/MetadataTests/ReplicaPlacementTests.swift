import HashTreeCollections
import Metadata
import Testing
import Vocabulary

struct ReplicaPlacementTests {
    private func place(_ cluster: Cluster, partitions: Int32, replicas: Int16) throws -> [[BrokerID]] {
        var cluster = cluster
        try cluster.create(NewTopic(name: "t", partitionCount: partitions, replicationFactor: replicas))
        let topic = try #require(cluster.image.topic(named: "t"))
        return cluster.image.partitions(of: topic).map(\.replicas)
    }

    @Test(arguments: [(3, 3), (4, 3), (5, 2), (6, 1)] as [(Int, Int16)])
    func `leaders and replicas are spread evenly`(brokers: Int, factor: Int16) throws {
        let placed = try place(try Cluster.of(brokers), partitions: Int32(brokers) * 10, replicas: factor)
        for id in 1...Int32(brokers) {
            #expect(placed.filter { $0[0] == BrokerID(id) }.count == 10)
            let replicas = placed.filter { $0.contains(BrokerID(id)) }.count
            #expect(abs(replicas - 10 * Int(factor)) <= 2)
        }
        #expect(placed.allSatisfy { Set($0).count == Int(factor) })
    }

    @Test func `the followers of one leader's partitions are spread too`() throws {
        let placed = try place(try Cluster.of(5), partitions: 100, replicas: 2)
        for id in 1...Int32(5) {
            let followers = Set(placed.filter { $0[0] == BrokerID(id) }.map { $0[1] })
            #expect(followers.count == 4)
        }
    }

    @Test func `replicas lie on as many racks as there are`() throws {
        let racks = ["a", "a", "b", "b", "c", "c"]
        let placed = try place(try Cluster.of(6, racks: racks), partitions: 60, replicas: 3)
        for replicas in placed {
            #expect(Set(replicas.map { racks[Int($0.value) - 1] }).count == 3)
        }
        let two = ["a", "a", "a", "b"]
        for replicas in try place(try Cluster.of(4, racks: two), partitions: 40, replicas: 3) {
            #expect(Set(replicas.map { two[Int($0.value) - 1] }).count == 2)
        }
    }

    @Test func `fenced brokers get a replica only when others do not suffice, and are not in sync`() throws {
        var cluster = try Cluster.of(3)
        try cluster.fence(2)
        #expect(try place(cluster, partitions: 10, replicas: 2).allSatisfy { !$0.contains(2) })
        try cluster.create(NewTopic(name: "all", partitionCount: 10, replicationFactor: 3))
        for index in 0..<Int32(10) {
            let partition = try cluster.partition("all", index)
            #expect(partition.replicas.last == 2)
            #expect(!partition.isr.contains(2))
        }
        try cluster.fence(1)
        try cluster.fence(3)
        #expect(try cluster.refusal(NewTopic(name: "none"))?.code == .invalidReplicationFactor)
    }
}
