import CommitLog
import HashTreeCollections
import Messages
import Metadata
import Ports
import SimulatedDisk
import Testing
import Vocabulary

@testable import Broker

@Suite struct ControlLoopUpkeepTests {
    @Test func `an altered configuration reaches the logs, and so does a broker default`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders")
        let log = { try #require(harness.broker.topology.current().byName["orders"]?.config.log) }
        #expect(try log().retentionMs == 604_800_000)
        #expect(try harness.alter(2, "orders", [("retention.ms", 0, "1234")]).errorCode == 0)
        #expect(try log().retentionMs == 1234)
        let partition = try #require(harness.broker.topology.current().byName["orders"]?.partition(0))
        #expect(try partition.withLog { log, _ in log.config.retentionMs } == 1234)
        #expect(try harness.alter(4, "", [("log.segment.bytes", 0, "2097152")]).errorCode == 0)
        #expect(try log().segmentBytes == 2_097_152)
        #expect(try harness.alter(2, "orders", [("retention.ms", 1, nil)]).errorCode == 0)
        #expect(try log().retentionMs == 604_800_000)
        try harness.restart()
        #expect(try log().segmentBytes == 2_097_152)
    }

    @Test func `validateOnly changes nothing`() throws {
        let harness = try BrokerHarness()
        #expect(try harness.createTopic("orders", validateOnly: true).errorCode == 0)
        #expect(
            try harness.metadata(["orders"]).topics.first?.errorCode
                == ErrorCode.unknownTopicOrPartition.rawValue)
        try harness.createTopic("orders")
        #expect(try harness.alter(2, "orders", [("retention.ms", 0, "5")], validateOnly: true).errorCode == 0)
        #expect(try harness.describe(2, "orders", ["retention.ms"]).configs.first?.value == "604800000")
    }

    @Test func `a disk that runs full is slowed, refused, and comes back by itself`() throws {
        let harness = try BrokerHarness {
            $0.diskMinFreeBytes = 1000
            $0.diskThrottleFreeBytes = 2000
        }
        try harness.createTopic("orders")
        let disk = harness.disks[0]
        func standing(with bytes: Int64?) -> BrokerDisk.Standing {
            disk.limitSpace(to: bytes)
            harness.advance(milliseconds: 1000)
            return harness.broker.disks[0].standing
        }
        #expect(standing(with: 1500) == .throttled)
        #expect(standing(with: 900) == .full)
        #expect(try harness.produce(1, to: "orders").errorCode != 0)
        #expect(standing(with: 1050) == .full, "a tenth above the threshold is asked for")
        #expect(standing(with: 1200) == .throttled)
        #expect(standing(with: nil) == .open)
        #expect(try harness.produce(1, to: "orders").errorCode == 0)
        #expect(harness.lines.count { $0.message.contains("nearly full") } == 1)
    }

    @Test func `a producer is refused at the threshold, however much it writes between two looks`() throws {
        let harness = try BrokerHarness {
            $0.diskMinFreeBytes = 1000
            $0.diskThrottleFreeBytes = 1000
        }
        try harness.createTopic("orders")
        harness.disks[0].limitSpace(to: 3000)
        harness.advance(milliseconds: 1000)
        var taken = 0
        while try harness.produce(10, to: "orders").errorCode == 0, taken < 100 { taken += 1 }
        #expect(taken > 0)
        #expect(try harness.disks[0].space().available > 700, "the file system was filled")
    }

    @Test func `a failed sync takes its directory offline once, and the other goes on`() throws {
        let harness = try BrokerHarness(disks: [SimulatedDisk(name: "/a"), SimulatedDisk(name: "/b")])
        try harness.createTopic("orders", partitions: 4)
        let topic = try #require(harness.broker.topology.current().byName["orders"])
        let onB = try #require(topic.partitions.first { $0.disk.disk.name == "/b" })
        let onA = try #require(topic.partitions.first { $0.disk.disk.name == "/a" })
        #expect(topic.partitions.count { $0.disk.disk.name == "/a" } == 2, "spread by the fewest partitions")
        harness.disks[1].fail(.sync, with: .io(5))
        let failed = try harness.produce(1, to: "orders", partition: onB.id.partition)
        #expect(failed.errorCode == ErrorCode.kafkaStorageError.rawValue)
        #expect(harness.lines.count { $0.level == .critical } == 1)
        #expect(try harness.produce(1, to: "orders", partition: onA.id.partition).errorCode == 0)
        let partitions = try #require(try harness.metadata(["orders"]).topics.first?.partitions)
        let lost = try #require(partitions.first { $0.partitionIndex == onB.id.partition })
        #expect(lost.offlineReplicas == [1])
        #expect(lost.leaderId == -1)
        let dirs = try harness.ask(DescribeLogDirsRequest()).results
        #expect(dirs.map(\.errorCode) == [0, ErrorCode.kafkaStorageError.rawValue])
        // Where the replicas lie was told to the controller: they are found again.
        try harness.restart()
        #expect(try harness.produce(1, to: "orders", partition: onB.id.partition).errorCode == 0)
    }

    @Test func `a directory that cannot be opened is left out`() throws {
        let harness = try BrokerHarness(disks: [SimulatedDisk(name: "/a"), SimulatedDisk(name: "/b")])
        try harness.createTopic("orders", partitions: 4)
        harness.stop()
        harness.disks[1].fail(.open, with: .io(5), times: 1000)
        harness.disks[1].fail(.list, with: .io(5), times: 1000)
        harness.disks[1].fail(.read, with: .io(5), times: 1000)
        try harness.restart()
        #expect(harness.broker.disks.map(\.standing) == [.open, .offline])
        let results = try (0..<4).map { try harness.produce(1, to: "orders", partition: Int32($0)).errorCode }
        #expect(results.count { $0 == 0 } == 2)
    }

    @Test func `a damaged log is one partition's trouble`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 2)
        for _ in 0..<5 { #expect(try harness.produce(3, to: "orders", partition: 0).errorCode == 0) }
        harness.disks[0].corrupt("orders-0/00000000000000000000.log", at: 80)
        try harness.restart()
        #expect(
            try harness.produce(1, to: "orders", partition: 0).errorCode
                == ErrorCode.kafkaStorageError.rawValue)
        #expect(try harness.produce(1, to: "orders", partition: 1).errorCode == 0)
        #expect(harness.hasLine("A partition's log cannot be used"))
    }

    @Test func `retention takes segments away and their files go later`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic(
            "orders",
            configs: ["retention.ms": "60000", "segment.ms": "10000", "file.delete.delay.ms": "1000"])
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        harness.advance(milliseconds: 20_000)
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        for _ in 0..<70 { harness.advance(milliseconds: 5000) }
        let partition = try #require(harness.broker.topology.current().byName["orders"]?.partition(0))
        #expect(try partition.withLog { log, _ in log.startOffset } >= 3)
        let names = try harness.disks[0].list("orders-0").map(\.name)
        #expect(!names.contains { $0.hasSuffix(".deleted") })
        #expect(harness.hasLine("Retention took segments away."))
    }

    @Test func `checkpoints are written, so that recovery scans little`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", configs: ["write.caching": "true"])
        for _ in 0..<20 { #expect(try harness.produce(10, to: "orders").errorCode == 0) }
        // The first rounds make the leader epochs durable, without which nothing below can be left unread.
        for _ in 0..<400 { harness.advance(milliseconds: 1000) }
        let text = String(
            decoding: try #require(harness.disks[0].bytes(of: "recovery-point-offset-checkpoint")),
            as: UTF8.self)
        #expect(text.contains("orders 0 200"), "\(text)")
        try harness.restart()
        let line = try #require(harness.lines.first { $0.message == "Opened the logs." })
        let scanned = try #require(line.fields.first { $0.key == "scanned.bytes" }.flatMap { Int($0.value) })
        #expect(scanned < 2000, "headers at most, of 4,020 bytes in 20 batches")
    }

    @Test func `flush dot ms syncs what write caching leaves`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", configs: ["write.caching": "true", "flush.ms": "500"])
        #expect(try harness.produce(3, to: "orders").errorCode == 0)
        let partition = try #require(harness.broker.topology.current().byName["orders"]?.partition(0))
        #expect(try partition.withLog { log, _ in log.syncedOffset } == 0)
        for _ in 0..<8 { harness.advance(milliseconds: 100) }
        #expect(try partition.withLog { log, _ in log.syncedOffset } == 3)
    }

    @Test func `a directory that is in a new partition's way is set aside`() throws {
        let harness = try BrokerHarness()
        try harness.disks[0].createDirectory("orders-0")
        harness.disks[0].setBytes([1, 2, 3], of: "orders-0/00000000000000000000.log")
        #expect(try harness.createTopic("orders").errorCode == 0)
        #expect(try harness.produce(1, to: "orders").baseOffset == 0)
        #expect(try harness.disks[0].list("").contains { $0.name.hasSuffix("-stray") })
        #expect(harness.broker.disks[0].standing == .open)
    }

    @Test func `numbers are published`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 3)
        _ = try harness.produce(3, to: "orders")
        harness.advance(milliseconds: 6000)
        let counters = harness.broker.metrics.control
        #expect(counters.topics == 1)
        #expect(counters.partitions == 3)
        #expect(counters.logBytes > 0)
        #expect(counters.metadataOffset > 0)
    }
}

@Suite struct RoundTests {
    @Test func `a round visits all once in its period, however the ticks fall`() {
        var round = Upkeep.Round(periodMs: 60_000)
        var visits = Array(repeating: 0, count: 997)
        for _ in 0..<600 { for place in round.visits(of: 997, elapsedMs: 100) { visits[place] += 1 } }
        #expect(visits.allSatisfy { $0 == 1 || $0 == 0 })
        #expect(visits.count { $0 == 1 } >= 995)
    }

    @Test func `a queue keeps its order and holds each topic once`() {
        var queue = ReconcileQueue()
        let ids = (0..<5).map { TopicID(high: 0, low: UInt64($0)) }
        for id in ids + ids { queue.add(id) }
        var seen: [TopicID] = []
        while let id = queue.first {
            seen.append(id)
            queue.removeFirst()
        }
        #expect(seen == ids)
    }

    @Test func `a sync that fails for want of room has failed like any other`() throws {
        let harness = try BrokerHarness(disks: [SimulatedDisk(name: "/a"), SimulatedDisk(name: "/b")])
        try harness.createTopic("orders", partitions: 2)
        let topic = try #require(harness.broker.topology.current().byName["orders"])
        let onB = try #require(topic.partitions.first { $0.disk.disk.name == "/b" })
        // Blocks that were put off until the sync: what was written may be lost, and is never asked for again.
        harness.disks[1].fail(.sync, with: .noSpace)
        let failed = try harness.produce(1, to: "orders", partition: onB.id.partition)
        #expect(failed.errorCode == ErrorCode.kafkaStorageError.rawValue)
        #expect(onB.disk.standing == .offline)
    }

    @Test func `a damaged log stays as it is, however often the broker is restarted`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 2)
        for _ in 0..<5 { #expect(try harness.produce(3, to: "orders", partition: 0).errorCode == 0) }
        harness.stop()
        let path = "orders-0/00000000000000000000.log"
        let size = try #require(harness.disks[0].bytes(of: path)).count
        harness.disks[0].corrupt(path, at: size - size / 5 + 16)  // The last batch's magic.
        let damaged = harness.disks[0].bytes(of: path)
        for _ in 0..<3 {
            try harness.restart()
            #expect(harness.hasLine("A partition's log cannot be used"))
            #expect(try harness.produce(3, to: "orders", partition: 1).errorCode == 0)
            harness.stop()
            #expect(harness.disks[0].bytes(of: path) == damaged, "what was synced is never cut")
        }
    }

    @Test func `the metadata log commits though a full disk leaves no room for a checkpoint`() throws {
        let disk = SimulatedDisk()
        let identity = DirectoryIdentity(clusterID: "c", nodeID: 1, directoryID: UUID128(high: 1, low: 1))
        let directory = try LogDirectory.open(disk, identity: identity)
        let log = try QuorumStorage.open(directory, repairs: false, now: 0).log
        try log.syncNow()
        let resource = ConfigResource(.topic, "t")
        let facts = [MetadataRecord.configSet(resource, name: "k", value: String(repeating: "x", count: 2 << 20))]
        let entry = QuorumEntry.transaction(QuorumTransaction(metadata: facts))
        _ = try log.append([(entry.encode(), 0)], term: 1)
        disk.limitSpace(to: 0)
        #expect(try log.takeSync(now: Instant(nanoseconds: 0)) != nil)
    }

    @Test(arguments: [0, 1 << 30, Int64.max]) func `thresholds may be as high as they like`(bytes: Int64) {
        let standing = ControlLoop.standing(available: 1 << 20, was: .full, minFree: bytes, throttleFree: bytes)
        #expect(standing == (bytes == 0 ? .open : .full))
    }
}
