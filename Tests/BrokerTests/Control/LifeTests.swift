import HashTreeCollections
import CommitLog
import Messages
import Metadata
import Ports
import SimulatedDisk
import Testing
import Vocabulary

@testable import Broker

@Suite struct ControlLoopLifeTests {
    @Test func `a broker starts on an empty disk and names its cluster`() throws {
        let harness = try BrokerHarness()
        let response = try harness.ask(DescribeClusterRequest())
        #expect(UUID128(response.clusterId) != nil)
        #expect(response.brokers.map(\.brokerId) == [1])
        #expect(response.brokers.first?.host == "broker.example")
        #expect(response.brokers.first?.port == 9092)
    }

    @Test(arguments: [true, false]) func `topics, records and the cluster's id outlive a restart`(clean: Bool)
        throws
    {
        let harness = try BrokerHarness()
        let created = try harness.createTopic("orders", partitions: 3)
        #expect(created.errorCode == 0)
        #expect(try harness.produce(5, to: "orders", partition: 2).baseOffset == 0)
        let clusterID = harness.broker.clusterID
        if clean { harness.stop() }
        try harness.restart()
        #expect(harness.broker.clusterID == clusterID)
        let topic = try #require(try harness.metadata(["orders"]).topics.first)
        #expect(topic.errorCode == 0)
        #expect(topic.topicId == created.topicId)
        #expect(topic.partitions.count == 3)
        #expect(try harness.endOffset("orders", 2) == 5)
        #expect(try harness.produce(1, to: "orders", partition: 2).baseOffset == 5)
        let line = try #require(harness.lines.first { $0.message == "Opened the logs." })
        #expect(line.fields.contains { $0.key == "clean" && $0.value == String(clean) })
    }

    @Test func `after a kill the high watermark is back before the first client looks`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 2)
        #expect(try harness.produce(5, to: "orders", partition: 1).errorCode == 0)
        harness.holdsPartitionSyncs = true
        try harness.restart()
        let partition = try #require(harness.broker.topology.current().byName["orders"]?.partition(1))
        #expect(try partition.withLog { _, highWatermark in highWatermark } == 5)
    }

    @Test func `after a kill a hundred logs are committed again by one sync`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 100)
        for index in 0..<100 { #expect(try harness.produce(2, to: "orders", partition: Int32(index)).errorCode == 0) }
        harness.disks[0].resetCounts()
        harness.holdsPartitionSyncs = true
        try harness.restart()
        #expect(harness.disks[0].count(.sync) < 20)
        let topic = try #require(harness.broker.topology.current().topic(named: "orders"))
        for partition in topic.partitions { #expect(partition.highWatermark == 2) }
    }

    @Test func `a log that ends before what had been committed says so`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders")
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        harness.advance(milliseconds: 10_000)  // The high watermark is checkpointed.
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        try harness.restart()
        #expect(!harness.hasLine("before what had been committed"))
        harness.advance(milliseconds: 10_000)
        let path = "orders-0/00000000000000000000.log"
        let bytes = try #require(harness.disks[0].bytes(of: path))
        harness.disks[0].corrupt(path, at: bytes.count - 3)
        try harness.restart()
        #expect(harness.hasLine("before what had been committed"))
    }

    @Test func `what was answered survives a loss of power`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 2)
        #expect(try harness.produce(7, to: "orders", partition: 1).errorCode == 0)
        var chance = SeededGenerator(seed: 3)
        harness.disks[0].crash(.power, using: &chance)
        try harness.restart()
        #expect(try harness.metadata(["orders"]).topics.first?.errorCode == 0)
        #expect(try harness.endOffset("orders", 1) == 7)
    }

    @Test func `a reply waits for the metadata log's sync`() throws {
        let harness = try BrokerHarness()
        harness.holdsSyncs = true
        harness.send(BrokerHarness.creation(of: "orders", 1))
        #expect(try harness.answer(to: CreateTopicsRequest.self) == nil)
        #expect(harness.broker.topology.current().image.topicIDs["orders"] == nil)
        harness.releaseSyncs()
        #expect(try harness.answer(to: CreateTopicsRequest.self)?.topics.first?.errorCode == 0)
    }

    @Test func `a request that is not done in time is told so`() throws {
        let harness = try BrokerHarness()
        harness.holdsSyncs = true
        harness.send(BrokerHarness.creation(of: "orders", 1))
        harness.advance(milliseconds: 10_001)
        let late = try #require(try harness.answer(to: CreateTopicsRequest.self)?.topics.first)
        #expect(late.errorCode == ErrorCode.requestTimedOut.rawValue)
        harness.releaseSyncs()
        #expect(try harness.metadata(["orders"]).topics.first?.errorCode == 0)
    }

    @Test func `a great many partitions come up in slices`() throws {
        let harness = try BrokerHarness()
        let created = try harness.createTopic("wide", partitions: 500)
        #expect(created.errorCode == 0)
        #expect(created.numPartitions == 500)
        #expect(harness.broker.topology.current().byName["wide"]?.partitions.count == 500)
    }

    @Test func `a topic deleted while it comes up turns round, and another of its name follows`() throws {
        let harness = try BrokerHarness()
        harness.settles = false
        harness.send(BrokerHarness.creation(of: "wide", 500))
        while harness.control.running.isEmpty { _ = harness.step() }
        let first = try #require(harness.control.running.values.first)
        #expect(first.partitions.count < 500)
        var topic = DeleteTopicsRequest.DeleteTopicState()
        topic.name = "wide"
        var deletion = DeleteTopicsRequest()
        deletion.topics = [topic]
        deletion.timeoutMs = 10_000
        harness.send(deletion)
        harness.send(BrokerHarness.creation(of: "wide", 3))
        harness.settle()
        #expect(try harness.answer(to: CreateTopicsRequest.self)?.topics.first?.errorCode == 0)
        #expect(try harness.answer(to: DeleteTopicsRequest.self)?.responses.first?.errorCode == 0)
        #expect(try harness.answer(to: CreateTopicsRequest.self)?.topics.first?.errorCode == 0)
        let now = try #require(harness.broker.topology.current().byName["wide"])
        #expect(now.partitions.count == 3)
        #expect(now.id != first.id)
        let names = try harness.disks[0].list("").map(\.name).filter {
            $0.hasPrefix("wide") && !$0.hasSuffix("-delete")
        }
        #expect(names == ["wide-0", "wide-1", "wide-2"])
    }

    @Test func `a deleted topic's directories are renamed at once and removed later`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("gone", partitions: 2, configs: ["file.delete.delay.ms": "5000"])
        #expect(harness.disks[0].exists("gone-0"))
        #expect(try harness.deleteTopic("gone").errorCode == 0)
        #expect(!harness.disks[0].exists("gone-0"))
        func leftovers() throws -> [String] {
            try harness.disks[0].list("").map(\.name).filter { $0.hasSuffix("-delete") }
        }
        #expect(try leftovers().count == 2)
        try harness.createTopic("younger", configs: ["file.delete.delay.ms": "9000"])
        try harness.deleteTopic("younger")
        harness.advance(milliseconds: 6000)
        #expect(try leftovers().map { $0.prefix(8) } == ["younger-"], "each waits for its own delay")
        harness.advance(milliseconds: 4000)
        #expect(try leftovers().isEmpty)
        #expect(
            try harness.metadata(["gone"]).topics.first?.errorCode
                == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test func `a topic of a deleted one's name begins at nothing`() throws {
        let harness = try BrokerHarness()
        let first = try harness.createTopic("again")
        #expect(try harness.produce(9, to: "again").errorCode == 0)
        harness.advance(milliseconds: 120_000)
        try harness.deleteTopic("again")
        let second = try harness.createTopic("again")
        #expect(first.topicId != second.topicId)
        #expect(try harness.endOffset("again") == 0)
        #expect(try harness.produce(2, to: "again").baseOffset == 0)
        try harness.restart()
        #expect(try harness.endOffset("again") == 2)
    }

    @Test func `what DeleteRecords took away does not come back when the broker is killed`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders")
        for _ in 0..<3 { #expect(try harness.produce(4, to: "orders").errorCode == 0) }
        var partition = DeleteRecordsRequest.DeleteRecordsPartition()
        partition.offset = 6
        var asked = DeleteRecordsRequest.DeleteRecordsTopic()
        asked.name = "orders"
        asked.partitions = [partition]
        var request = DeleteRecordsRequest()
        request.topics = [asked]
        #expect(try harness.ask(request).topics.first?.partitions.first?.lowWatermark == 6)
        harness.disks[0].crash()
        try harness.restart()
        let topic = try #require(harness.broker.topology.current().topic(named: "orders"))
        let start = try topic.partition(0)?.withLog { log, _ in log.startOffset }
        #expect(start == 6)
    }

    @Test func `a directory of a topic deleted before a crash goes, a stranger's is set aside`() throws {
        let harness = try BrokerHarness()
        let created = try harness.createTopic("old")
        harness.stop()
        let copy = try #require(harness.disks[0].bytes(of: "old-0/partition.metadata"))
        try harness.restart()
        try harness.deleteTopic("old")
        harness.stop()
        try harness.disks[0].createDirectory("old-0")
        harness.disks[0].setBytes(copy, of: "old-0/partition.metadata")
        try harness.disks[0].createDirectory("strange-4")
        try harness.restart()
        #expect(created.errorCode == 0)
        let names = try harness.disks[0].list("").map(\.name)
        #expect(!names.contains("old-0"))
        #expect(!names.contains("strange-4"))
        #expect(names.contains { $0.hasPrefix("strange-4") && $0.hasSuffix("-stray") })
        #expect(harness.hasLine("Set a stray partition directory aside."))
    }

    @Test func `a damaged metadata log stops the start and says why`() throws {
        let harness = try BrokerHarness()
        for index in 0..<5 { try harness.createTopic("topic-\(index)") }
        let path = "__cluster_metadata-0/00000000000000000000.log"
        harness.disks[0].corrupt(path, at: 70)  // In the first batch's record.
        #expect(throws: StartError.self) { try harness.restart() }
    }

    @Test func `a partition whose directory was taken away begins empty and says so`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 2)
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        harness.stop()
        try harness.disks[0].removeDirectory("orders-0")
        try harness.restart()
        #expect(try harness.endOffset("orders") == 0)
        #expect(harness.lines.count { $0.message.contains("directory was not there") } == 1)
    }

    @Test func `a directory of another broker is not touched`() throws {
        let disk = SimulatedDisk()
        _ = try BrokerHarness(disks: [disk])
        #expect(throws: StartError.self) { _ = try BrokerHarness(disks: [disk]) { $0.nodeID = 2 } }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `whatever was acknowledged is there after any kind of end`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 3)
        var acknowledged: [Int32: Int64] = [:]
        for _ in 0..<60 {
            switch Int.random(in: 0..<12, using: &chance) {
            case 0: harness.holdsSyncs = true
            case 1: harness.releaseSyncs()
            case 2: harness.advance(milliseconds: Int64.random(in: 0..<90_000, using: &chance))
            case 3:
                harness.holdsSyncs = false
                switch Int.random(in: 0..<3, using: &chance) {
                case 0: harness.stop()
                case 1: harness.disks[0].crash()
                default: harness.disks[0].crash(.power, using: &chance)
                }
                try harness.restart()
                for (partition, end) in acknowledged {
                    let running = try #require(
                        harness.broker.topology.current().topic(named: "orders")?.partition(partition))
                    #expect(running.highWatermark.value >= end, "seed \(seed), partition \(partition)")
                }
            default:
                let partition = Int32.random(in: 0..<3, using: &chance)
                let count = Int.random(in: 1...9, using: &chance)
                // No answer yet while syncs are held: then nothing was promised.
                if harness.holdsSyncs {
                    harness.sendProduce(count, to: "orders", partition: partition)
                } else {
                    let answer = try harness.produce(count, to: "orders", partition: partition)
                    #expect(answer.errorCode == 0)
                    acknowledged[partition] = answer.baseOffset + Int64(count)
                }
            }
            while let answer = try harness.answer(to: ProduceRequest.self, version: 9) {
                let part = answer.responses[0].partitionResponses[0]
                guard part.errorCode == 0 else { continue }
                acknowledged[part.index] = max(acknowledged[part.index] ?? 0, part.baseOffset + 1)
            }
        }
    }
}
