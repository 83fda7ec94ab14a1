import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

/// Logs whose file is filled with zeros ahead of the writer (`fillsAhead`).
struct LogFillTests {
    private func filledLog(_ disk: SimulatedDisk, segmentBytes: Int64 = 1 << 30) throws -> Log {
        try makeLog(disk) {
            $0.fillsAhead = true
            $0.segmentBytes = segmentBytes
        }
    }

    private func fileSize(_ disk: SimulatedDisk, _ base: Int64 = 0) throws -> Int64 {
        Int64(try #require(disk.bytes(of: path(base))).count)
    }

    @Test func `appends seldom make the file longer, and its zeros count nowhere`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        var growths = 0
        var size: Int64 = 0
        for number in 0..<2000 {
            try log.append(batch(size: 200, time: Int64(number)))
            let now = try fileSize(disk)
            if now != size { growths += 1 }
            size = now
        }
        #expect(growths < 40)
        let bytes = try #require(disk.bytes(of: path(0)))
        let written = 2000 * batch(size: 200).count
        #expect(log.sizeBytes == Int64(written))
        #expect(size > log.sizeBytes && size < log.sizeBytes * 3 / 2)
        #expect(bytes[written...].allSatisfy { $0 == 0 })
        let slice = try #require(try log.read(from: 1999, maxBytes: 1 << 20, bound: 2000, minOneBatch: true))
        #expect(slice.byteCount == written / 2000)
        #expect(try log.headers().count == 2000)
    }

    @Test func `a follower's file is filled too`() throws {
        let leader = try filledLog(SimulatedDisk())
        try leader.append(batch(), batch())
        let slice = try #require(try leader.read(from: 0, maxBytes: 1 << 20, bound: 2, minOneBatch: true))
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        _ = try leader.bytes(of: slice).withUnsafeBytes { try log.appendAsFollower($0, now: 0) }
        #expect(try log.headers() == leader.headers())
        #expect(try fileSize(disk) > log.sizeBytes)
    }

    @Test func `a segment that does not grow any more gives its zeros back`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk, segmentBytes: 1000)
        while log.segmentCount < 3 { try log.append(batch(size: 100)) }
        for segment in log.segments.dropLast() {
            #expect(try fileSize(disk, segment.baseOffset.value) == segment.size)
        }
        #expect(try fileSize(disk, log.active.baseOffset.value) == 1000)
        let all = try log.headers()
        try log.close()
        #expect(try fileSize(disk, log.active.baseOffset.value) == log.active.size)
        let (again, report) = try openLog(disk, from: log.endOffset, clean: true, config: log.config)
        #expect(report.wasClean)
        #expect(try again.headers() == all)
    }

    @Test func `a killed process leaves zeros behind, which are no damage`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        for _ in 0..<5 { try log.append(batch(3)) }
        let all = try log.headers()
        for point: Offset in [0, 15] {
            let crashed = disk.copy()
            let (again, report) = try openLog(crashed, from: point, config: log.config)
            #expect(try again.headers() == all)
            #expect(report.truncatedBytes == 0)
            #expect(report.warnings.isEmpty)
            #expect(again.sizeBytes == log.sizeBytes)
            // And goes on as if nothing had been.
            try again.append(batch(3))
            #expect(try again.headers().count == 6)
            #expect(try fileSize(crashed) > again.sizeBytes)
        }
    }

    @Test func `zeros where batches were synced are damage`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        try log.append(batch(3))
        let kept = Int(log.sizeBytes)
        try log.append(batch(3))
        var bytes = try #require(disk.bytes(of: path(0)))
        for index in kept..<bytes.count { bytes[index] = 0 }
        disk.setBytes(bytes, of: path(0))
        #expect(throws: LogError.self) { try openLog(disk, from: 6, config: log.config) }
        #expect((disk.bytes(of: path(0)) == bytes) as Bool)
        // Not synced, they never came to the disk.
        #expect(try openLog(disk, from: 3, config: log.config).0.endOffset == 3)
    }

    /// A write is torn at every byte: behind it stand the zeros of before.
    @Test func `wherever a write was torn, every whole batch before is there`() throws {
        let original = SimulatedDisk()
        let log = try filledLog(original)
        for number in 0..<6 { try log.append(batch(1 + number % 3, size: 20 + number)) }
        let all = try log.headers()
        let bytes = try #require(original.bytes(of: path(0)))
        for cut in 0...Int(log.sizeBytes) {
            let disk = original.copy()
            disk.setBytes(bytes[..<cut] + Array(repeating: 0, count: bytes.count - cut), of: path(0))
            var end = 0
            let expected = all.filter { header in
                end += header.sizeInBytes
                return end <= cut || bytes[cut..<end].allSatisfy { $0 == 0 }
            }
            let (again, _) = try openLog(disk, config: log.config)
            #expect(try again.headers() == expected, "cut at \(cut)")
            #expect(try fileSize(disk) == again.sizeBytes)
        }
    }

    @Test func `a flipped bit with sound batches behind it is reported, and nothing is cut`() throws {
        let original = SimulatedDisk()
        let log = try filledLog(original)
        for _ in 0..<4 { try log.append(batch(2)) }
        let size = Int(log.sizeBytes) / 4
        for position in 0..<3 * size where (8..<12).contains(position % size) || position % size >= 16 {
            let disk = original.copy()
            disk.corrupt(path(0), at: position, mask: 0x20)
            let damaged = disk.bytes(of: path(0))
            #expect(throws: LogError.self, "position \(position)") { try openLog(disk, config: log.config) }
            #expect((disk.bytes(of: path(0)) == damaged) as Bool)
        }
    }

    @Test func `a bit that flips among the zeros costs nothing`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        try log.append(batch(3))
        disk.corrupt(path(0), at: Int(log.sizeBytes) + 5000)
        #expect(try openLog(disk.copy(), config: log.config).0.endOffset == 3)
        try log.append(batch(3))
        #expect(try openLog(disk, config: log.config).0.headers() == log.headers())
    }

    @Test func `without room for zeros an append that fits is taken`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        let size = Int64(batch().count)
        disk.setCapacity(disk.usedBytes + size * 3 + 10)
        for _ in 0..<3 { try log.append(batch()) }
        #expect(throws: DiskError.self) { try log.append(batch()) }
        #expect(log.endOffset == 3)
        #expect(try fileSize(disk) == size * 3)
        try log.syncAll()
        disk.setCapacity(1 << 30)
        try log.append(batch())
        #expect(try fileSize(disk) > log.sizeBytes)
        #expect(try openLog(disk, config: log.config).0.endOffset == 4)
    }

    @Test func `a cut takes the zeros too, and what comes then is filled anew`() throws {
        let disk = SimulatedDisk()
        let log = try filledLog(disk)
        try log.append(batch(2), batch(2))
        try log.truncate(to: 2, now: 0)
        #expect(try fileSize(disk) == log.sizeBytes)
        try log.append(batch(), epoch: 3)
        #expect(try fileSize(disk) > log.sizeBytes)
        #expect(try openLog(disk, config: log.config).0.headers() == log.headers())
    }

    @Test func `a log from before opens, and one that is filled opens without filling`() throws {
        let disk = SimulatedDisk()
        try makeLog(disk).append(batch(2))
        var config = LogConfig()
        config.fillsAhead = true
        let (log, _) = try openLog(disk, config: config)
        try log.append(batch(2))
        #expect(try openLog(disk, config: LogConfig()).0.headers().count == 2)
    }
}
