import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogAppendTests {
    @Test func `a log is never made over one that is there`() throws {
        let disk = SimulatedDisk()
        try makeLog(disk).append(batch())
        #expect(throws: LogError.self) { try makeLog(disk) }
        #expect(try openLog(disk).0.endOffset == 1)
        // What a creation cut short left behind is no log.
        let other = SimulatedDisk()
        _ = try makeLog(other)
        #expect(try makeLog(other).endOffset == 0)
    }

    @Test func `a burst is one write and its offsets are dense`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        disk.resetCounts()
        let outcomes = try log.append(batch(2), batch(3), batch(1))
        #expect(
            outcomes == [
                .appended(base: 0, logAppendTime: nil), .appended(base: 2, logAppendTime: nil),
                .appended(base: 5, logAppendTime: nil),
            ])
        #expect(log.endOffset == 6)
        #expect(disk.count(.write) == 1)
        #expect(disk.count(.sync) == 0)
        #expect(try log.headers().map(\.baseOffset) == [0, 2, 5])
    }

    @Test func `offset and leader epoch are stamped into the bytes, and the checksum still holds`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        try log.append(batch(3), epoch: 4)
        try log.append(batch(2), epoch: 5)
        let bytes = disk.bytes(of: path(0))!
        let second = try bytes.withUnsafeBytes { try BatchHeader($0.bytes, at: header(batch(3)).sizeInBytes) }
        #expect(second.baseOffset == 3)
        #expect(second.partitionLeaderEpoch == 5)
        #expect(bytes.withUnsafeBytes { batchChecksumHolds($0, header: header(bytes)) })
        #expect(log.latestEpoch == 5)
        #expect(log.endOffset(of: 4)! == (4, 3))
    }

    @Test func `each of the last five batches is answered with its first offset when it comes again`() throws
    {
        let log = try makeLog(SimulatedDisk())
        for sequence in 0..<7 {
            try log.append(batch(time: Int64(sequence), producer: Producer(sequence: Int32(sequence))))
        }
        for sequence in 2..<7 {
            #expect(
                try log.append(batch(time: 99, producer: Producer(sequence: Int32(sequence)))) == [
                    .duplicate(
                        base: Offset(Int64(sequence)), timestamp: Timestamp(milliseconds: Int64(sequence)))
                ])
        }
        #expect(try code(log.append(batch(producer: Producer(sequence: 1)))[0]) == .outOfOrderSequenceNumber)
        #expect(log.endOffset == 7)
    }

    @Test func `sequences are checked against earlier batches of the same burst`() throws {
        let log = try makeLog(SimulatedDisk())
        let outcomes = try log.append(
            batch(2, producer: Producer(sequence: 0)), batch(2, producer: Producer(sequence: 2)),
            batch(2, producer: Producer(sequence: 0)), batch(1, producer: Producer(sequence: 9)),
            batch(1, producer: Producer(sequence: 4)))
        #expect(outcomes[0] == .appended(base: 0, logAppendTime: nil))
        #expect(outcomes[1] == .appended(base: 2, logAppendTime: nil))
        #expect(outcomes[2] == .duplicate(base: 0, timestamp: 1))
        #expect(code(outcomes[3]) == .outOfOrderSequenceNumber)
        #expect(outcomes[4] == .appended(base: 4, logAppendTime: nil))
        #expect(try log.headers().map(\.baseOffset) == [0, 2, 4])
    }

    @Test func `an older epoch is fenced, a newer one begins at sequence 0`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch(producer: Producer(epoch: 3, sequence: 40)))
        #expect(
            try code(log.append(batch(producer: Producer(epoch: 2, sequence: 41)))[0])
                == .invalidProducerEpoch)
        #expect(
            try code(log.append(batch(producer: Producer(epoch: 4, sequence: 41)))[0])
                == .outOfOrderSequenceNumber)
        #expect(
            try log.append(batch(producer: Producer(epoch: 4, sequence: 0))) == [
                .appended(base: 1, logAppendTime: nil)
            ])
    }

    @Test func `sequence numbers go on from 0 after 2^31 - 1`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch(2, producer: Producer(sequence: .max - 2)))
        // The last of these three has sequence 1.
        try log.append(batch(3, producer: Producer(sequence: .max)))
        #expect(
            try log.append(batch(1, producer: Producer(sequence: 2))) == [
                .appended(base: 5, logAppendTime: nil)
            ])
        #expect(
            try log.append(batch(3, producer: Producer(sequence: .max))) == [
                .duplicate(base: 2, timestamp: 2)
            ])
    }

    @Test(arguments: [0, 1, 70, 100, 200])
    func `a failed write leaves nothing behind`(landed: Int) throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        try log.append(batch(2, producer: Producer(sequence: 0)))
        let before = disk.bytes(of: path(0))
        disk.cutNextWrite(after: landed)
        #expect(throws: DiskError.self) {
            try log.append(
                batch(producer: Producer(sequence: 2)), batch(producer: Producer(sequence: 3)), epoch: 1)
        }
        #expect(disk.bytes(of: path(0)) == before)
        #expect(log.endOffset == 2)
        #expect(log.latestEpoch == 0)
        #expect(log.producers[0].lastSequence == 1)
        #expect(
            try log.append(batch(producer: Producer(sequence: 2))) == [.appended(base: 2, logAppendTime: nil)]
        )
        #expect(try log.headers().map(\.baseOffset) == [0, 2])
    }

    @Test func `a failed burst that rolled takes the roll back`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) {
            $0.segmentBytes = 2000
            $0.indexIntervalBytes = 100
        }
        for _ in 0..<5 { try log.append(batch(size: 200)) }
        let before = disk.bytes(of: path(0))
        let names = disk.paths
        // The third write after the roll's own: indexes, snapshot, then the second segment's bytes.
        disk.fail(.write, with: .noSpace, after: 4)
        #expect(throws: DiskError.self) {
            try log.append(all: (0..<12).map { batch(size: 200, producer: Producer(sequence: Int32($0))) })
        }
        #expect(disk.bytes(of: path(0)) == before)
        #expect(disk.paths.filter { $0.hasSuffix(".log") } == names.filter { $0.hasSuffix(".log") })
        #expect(log.endOffset == 5)
        #expect(log.segmentCount == 1)
        #expect(log.producers.isEmpty)
        try log.append(all: (0..<12).map { batch(size: 200, producer: Producer(sequence: Int32($0))) })
        #expect(try log.headers().map(\.baseOffset) == Array(0..<17))
        let (again, _) = try openLog(disk, config: log.config)
        #expect(try again.headers().map(\.baseOffset) == Array(0..<17))
    }

    @Test func `what could not be cut off is cut before the next append`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        disk.cutNextWrite(after: 100)
        disk.fail(.truncate, with: .io(5))
        #expect(throws: DiskError.self) { try log.append(batch(), batch(size: 300)) }
        #expect(disk.bytes(of: path(0))!.count == 100)
        try log.append(batch(size: 1))
        #expect(disk.bytes(of: path(0))!.count == Int(log.sizeBytes))
    }

    @Test func `a follower takes offsets and epochs as they are, and refuses what does not fit`() throws {
        let leader = try makeLog(SimulatedDisk())
        try leader.append(batch(2), epoch: 3)
        try leader.append(batch(3, producer: Producer(sequence: 10)), epoch: 4)
        let bytes = try leader.bytes(of: leader.read(from: 0, maxBytes: 4096, bound: 5, minOneBatch: true)!)
        let follower = try makeLog(SimulatedDisk())
        let first = header(bytes).sizeInBytes
        // The second batch is cut off: only the first is taken.
        let one = try bytes[..<(bytes.count - 5)].withUnsafeBytes {
            try follower.appendAsFollower($0, now: 0)
        }
        #expect(one == FollowerAppend(first: 0, end: 2, byteCount: first, maxTimestamp: 1))
        let rest = Array(bytes[first...])
        _ = try rest.withUnsafeBytes { try follower.appendAsFollower($0, now: 0) }
        #expect(follower.endOffset == 5)
        #expect(follower.endOffset(of: 3)! == (3, 2))
        #expect(follower.producers[0].lastSequence == 12)
        #expect(throws: LogError.self) {
            try rest.withUnsafeBytes { try follower.appendAsFollower($0, now: 0) }
        }
        var damaged = rest
        damaged[70] ^= 1
        let third = try makeLog(SimulatedDisk())
        #expect(throws: LogError.self) {
            try damaged.withUnsafeBytes { try third.appendAsFollower($0, now: 0) }
        }
        #expect(third.endOffset == 0)
    }

    @Test func `no timestamp is too far from another to be appended behind it`() throws {
        let log = try makeLog(SimulatedDisk())
        // What a producer claims in the header; the records say otherwise, and are not looked at for an append.
        var oldest = batch(1)
        for index in 35..<43 { oldest[index] = index == 35 ? 0x80 : 0 }
        #expect(header(oldest).maxTimestamp == .min)
        try log.append(batch(1, time: 1000))
        try log.append(oldest)
        #expect(log.endOffset == 2)
    }
}
