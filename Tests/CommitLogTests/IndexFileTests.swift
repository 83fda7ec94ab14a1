import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct IndexFileTests {
    @Test func `an offset entry is eight bytes, big-endian`() throws {
        let disk = SimulatedDisk()
        var index = OffsetIndex(path: "x.index", isNew: true)
        index.append(OffsetEntry(relativeOffset: 0x0102_0304, position: 0x0506_0708))
        index.append(OffsetEntry(relativeOffset: 0x0102_0305, position: 0x7FFF_FFFF))
        try index.flush(disk)
        #expect(
            disk.bytes(of: "x.index") == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 5, 0x7F, 0xFF, 0xFF, 0xFF])
    }

    @Test func `a time entry is twelve bytes, big-endian`() throws {
        let disk = SimulatedDisk()
        var index = TimeIndex(path: "x.timeindex", isNew: true)
        index.append(TimeEntry(timestamp: 0x0000_0190_1234_5678, relativeOffset: 0x0A0B_0C0D))
        try index.flush(disk)
        #expect(disk.bytes(of: "x.timeindex") == [0, 0, 1, 0x90, 0x12, 0x34, 0x56, 0x78, 0xA, 0xB, 0xC, 0xD])
    }

    @Test func `the bytes of a log's own indexes`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.indexIntervalBytes = 100 }
        // Batches of 61 + 10 + 6 or 7 bytes: an entry before every third.
        for index in 0..<5 { try log.append(batch(2, size: 10, time: Int64(1000 + index))) }
        let size = Int32(header(batch(2, size: 10)).sizeInBytes)
        try #require(size < 100 && size > 50)
        try log.close()
        var expected: [UInt8] = []
        for (offset, position) in [(5, 2 * size), (9, 4 * size)] as [(Int32, Int32)] {
            for value in [offset, position] { withUnsafeBytes(of: value.bigEndian) { expected += $0 } }
        }
        #expect(disk.bytes(of: path(0, ".index")) == expected)
        // Timestamps 1000, 1001, ... of two records each: the third batch has 1003, the fifth 1005.
        var times: [UInt8] = []
        for (time, offset) in [(1003, 5), (1005, 9)] as [(Int64, Int32)] {
            withUnsafeBytes(of: time.bigEndian) { times += $0 }
            withUnsafeBytes(of: offset.bigEndian) { times += $0 }
        }
        #expect(disk.bytes(of: path(0, ".timeindex")) == times)
    }

    /// Against a linear search, at every stage of an index's life.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a search finds what a linear one finds`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        var index = OffsetIndex(path: "x.index", isNew: true)
        var entries: [OffsetEntry] = []
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            for _ in 0..<Int.random(in: 0...200, using: &generator) {
                let last = entries.last ?? OffsetEntry(relativeOffset: -1, position: -1)
                let entry = OffsetEntry(
                    relativeOffset: last.relativeOffset + Int32.random(in: 1...9, using: &generator),
                    position: last.position + Int32.random(in: 1...9, using: &generator))
                entries.append(entry)
                index.append(entry)
            }
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: try index.flush(disk)
            case 1:
                try index.flush(disk)
                index.dropTail()
            case 2:
                try index.flush(disk)
                index.close(disk)
                index = OffsetIndex(path: "x.index", isNew: false)
                try index.open(disk)
            default:
                let count = Int.random(in: 0...entries.count, using: &generator)
                try index.truncate(toCount: count, disk)
                entries.removeLast(entries.count - count)
            }
            #expect(index.count == entries.count)
            for target in stride(from: -2, to: (entries.last?.relativeOffset ?? 0) + 3, by: 1) {
                let found = try index.last(disk) { $0.relativeOffset <= target }
                #expect(found?.1 == entries.last { $0.relativeOffset <= target }, "seed \(seed), \(target)")
            }
            var all: [OffsetEntry] = []
            try index.forEach(disk) { all.append($0) }
            #expect(all == entries)
        }
    }

    @Test func `entries wait in memory and go to the file in one write`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.indexIntervalBytes = 1 }
        for _ in 0..<50 { try log.append(batch()) }
        #expect(!disk.exists(path(0, ".index")))
        disk.resetCounts()
        let sync = try #require(try log.beginSync(checkpoint: true))
        // Index, time index, snapshot, epochs.
        #expect(disk.count(.write) == 4)
        #expect(sync.upTo == 50)
    }
}
