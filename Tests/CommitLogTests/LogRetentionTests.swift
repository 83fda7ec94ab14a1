import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogRetentionTests {
    private func log(_ disk: SimulatedDisk, _ configure: (inout LogConfig) -> Void) throws -> Log {
        let log = try makeLog(disk) {
            $0.segmentBytes = 500
            configure(&$0)
        }
        for index in 0..<20 { try log.append(batch(size: 100, time: Int64(index * 10)), now: 0) }
        return log
    }

    @Test func `by time: segments whose newest record is too old go, the active one too`() throws {
        let disk = SimulatedDisk()
        let log = try log(disk) { $0.retentionMs = 100 }
        let second = log.segments[1].baseOffset
        let newest = log.segments[0].maxTimestamp
        #expect(try log.applyRetention(now: Timestamp(milliseconds: newest + 100), highWatermark: 20).isEmpty)
        let deleted = try log.applyRetention(now: Timestamp(milliseconds: newest + 101), highWatermark: 20)
        #expect(deleted.map(\.reason) == [.time])
        #expect(log.startOffset == second)
        #expect(try log.applyRetention(now: 100_000, highWatermark: 20).count > 2)
        #expect((log.startOffset, log.endOffset, log.segmentCount, log.sizeBytes) == (20, 20, 1, 0))
        try log.append(batch())
        #expect(try log.headers().map(\.baseOffset) == [20])
    }

    @Test func `nothing beyond the high watermark goes`() throws {
        let log = try log(SimulatedDisk()) { $0.retentionMs = 100 }
        let second = log.segments[1].baseOffset
        #expect(try log.applyRetention(now: 100_000, highWatermark: second + 1).count == 1)
        #expect(log.startOffset == second)
    }

    @Test func `by size: as many bytes stay as retention.bytes says, at least`() throws {
        let log = try log(SimulatedDisk()) {
            $0.retentionMs = -1
            $0.retentionBytes = 1000
        }
        let deleted = try log.applyRetention(now: 0, highWatermark: 20)
        #expect(deleted.allSatisfy { $0.reason == .size })
        #expect(log.sizeBytes >= 1000)
        #expect(log.sizeBytes < 1500)
        #expect(log.sizeBytes == log.segments.reduce(0) { $0 + $1.size })
    }

    @Test func `a compacted log keeps everything but what lies below its start`() throws {
        let log = try log(SimulatedDisk()) {
            $0.retentionMs = 1
            $0.retentionBytes = 1
            $0.cleanupDelete = false
            $0.cleanupCompact = true
        }
        #expect(try log.applyRetention(now: 100_000, highWatermark: 20).isEmpty)
        let third = log.segments[2].baseOffset
        #expect(try log.deleteRecords(before: third + 1, now: 0) == third + 1)
        #expect(log.segments[0].baseOffset == third)
        #expect(log.startOffset == third + 1)
        #expect(throws: LogError.self) {
            try log.read(from: third, maxBytes: 1, bound: 20, minOneBatch: true)
        }
        #expect(throws: LogError.self) { try log.deleteRecords(before: 21, now: 0) }
        #expect(try log.deleteRecords(before: 3, now: 0) == third + 1)
    }

    @Test func `deleted segments stay readable until file.delete.delay.ms has passed`() throws {
        let disk = SimulatedDisk()
        let log = try log(disk) { $0.fileDeleteDelayMs = 60 }
        let slice = try #require(try log.read(from: 0, maxBytes: 400, bound: 20, minOneBatch: true))
        let before = try log.bytes(of: slice)
        try log.deleteRecords(before: 20, now: 1000)
        #expect(disk.exists(path(0, ".log.deleted")))
        #expect(!disk.exists(path(0)))
        #expect(try log.bytes(of: slice) == before)
        #expect(try log.removeDeletedFiles(now: 1059) == 1060)
        #expect(try log.removeDeletedFiles(now: 1060) == nil)
        #expect(!disk.paths.contains { $0.hasSuffix(".deleted") })
        try log.syncAll(checkpoint: true)
        #expect(try openLog(disk, from: 20, start: 20, config: log.config).0.startOffset == 20)
    }

    @Test func `deleted files may be kept for ever`() throws {
        let log = try log(SimulatedDisk()) { $0.fileDeleteDelayMs = .max }
        try log.deleteRecords(before: 20, now: 1000)
        #expect(try log.removeDeletedFiles(now: 1_000_000_000) == Timestamp(milliseconds: .max))
    }
}
