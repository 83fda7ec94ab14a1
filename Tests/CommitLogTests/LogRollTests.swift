import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogRollTests {
    @Test func `a segment rolls before it outgrows segment.bytes, and reads go across`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.segmentBytes = 1000 }
        for _ in 0..<40 { try log.append(batch(size: 100)) }
        #expect(log.segments.allSatisfy { $0.size <= 1000 })
        #expect(log.segmentCount > 4)
        #expect(try log.headers().map(\.baseOffset) == Array(0..<40))
        for segment in log.segments.dropLast() {
            #expect(disk.exists(path(segment.baseOffset.value, ".index")))
            #expect(disk.exists(path(segment.baseOffset.value, ".timeindex")))
        }
        // One batch larger than a segment has one of its own.
        try log.append(batch(size: 3000))
        #expect(log.active.size > 1000)
    }

    @Test func `one burst over several segments`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.segmentBytes = 1000 }
        let outcomes = try log.append(all: (0..<30).map { _ in batch(2, size: 100) })
        #expect(outcomes.last == .appended(base: 58, logAppendTime: nil))
        #expect(try log.headers().count == 30)
        #expect(log.segmentCount > 5)
    }

    @Test func `a segment rolls by the records' time, and when idle by ours`() throws {
        let log = try makeLog(SimulatedDisk(), now: 500) { $0.segmentMs = 1000 }
        try log.append(batch(time: 5000), now: 500)
        try log.append(batch(time: 6000), now: 9000)
        #expect(log.segmentCount == 1)
        try log.append(batch(time: 6001), now: 9000)
        #expect(log.segmentCount == 2)
        #expect(log.active.baseOffset == 2)
        #expect(try !log.rollIfDue(now: 9500))
        #expect(try log.rollIfDue(now: 10_001))
        #expect(try !log.rollIfDue(now: 99_999))
        #expect(log.segmentCount == 3)
    }

    @Test func `jitter spreads partitions, and is the same each time`() throws {
        let log = try makeLog(SimulatedDisk()) {
            $0.segmentMs = 1000
            $0.segmentJitterMs = 400
        }
        let limit = log.rollAfterMs(log.active)
        #expect((600...1000).contains(limit))
        #expect(log.rollAfterMs(log.active) == limit)
    }

    @Test func `a full index rolls the segment`() throws {
        let log = try makeLog(SimulatedDisk()) {
            $0.indexIntervalBytes = 1
            $0.segmentIndexBytes = 80
        }
        for index in 0..<40 { try log.append(batch(time: Int64(index))) }
        #expect(log.segmentCount > 3)
        #expect(log.segments.dropLast().allSatisfy { $0.index.count <= 10 })
    }

    @Test func `offsets too far apart for an index entry roll the segment`() throws {
        let log = try makeLog(SimulatedDisk())
        var bytes = batch()
        bytes.withUnsafeMutableBytes { stamp($0, baseOffset: 5_000_000_000, leaderEpoch: 0) }
        _ = try bytes.withUnsafeBytes { try log.appendAsFollower($0, now: 0) }
        #expect(log.segmentCount == 1)
        #expect(log.active.baseOffset == 5_000_000_000)
        bytes.withUnsafeMutableBytes { stamp($0, baseOffset: 9_000_000_000, leaderEpoch: 0) }
        _ = try bytes.withUnsafeBytes { try log.appendAsFollower($0, now: 0) }
        #expect(log.segments.map(\.baseOffset) == [5_000_000_000, 9_000_000_000])
        #expect(try log.headers(from: 5_000_000_000).map(\.baseOffset) == [5_000_000_000, 9_000_000_000])
    }
}
