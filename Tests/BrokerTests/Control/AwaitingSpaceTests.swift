import HashTreeCollections
import Messages
import Ports
import SimulatedDisk
import Testing
import Vocabulary

@testable import Broker

/// What a full disk kept from coming up comes up by itself once there is room.
struct AwaitingSpaceTests {
    private func make(disks: Int = 1) throws -> BrokerHarness {
        try BrokerHarness(disks: (0..<disks).map { SimulatedDisk(name: "/disk\($0)") }) {
            $0.diskMinFreeBytes = 1000
            $0.diskThrottleFreeBytes = 1000
        }
    }

    /// The metadata log takes the decision, and there is no room for all of what it asks for.
    private func fill(_ harness: BrokerHarness) { harness.disks[0].limitSpace(to: 9000) }

    private func offline(_ topic: String, _ harness: BrokerHarness) -> [Int32] {
        let topic = harness.broker.topology.current().byName[topic]
        return topic?.partitions.filter { $0.offlineReason != nil }.map(\.id.partition) ?? []
    }

    @Test func `a topic that was made on a full disk takes records once there is room`() throws {
        let harness = try make()
        fill(harness)
        #expect(try harness.createTopic("orders", partitions: 100).errorCode == 0)
        let lost = offline("orders", harness)
        let last = try #require(lost.last)
        #expect(try harness.produce(1, to: "orders", partition: last).errorCode != 0)
        harness.advance(milliseconds: 5000)
        #expect(offline("orders", harness) == lost)
        #expect(harness.lines.count { $0.message.contains("could not be started") } == lost.count)
        harness.disks[0].limitSpace(to: nil)
        harness.advance(milliseconds: 1000)
        #expect(offline("orders", harness) == [])
        #expect(harness.control.awaitingSpace.isEmpty)
        #expect(try harness.produce(1, to: "orders", partition: last).errorCode == 0)
        try harness.restart()
        #expect(try harness.endOffset("orders", last) == 1)
    }

    @Test func `one that goes away before there is room stays away`() throws {
        let harness = try make()
        fill(harness)
        try harness.createTopic("orders", partitions: 100)
        #expect(!offline("orders", harness).isEmpty)
        harness.disks[0].limitSpace(to: 9000)
        #expect(try harness.deleteTopic("orders").errorCode == 0)
        harness.disks[0].limitSpace(to: nil)
        harness.advance(milliseconds: 1000)
        #expect(harness.control.awaitingSpace.isEmpty)
        #expect(try harness.createTopic("orders").errorCode == 0)
        #expect(try harness.produce(1, to: "orders").errorCode == 0)
    }

    @Test func `partitions added on a full disk come up with a setting that was changed meanwhile`() throws {
        let harness = try make()
        try harness.createTopic("orders")
        fill(harness)
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = "orders"
        topic.count = 101
        topic.assignments = nil
        var request = CreatePartitionsRequest()
        request.topics = [topic]
        request.timeoutMs = 1000
        let result = try harness.ask(request).results.first
        #expect(result?.errorCode == 0, "\(result?.errorMessage ?? "")")
        let last = try #require(offline("orders", harness).last)
        harness.disks[0].limitSpace(to: 9000)
        #expect(try harness.alter(2, "orders", [("max.message.bytes", 0, "10")]).errorCode == 0)
        #expect(offline("orders", harness).last == last)
        harness.disks[0].limitSpace(to: nil)
        harness.advance(milliseconds: 1000)
        for partition in [0, last] {
            let tooLarge = ErrorCode.messageTooLarge.rawValue
            #expect(try harness.produce(1, to: "orders", partition: partition).errorCode == tooLarge)
        }
    }

    @Test func `a log that needs room to be opened is opened later, with all its records`() throws {
        let harness = try make(disks: 2)
        try harness.createTopic("orders", partitions: 2)
        let topic = try #require(harness.broker.topology.current().byName["orders"])
        let partition = try #require(topic.partitions.first { $0.disk.disk.name == "/disk1" }).id.partition
        #expect(try harness.produce(3, to: "orders", partition: partition).errorCode == 0)
        harness.stop()
        try harness.disks[1].remove("orders-\(partition)/partition.metadata")
        harness.disks[1].limitSpace(to: 0)
        try harness.restart()
        #expect(try harness.produce(1, to: "orders", partition: partition).errorCode != 0)
        harness.disks[1].limitSpace(to: nil)
        harness.advance(milliseconds: 1000)
        #expect(try harness.endOffset("orders", partition) == 3)
        #expect(try harness.produce(1, to: "orders", partition: partition).errorCode == 0)
        #expect(try harness.deleteTopic("orders").errorCode == 0)
        #expect(harness.control.directories.map(\.partitionCount) == [0, 0])
    }

    @Test func `a broker that cannot write down its term waits for room, and comes up`() throws {
        let harness = try make()
        try harness.createTopic("orders")
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        harness.disks[0].limitSpace(to: 0)
        try harness.restart()
        harness.advance(milliseconds: 3000)
        #expect(harness.hasLine("There is no space for the quorum's state"))
        #expect(harness.quorum.failure == nil)
        #expect(harness.lines.count { $0.message.contains("the quorum's state") } < 5)
        harness.disks[0].limitSpace(to: nil)
        for _ in 0..<3 { harness.advance(milliseconds: 1000) }
        #expect(try harness.endOffset("orders") == 3)
        #expect(try harness.produce(1, to: "orders").errorCode == 0)
    }
}
