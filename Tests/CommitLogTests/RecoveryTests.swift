import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

/// What the producers' state must be, from the batches alone.
func recomputedProducers(_ headers: [BatchHeader]) -> ProducerStates {
    var states = ProducerStates()
    for header in headers where header.producerID >= 0 { states.note(header, now: 0) }
    return states
}

struct RecoveryTests {
    /// Two segments; three producers and batches without one in the second.
    private func twoSegments(_ disk: SimulatedDisk, interval: Int = 150) throws -> (Log, Offset) {
        let log = try makeLog(disk) {
            $0.segmentBytes = 2200
            $0.indexIntervalBytes = interval
        }
        var sequences: [Int64: Int32] = [:]
        var count = 0
        func next() -> [UInt8] {
            count += 1
            let id = Int64(count % 4)
            let records = 1 + count % 3
            guard id > 0 else { return batch(records, size: count % 50, time: Int64(count * 10)) }
            let sequence = sequences[id, default: 0]
            sequences[id] = sequence + Int32(records)
            return batch(
                records, size: count % 40, time: Int64(count * 10),
                producer: Producer(id: id, sequence: sequence))
        }
        while log.segmentCount < 2 { try log.append(next(), epoch: 1) }
        let base = log.active.baseOffset
        while log.active.size < 1300 { try log.append(next(), epoch: 2) }
        return (log, base)
    }

    /// Kills the process at every byte of the last segment's last write.
    @Test(arguments: [false, true])
    func `wherever the last segment is cut, every whole batch before is there`(hasCheckpoint: Bool) throws {
        let original = SimulatedDisk()
        let (log, base) = try twoSegments(original)
        var point = base
        if hasCheckpoint {
            try log.syncAll(checkpoint: true)
            point = log.recoveryPoint
            while log.active.size < 2000 {
                try log.append(
                    batch(
                        2, size: 9,
                        producer: Producer(id: 8, sequence: Int32(log.endOffset.value) - Int32(point.value))))
            }
        }
        let all = try log.headers()
        let pointPosition = all.filter { $0.baseOffset >= base.value && $0.baseOffset < point.value }
            .reduce(0) { $0 + $1.sizeInBytes }
        let bytes = try #require(original.bytes(of: path(base.value)))
        for cut in pointPosition...bytes.count {
            let disk = original.copy()
            disk.setBytes(Array(bytes[..<cut]), of: path(base.value))
            var position = 0
            let expected = all.filter { header in
                guard header.baseOffset >= base.value else { return true }
                position += header.sizeInBytes
                return position <= cut
            }
            let (again, report) = try openLog(disk, from: point, config: log.config)
            let end = expected.last!.nextOffset
            guard again.endOffset.value == end else {
                Issue.record("cut at \(cut): end \(again.endOffset), expected \(end)")
                continue
            }
            let kept = expected.filter { $0.baseOffset >= base.value }.reduce(0) { $0 + $1.sizeInBytes }
            #expect(report.truncatedBytes == Int64(cut - kept))
            #expect(report.rebuiltIndexes == 0)
            #expect(again.producerStates == recomputedProducers(expected), "cut at \(cut)")
            if cut % 37 == 0 {
                #expect(try again.headers() == expected)
                for header in expected {
                    #expect(
                        try again.read(
                            from: Offset(header.lastOffset), maxBytes: 1, bound: again.endOffset,
                            minOneBatch: true)?
                            .firstOffset.value == header.baseOffset)
                }
            }
            #expect(disk.bytes(of: path(base.value))!.count == kept)
        }
    }

    @Test func `a killed process loses nothing that was appended`() throws {
        let disk = SimulatedDisk()
        let (log, _) = try twoSegments(disk)
        let all = try log.headers()
        disk.crash()
        let (again, report) = try openLog(disk, config: log.config)
        #expect(try again.headers() == all)
        #expect(report.truncatedBytes == 0)
        #expect(report.batchesScanned == all.count)
        #expect(again.epochs == log.epochs)
        // It may be in the page cache only: the first sync must name it all.
        #expect(again.syncedOffset < again.endOffset)
        let sync = try #require(try again.beginSync())
        #expect(sync.upTo == again.endOffset)
        #expect(sync.targets.contains(.file(again.segments[0].log)))
        #expect(sync.targets.contains(.file(again.segments[1].log)))
        #expect(sync.targets.contains(.directory(directory)))
        #expect(sync.targets.contains(.directory("")))
    }

    @Test func `only what lies behind the recovery point is scanned`() throws {
        let disk = SimulatedDisk()
        let (log, _) = try twoSegments(disk)
        try log.syncAll(checkpoint: true)
        let point = log.recoveryPoint
        #expect(point == log.endOffset)
        try log.append(batch(size: 5), batch(size: 5))
        disk.crash()
        disk.resetCounts()
        let (again, report) = try openLog(disk, from: point, config: log.config)
        #expect(again.endOffset == point + 2)
        // Two batches, and the headers since the last index entry.
        #expect(report.batchesScanned < 6)
        #expect(report.bytesScanned < 700)
        #expect(again.producerStates == log.producerStates)
    }

    @Test func `after a clean stop a log opens with few operations and without a scan`() throws {
        let disk = SimulatedDisk()
        let (log, _) = try twoSegments(disk)
        let all = try log.headers()
        let producers = log.producerStates
        try log.close()
        disk.crash()
        disk.resetCounts()
        let (again, report) = try openLog(disk, from: log.endOffset, clean: true, config: log.config)
        #expect(report.wasClean)
        #expect(report.batchesScanned == 0)
        #expect(disk.count(.list) == 1)
        #expect(disk.count(.read) <= 6)
        #expect(disk.count(.open) <= 6)
        #expect(disk.count(.write) == 0)
        #expect(again.endOffset == log.endOffset)
        #expect(again.syncedOffset == log.endOffset)
        #expect(again.producerStates == producers)
        #expect(again.epochs == log.epochs)
        #expect(try again.beginSync(checkpoint: true) == nil)
        #expect(try again.headers() == all)
        // And goes on as if nothing had been.
        try again.append(batch(3), epoch: 2)
        #expect(try again.headers().count == all.count + 1)
        #expect(try again.maxTimestamp() == log.maxTimestampBeforeClose(all))
    }

    @Test func `a flipped bit with sound batches behind it is reported, and nothing is cut`() throws {
        let original = SimulatedDisk()
        let (log, base) = try twoSegments(original)
        let bytes = try #require(original.bytes(of: path(base.value)))
        let lastStart = bytes.count - (try log.headers().last!.sizeInBytes)
        var generator = SeededGenerator(seed: 3)
        for position in stride(from: 0, to: lastStart, by: 7) {
            let disk = original.copy()
            // The leader epoch is outside the checksum: nothing can be known of it.
            if isOutsideChecksum(position, bytes) { continue }
            disk.corrupt(
                path(base.value), at: position, mask: 1 << UInt8.random(in: 0..<8, using: &generator))
            let damaged = disk.bytes(of: path(base.value))
            #expect(throws: LogError.self, "position \(position)") {
                try openLog(disk, from: base, config: log.config)
            }
            #expect(disk.bytes(of: path(base.value)) == damaged)
        }
    }

    private func isOutsideChecksum(_ position: Int, _ bytes: [UInt8]) -> Bool {
        var at = 0
        while true {
            let size = header(Array(bytes[at...])).sizeInBytes
            if position < at + size {
                return (0..<8).contains(position - at) || (12..<16).contains(position - at)
            }
            at += size
        }
    }

    @Test func `a flipped bit in the last batch cannot be told from a torn write, and is cut`() throws {
        let disk = SimulatedDisk()
        let (log, base) = try twoSegments(disk)
        let last = try log.headers().last!
        disk.corrupt(path(base.value), at: Int(log.active.size) - 3)
        let (again, report) = try openLog(disk, from: base, config: log.config)
        #expect(again.endOffset.value == last.baseOffset)
        #expect(report.truncatedBytes == Int64(last.sizeInBytes))
    }

    @Test func `damage below the recovery point, where all was synced, is never cut`() throws {
        let disk = SimulatedDisk()
        let (log, base) = try twoSegments(disk)
        try log.syncAll(checkpoint: true)
        let last = try log.headers().last!
        disk.corrupt(path(base.value), at: Int(log.active.size) - last.sizeInBytes + 16)
        #expect(throws: LogError.self) { try openLog(disk, from: log.recoveryPoint, config: log.config) }
    }

    /// Every byte of both indexes flipped, both cut at every length.
    @Test(arguments: [".index", ".timeindex"], [true, false])
    func `a damaged index never gives a wrong answer`(suffix: String, isClean: Bool) throws {
        let original = SimulatedDisk()
        let (log, base) = try twoSegments(original)
        let all = try log.headers()
        let latest = try log.maxTimestamp()
        try log.close()
        for segment in [0, base.value] {
            let bytes = try #require(original.bytes(of: path(segment, suffix)))
            for position in 0..<bytes.count {
                for damage in 0..<2 {
                    let disk = original.copy()
                    if damage == 0 {
                        disk.corrupt(path(segment, suffix), at: position, mask: 0x41)
                    } else {
                        disk.setBytes(Array(bytes[..<position]), of: path(segment, suffix))
                    }
                    let (again, _) = try openLog(
                        disk, from: log.endOffset, clean: isClean, config: log.config)
                    let context: Comment = "\(suffix) of \(segment), byte \(position), damage \(damage)"
                    #expect(again.endOffset == log.endOffset, context)
                    for header in all {
                        let slice = try again.read(
                            from: Offset(header.baseOffset), maxBytes: 1, bound: again.endOffset,
                            minOneBatch: true)
                        #expect(slice?.firstOffset.value == header.baseOffset, context)
                    }
                    if suffix == ".index" || damage == 1 {
                        #expect(try again.maxTimestamp() == latest, context)
                    }
                    try again.append(batch(2))
                    #expect(again.endOffset == log.endOffset + 2)
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func `missing indexes are made anew`(isClean: Bool) throws {
        let disk = SimulatedDisk()
        let (log, base) = try twoSegments(disk)
        let all = try log.headers()
        try log.close()
        let expected = disk.bytes(of: path(0, ".index"))
        for segment in [0, base.value] {
            try disk.remove(path(segment, ".index"))
            try disk.remove(path(segment, ".timeindex"))
        }
        let (again, _) = try openLog(disk, from: log.endOffset, clean: isClean, config: log.config)
        #expect(try again.headers() == all)
        try again.close()
        #expect(disk.bytes(of: path(0, ".index")) == expected)
    }

    @Test(arguments: ["missing", "damaged", "all missing"])
    func `the producers' state survives its snapshots`(how: String) throws {
        let disk = SimulatedDisk()
        let (log, base) = try twoSegments(disk)
        let states = log.producerStates
        try log.close()
        let snapshot = path(log.endOffset.value, ".snapshot")
        switch how {
        case "missing": try disk.remove(snapshot)
        case "damaged": disk.corrupt(snapshot, at: 20)
        default:
            try disk.remove(snapshot)
            try disk.remove(path(base.value, ".snapshot"))
        }
        for clean in [true, false] {
            let (again, report) = try openLog(
                disk.copy(), from: log.endOffset, clean: clean, config: log.config)
            #expect(again.producerStates == states)
            #expect(report.ignoredSnapshots == (how == "damaged" ? 1 : 0))
        }
    }

    @Test(arguments: [true, false], [true, false])
    func `leader epochs are found again in the batches`(isClean: Bool, isMissing: Bool) throws {
        let disk = SimulatedDisk()
        let (log, _) = try twoSegments(disk)
        let epochs = log.epochs
        #expect(epochs.entries.count == 2)
        try log.close()
        let file = "\(directory)/leader-epoch-checkpoint"
        if isMissing { try disk.remove(file) } else { disk.setBytes(Array("0\n2\n1 0\n".utf8), of: file) }
        let (again, report) = try openLog(disk, from: log.endOffset, clean: isClean, config: log.config)
        #expect(again.epochs == epochs)
        #expect(report.warnings.isEmpty == isMissing)
    }

    @Test func `what an unfinished act left behind goes, what is not ours stays`() throws {
        let disk = SimulatedDisk()
        let (log, base) = try twoSegments(disk)
        let all = try log.headers()
        try log.close()
        for name in [
            "leader-epoch-checkpoint.tmp", "00000000000000000000.log.cleaned",
            "00000000000000000005.log.deleted",
            "00000000000000000077.index", "00000000000000000078.timeindex", "00000000000000000000.index.swap",
        ] {
            disk.setBytes([1, 2, 3], of: "\(directory)/\(name)")
        }
        disk.setBytes([1], of: "\(directory)/notes.txt")
        // Compaction had removed its originals: this is the segment.
        let segment = disk.bytes(of: path(0))!
        try disk.remove(path(0))
        disk.setBytes(segment, of: path(0, ".log.swap"))
        let (again, report) = try openLog(disk, from: base, config: log.config)
        #expect(report.removedFiles.count == 6)
        #expect(try again.headers() == all)
        #expect(disk.exists("\(directory)/notes.txt"))
        #expect(!disk.paths.contains { $0.hasSuffix(".swap") || $0.hasSuffix(".tmp") || $0.contains("77") })
    }

    @Test func `a segment that reaches into the next one is reported`() throws {
        let disk = SimulatedDisk()
        let (log, base) = try twoSegments(disk)
        try log.close()
        let bytes = disk.bytes(of: path(base.value))!
        try disk.remove(path(base.value))
        disk.setBytes(bytes, of: path(base.value - 1))
        #expect(throws: LogError.self) { try openLog(disk, from: log.endOffset, config: log.config) }
    }

    @Test func `a missing segment below the recovery point is told, and the rest is served`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.segmentBytes = 500 }
        for _ in 0..<30 { try log.append(batch(size: 50)) }
        let bases = log.segments.map(\.baseOffset)
        try #require(bases.count > 3)
        try log.close()
        try disk.remove(path(bases[1].value))
        let (again, report) = try openLog(disk, from: log.endOffset, config: log.config)
        #expect(!report.warnings.isEmpty)
        #expect(again.endOffset == log.endOffset)
        #expect(try again.headers(from: bases[1]).first?.baseOffset == bases[2].value)
    }

    @Test func `a directory of another topic with the same name is refused`() throws {
        let disk = SimulatedDisk()
        try makeLog(disk).close()
        #expect(throws: LogError.self) {
            try Log.open(
                disk: disk, topicPartition: partition, topicID: TopicID(high: 1, low: 1), config: LogConfig(),
                start: RecoveryStart(), now: 0)
        }
        let (log, _) = try Log.open(
            disk: disk, topicPartition: partition, topicID: nil, config: LogConfig(), start: RecoveryStart(),
            now: 0)
        #expect(log.topicID == topicID)
    }

    @Test func `the log start comes from the checkpoint`() throws {
        let disk = SimulatedDisk()
        let (log, _) = try twoSegments(disk)
        try log.close()
        #expect(try openLog(disk, from: log.endOffset, start: 5, config: log.config).0.startOffset == 5)
        let beyond = log.endOffset + 10
        let (again, report) = try openLog(disk, from: log.endOffset, start: beyond, config: log.config)
        #expect((again.startOffset, again.endOffset) == (beyond, beyond))
        #expect(!report.warnings.isEmpty)
    }
}

extension Log {
    /// Of these batches, as `maxTimestamp` would say it before anything newer came.
    fileprivate func maxTimestampBeforeClose(_ headers: [BatchHeader]) -> TimestampedOffset? {
        let newest = headers.max { $0.maxTimestamp < $1.maxTimestamp }!
        return TimestampedOffset(
            offset: Offset(newest.lastOffset), timestamp: Timestamp(milliseconds: newest.maxTimestamp),
            leaderEpoch: LeaderEpoch(newest.partitionLeaderEpoch))
    }
}
