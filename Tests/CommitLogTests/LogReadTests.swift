import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogReadTests {
    @Test func `a slice begins with the batch that holds the offset and ends at the bound`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch(3), batch(3), batch(3))
        let size = header(batch(3)).sizeInBytes
        let slice = try #require(try log.read(from: 4, maxBytes: 9999, bound: 6, minOneBatch: true))
        #expect(slice.firstOffset == 3)
        #expect(slice.position == Int64(size))
        #expect(slice.byteCount == size)
        #expect(try log.read(from: 6, maxBytes: 9999, bound: 6, minOneBatch: true) == nil)
        #expect(try log.read(from: 9, maxBytes: 9999, bound: 9, minOneBatch: true) == nil)
        #expect(throws: LogError.offsetOutOfRange(requested: 10, start: 0, end: 9)) {
            try log.read(from: 10, maxBytes: 1, bound: 9, minOneBatch: true)
        }
    }

    @Test func `a slice holds whole batches, the first one whatever its size`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch(size: 500), batch(size: 100), batch(size: 100))
        let big = header(batch(size: 500)).sizeInBytes
        let small = header(batch(size: 100)).sizeInBytes
        #expect(try log.read(from: 0, maxBytes: 10, bound: 3, minOneBatch: true)?.byteCount == big)
        #expect(try log.read(from: 0, maxBytes: 10, bound: 3, minOneBatch: false) == nil)
        #expect(
            try log.read(from: 0, maxBytes: big + small + 1, bound: 3, minOneBatch: false)?.byteCount == big
                + small)
    }

    /// The index against a scan: every offset, many sizes, fresh and reopened.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func `every look-up agrees with a linear scan`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        var log = try makeLog(disk) {
            $0.segmentBytes = 3000
            $0.indexIntervalBytes = Int.random(in: 1...400, using: &generator)
        }
        var all: [BatchHeader] = []
        for _ in 0..<60 {
            let count = Int.random(in: 1...4, using: &generator)
            let bytes = batch(count, size: Int.random(in: 0...120, using: &generator))
            try log.append(bytes)
        }
        if seed % 3 == 1 {
            try log.close()
            log = try openLog(disk, from: log.endOffset, clean: true, config: log.config).0
        } else if seed % 3 == 2 {
            log = try openLog(disk, config: log.config).0
        }
        all = try log.headers()
        #expect(all.last!.nextOffset == log.endOffset.value)
        for offset in 0..<log.endOffset.value {
            let expected = all.first { $0.lastOffset >= offset }!
            let maxBytes = Int.random(in: 1...900, using: &generator)
            let bound = Offset(all.randomElement(using: &generator)!.baseOffset)
            let slice = try log.read(
                from: Offset(offset), maxBytes: maxBytes, bound: bound, minOneBatch: true)
            guard expected.baseOffset < bound.value else {
                #expect(slice == nil)
                continue
            }
            let found = try #require(slice)
            let headers = try log.headers(in: found)
            #expect(headers[0].baseOffset == expected.baseOffset, "offset \(offset)")
            #expect(headers.last!.nextOffset <= bound.value)
            #expect(found.byteCount <= maxBytes || headers.count == 1)
        }
    }

    @Test func `the byte count is exact at the end of the log and zero at the bound`() throws {
        let log = try makeLog(SimulatedDisk()) { $0.segmentBytes = 2000 }
        for _ in 0..<50 { try log.append(batch(2, size: 20)) }
        let size = header(batch(2, size: 20)).sizeInBytes
        #expect(log.segmentCount > 2)
        #expect(log.byteCount(from: 98, bound: 100) == size)
        #expect(log.byteCount(from: 100, bound: 100) == 0)
        #expect(log.byteCount(from: 0, bound: 100) == Int(log.sizeBytes))
        #expect(log.byteCount(from: 98, bound: 98) == 0)
        let base = log.segments[1].baseOffset
        #expect(log.byteCount(from: 0, bound: base) == Int(log.segments[0].size))
    }

    @Test func `at the end of the log neither consumer nor high watermark costs a look into the file`() throws
    {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        for _ in 0..<300 { try log.append(batch(size: 100)) }
        disk.resetCounts()
        for offset in 280..<300 {
            #expect(
                try log.read(
                    from: Offset(Int64(offset)), maxBytes: 300, bound: 299, minOneBatch: true) != nil
                    || offset == 299)
            _ = log.byteCount(from: Offset(Int64(offset)), bound: 299)
        }
        #expect(disk.count(.read) == 0)
    }

    @Test func `a consumer far behind goes on where its last slice was cut`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.segmentBytes = 400_000 }
        for _ in 0..<5000 { try log.append(batch(size: 60)) }
        #expect(log.segmentCount > 1)
        var next: Offset = 0
        var slices = 0
        disk.resetCounts()
        while next < log.segments[1].baseOffset {
            let slice = try #require(
                try log.read(from: next, maxBytes: 10_000, bound: log.endOffset, minOneBatch: true))
            let headers = try log.headers(in: slice)
            next = Offset(headers.last!.nextOffset)
            slices += 1
        }
        // Each one: its own read by `headers`, one at the remembered cut, and the index for where to cut next.
        #expect(disk.count(.read) / slices <= 4)
    }

    @Test func `damage met by a reader is an error with its place`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        for _ in 0..<200 { try log.append(batch(size: 10)) }
        let size = header(batch(size: 10)).sizeInBytes
        disk.corrupt(path(0), at: 20 * size + 16)
        #expect(throws: LogError.self) { try log.headers(from: 22, maxBytes: 100) }
    }

    @Test(arguments: [(60, 0), (60, 3), (61, 4), (80, 7), (0, 1), (199, 2)] as [(Int, Int)])
    func `a batch whose offset rotted ends no reader's search in a circle`(number: Int, byte: Int) throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.indexIntervalBytes = 100 }
        for _ in 0..<200 { try log.append(batch(size: 10)) }
        try log.close()
        let size = header(batch(size: 10)).sizeInBytes
        disk.corrupt(path(0), at: number * size + byte, mask: 0x40)
        let start = RecoveryStart(recoveryPoint: 200, clean: true)
        let (again, _) = try Log.open(
            disk: disk, topicPartition: partition, topicID: topicID, config: log.config, start: start, now: 0)
        for offset in 0..<200 as Range<Int64> {
            _ = try? again.read(from: Offset(offset), maxBytes: 100, bound: 200, minOneBatch: true)
        }
    }
}
