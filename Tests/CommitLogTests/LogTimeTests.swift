import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogTimeTests {
    /// Against a linear scan over all records.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func `the first record at or after a time is found`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        var log = try makeLog(disk) {
            $0.segmentBytes = 2500
            $0.segmentMs = .max
            $0.indexIntervalBytes = Int.random(in: 1...500, using: &generator)
        }
        var records: [(offset: Int64, time: Int64)] = []
        let codecs: [Codec] = [.none, .lz4, .zstd, .gzip]
        for _ in 0..<60 {
            let count = Int.random(in: 1...5, using: &generator)
            let time = Int64.random(in: 0...300, using: &generator)
            let base = log.endOffset.value
            try log.append(batch(count, size: 30, time: time, codec: codecs[Int(seed) % 4]))
            for index in 0..<count { records.append((base + Int64(index), time + Int64(index))) }
        }
        if seed % 2 == 1 {
            try log.close()
            log = try openLog(disk, from: log.endOffset, clean: true, config: log.config).0
        }
        for target in Int64(0)...310 {
            let bound = Int64.random(in: 0...log.endOffset.value, using: &generator)
            let expected = records.first { $0.time >= target && $0.offset < bound }
            let found = try log.offset(atOrAfter: Timestamp(milliseconds: target), bound: Offset(bound))
            #expect(found?.offset.value == expected?.offset, "seed \(seed), time \(target), bound \(bound)")
            #expect(found?.timestamp.milliseconds == expected?.time)
        }
        let newest = records.map(\.time).max()!
        let found = try #require(try log.maxTimestamp())
        #expect(found.timestamp.milliseconds == newest)
        #expect(found.offset.value == records.first { $0.time == newest }!.offset)
    }

    @Test func `a log that starts inside a batch answers from its start on`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch(5, time: 100))
        try log.deleteRecords(before: 3, now: 0)
        #expect(try log.offset(atOrAfter: 0, bound: 5)?.offset == 3)
        #expect(try log.offset(atOrAfter: 104, bound: 5)?.offset == 4)
    }

    @Test func `an empty log knows no time`() throws {
        let log = try makeLog(SimulatedDisk())
        #expect(try log.maxTimestamp() == nil)
        #expect(try log.offset(atOrAfter: 0, bound: 0) == nil)
    }
}
