import Ports
import Records
import Vocabulary

/// Telling a tail that never became whole from damage to what was.
extension Recovery {
    private static let sectorSize: Int64 = 512

    /// Cuts the zeros that the file was filled with ahead of the writer (`fillsAhead`), if there is nothing else behind `position`.
    ///
    /// Only behind the recovery point: below it, where there were batches, zeros are damage like any other.
    mutating func cutFill(_ segment: Segment, at position: Int64) throws(DiskError) -> Bool {
        guard log.config.fillsAhead, try isZero(segment, from: position) else { return false }
        try cut(segment, at: position)
        return true
    }

    private func isZero(_ segment: Segment, from position: Int64) throws(DiskError) -> Bool {
        var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size, chunk: 64 << 10)
        var at = position
        while at < segment.size {
            let count = Int(min(segment.size - at, 64 << 10))
            guard let bytes = try scanner.bytes(at: at, count: count), bytes.allSatisfy({ $0 == 0 }) else {
                return false
            }
            at += Int64(count)
        }
        return true
    }

    private mutating func cut(_ segment: Segment, at position: Int64) throws(DiskError) {
        try disk.truncate(segment.log, to: position)
        segment.size = position
        segment.reservedUpTo = 0
        mustSync.append(.file(segment.log))
    }

    /// No sound batch stands at `position` of a segment behind the recovery point.
    ///
    /// With nothing sound behind it, it is the end of a write that was cut off: it goes. With sound batches behind it
    /// there are two causes. A power loss keeps any of the pages that were not synced; a page that never reached the
    /// disk reads as zeros to the end of a sector. Nothing behind such a hole can have been acknowledged, for a sync
    /// would have written the hole too: it is cut, and reported. Anything else is damage to bytes that were there.
    mutating func cutOrReport(_ index: Int, at position: Int64, _ expected: Offset, _ detail: String) throws {
        let segment = log.segments[index]
        let sound = try segment.soundBatches(disk, behind: position, expected: expected).map(\.position)
        var dropped = sound.count
        for later in log.segments[(index + 1)...] where later.size > 0 {
            dropped += try later.soundBatches(disk, behind: -1, expected: later.baseOffset).count
        }
        if dropped > 0 {
            let isTorn = try sound.isEmpty && endsInside(segment, position)
            guard try isTorn || hasHole(segment, position..<(sound.first ?? segment.size), expected: expected)
            else {
                throw LogError.corrupted(
                    path: segment.path, offset: expected, position: position,
                    detail: "\(detail); \(dropped) sound batch(es) follow")
            }
            report.droppedBatches += dropped
            report.warnings.append(
                "pages behind offset \(expected) never reached the disk; \(dropped) batch(es) behind them, "
                    + "which no one was promised, are cut too")
        }
        report.truncatedBytes += segment.size - position
        try cut(segment, at: position)
        try dropSegments(from: index + 1, nil)
    }

    /// Takes segments away that stand behind the log's end.
    mutating func dropSegments(from index: Int, _ reason: String?) throws {
        guard index < log.segments.count else { return }
        var dropped = 0
        for segment in log.segments[index...] {
            report.truncatedBytes += segment.size
            if reason != nil {
                dropped += try segment.soundBatches(disk, behind: -1, expected: segment.baseOffset).count
            }
            report.removedFiles.append(String(LogPaths.file("", segment.baseOffset, ".log").dropFirst()))
            try log.removeFiles(of: segment)
            log.dirt.forget(segment.log)
        }
        report.droppedBatches += dropped
        if let reason, dropped > 0 {
            report.warnings.append(
                "\(reason); \(dropped) batch(es) behind them, which no one was promised, are cut")
        }
        log.segments.removeSubrange(index...)
        mustSync.append(.directory(log.directory))
    }

    /// Whether the file ends before the batch at `position` does, and not only because the batch's length is wrong.
    private func endsInside(_ segment: Segment, _ position: Int64) throws(DiskError) -> Bool {
        var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size)
        let count = Int(segment.size - position)
        guard count >= BatchHeader.byteCount else { return true }
        guard let bytes = try scanner.bytes(at: position, count: count),
            let header = try? BatchHeader(bytes.bytes, at: 0), header.sizeInBytes > count
        else { return false }
        // The checksum does not cover the length: where it holds, all the batch is there.
        return crc32c(UnsafeRawBufferPointer(rebasing: bytes[BatchHeader.checksummedFrom...])) != header.crc
    }

    /// Whether a sector's rest, from where it meets `range`, is all zeros, and sound batches would not be.
    ///
    /// Batches have zeros of their own: the high bytes of offset and length at `range`'s beginning, and a few at
    /// their end. Where too little is in sight to tell, it is no hole.
    private func hasHole(
        _ segment: Segment, _ range: Range<Int64>, expected: Offset
    ) throws(DiskError) -> Bool {
        var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size, chunk: 64 << 10)
        var sector = range.lowerBound / Self.sectorSize * Self.sectorSize
        while sector < range.upperBound {
            let from = max(sector, range.lowerBound)
            let to = min(sector + Self.sectorSize, segment.size)
            if from < to, let bytes = try scanner.bytes(at: from, count: Int(to - from)),
                bytes.allSatisfy({ $0 == 0 })
            {
                let offsetBytesInSight = min(bytes.count, 8)
                let isOffsetLost = expected.value >> (8 * (8 - offsetBytesInSight)) != 0
                if bytes.count >= 16 || from == range.lowerBound && isOffsetLost { return true }
            }
            sector += Self.sectorSize
        }
        return false
    }
}
