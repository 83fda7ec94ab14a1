import Ports
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogDirectoryTests {
    private let identity = DirectoryIdentity(
        clusterID: "c-1", nodeID: 4, directoryID: UUID128(high: 1, low: 2))

    @Test func `a new directory is marked as ours, in Kafka's form`() throws {
        let disk = SimulatedDisk()
        #expect(try LogDirectory.identity(of: disk) == nil)
        let opened = try LogDirectory.open(disk, identity: identity)
        #expect(opened.identity == identity)
        #expect(!opened.wasClean)
        #expect(
            String(decoding: disk.bytes(of: "meta.properties")!, as: UTF8.self)
                == "version=1\ncluster.id=c-1\nnode.id=4\ndirectory.id=AAAAAAAAAAEAAAAAAAAAAg\n")
        var other = identity
        other.directoryID = .zero
        #expect(try LogDirectory.open(disk, identity: other).identity == identity)
    }

    @Test func `another broker's or cluster's directory is refused, both named`() throws {
        let disk = SimulatedDisk()
        _ = try LogDirectory.open(disk, identity: identity)
        var other = identity
        other.nodeID = 5
        #expect(
            throws: LogDirectoryError.mismatch(
                directory: disk.name, property: "node.id", expected: "5", found: "4")
        ) { try LogDirectory.open(disk, identity: other) }
        other = identity
        other.clusterID = "c-2"
        #expect(
            throws: LogDirectoryError.mismatch(
                directory: disk.name, property: "cluster.id", expected: "c-2", found: "c-1")
        ) { try LogDirectory.open(disk, identity: other) }
        disk.setBytes(Array("version=1\nnode.id=x\n".utf8), of: "meta.properties")
        #expect(throws: LogDirectoryError.self) { try LogDirectory.open(disk, identity: identity) }
    }

    @Test func `the mark of a clean stop counts once`() throws {
        let disk = SimulatedDisk()
        let first = try LogDirectory.open(disk, identity: identity)
        try first.writeCheckpoint(.recoveryPoint, [partition: 42])
        try first.markClean()
        let second = try LogDirectory.open(disk, identity: identity)
        #expect(second.recoveryStart(of: partition) == RecoveryStart(recoveryPoint: 42, clean: true))
        var generator = SeededGenerator(seed: 1)
        disk.crash(.power, using: &generator)
        #expect(try !LogDirectory.open(disk, identity: identity).wasClean)
    }

    @Test func `checkpoints are Kafka's text and come back`() throws {
        let disk = SimulatedDisk()
        let first = try LogDirectory.open(disk, identity: identity)
        let offsets: [TopicPartition: Offset] = [
            TopicPartition(topic: "b", partition: 10): 7, TopicPartition(topic: "b", partition: 9): 8,
            TopicPartition(topic: "a", partition: 0): 0,
        ]
        for kind in CheckpointKind.allCases { try first.writeCheckpoint(kind, offsets) }
        #expect(
            String(decoding: disk.bytes(of: "replication-offset-checkpoint")!, as: UTF8.self)
                == "0\n3\na 0 0\nb 9 8\nb 10 7\n")
        let second = try LogDirectory.open(disk, identity: identity)
        for kind in CheckpointKind.allCases { #expect(second.checkpoint(kind) == offsets) }
    }

    @Test func `a damaged checkpoint counts as missing, with a warning`() throws {
        for text in ["", "0\n2\na 0 1\n", "0\n1\na 0 1", "0\n1\na 0 x\n", "7\n1\na 0 1\n", "\u{0}\u{0}\u{0}"]
        {
            let disk = SimulatedDisk()
            disk.setBytes(Array(text.utf8), of: "recovery-point-offset-checkpoint")
            let opened = try LogDirectory.open(disk, identity: identity)
            #expect(opened.checkpoint(.recoveryPoint) == [:])
            #expect(opened.warnings.count == 1)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a checkpoint is the old one or the new one after any loss of power`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        let opened = try LogDirectory.open(disk, identity: identity)
        try opened.writeCheckpoint(.recoveryPoint, [partition: 1])
        let failing: [DiskOperation] = [.write, .sync, .rename]
        disk.fail(failing[Int(seed) % 3], with: .io(5), after: seed % 2 == 0 ? 0 : 1)
        try? opened.writeCheckpoint(.recoveryPoint, [partition: 2])
        disk.crash(.power, using: &generator)
        let again = try LogDirectory.open(disk, identity: identity).checkpoint(.recoveryPoint)
        #expect(again == [partition: 1] || again == [partition: 2])
    }

    @Test func `partitions are told from what is deleted, stray or not ours`() throws {
        let disk = SimulatedDisk()
        let opened = try LogDirectory.open(disk, identity: identity)
        let dashed = TopicPartition(topic: "a-b-1", partition: 12)
        for tp in [partition, dashed] {
            _ = try Log.create(disk: disk, topicPartition: tp, topicID: topicID, config: LogConfig(), now: 0)
        }
        for name in ["lost+found", "x-", "-3", "y-01", "z-x"] { try disk.createDirectory(name) }
        #expect(try opened.partitions() == [dashed, partition])
        #expect(try opened.topicID(of: dashed) == topicID)
        let name = try opened.markDeleted(partition, topicID: topicID)
        try opened.markStray(dashed, topicID: topicID)
        #expect(try opened.partitions() == [])
        #expect(name == "orders-0.00000000000000070000000000000009-delete")
        #expect(try opened.leftovers() == [name])
        #expect(disk.exists("a-b-1-12.00000000000000070000000000000009-stray/partition.metadata"))
    }

    @Test func `the longest topic name fits a deleted directory's name`() throws {
        let disk = SimulatedDisk()
        let opened = try LogDirectory.open(disk, identity: identity)
        let long = TopicPartition(topic: String(repeating: "t", count: 249), partition: 9999)
        try disk.createDirectory("\(long)")
        _ = try opened.markDeleted(long, topicID: topicID)
        #expect(try disk.list("").allSatisfy { $0.name.utf8.count <= 255 })
        #expect(try opened.leftovers().count == 1)
    }

    @Test func `what is set aside once more does not take the place of what was`() throws {
        let disk = SimulatedDisk()
        let opened = try LogDirectory.open(disk, identity: identity)
        let orders = TopicPartition(topic: "orders", partition: 0)
        let long = TopicPartition(topic: String(repeating: "t", count: 249), partition: 0)
        for partition in [orders, orders, orders, long, long] {
            try disk.createDirectory("\(partition)")
            try opened.markStray(partition, topicID: UUID128(high: 1, low: 2))
        }
        let names = try disk.list("").map(\.name).filter { $0.hasSuffix("-stray") }
        #expect(names.count == 5)
        #expect(names.allSatisfy { $0.utf8.count <= 255 })
        #expect(try opened.partitions().isEmpty)
    }
}
