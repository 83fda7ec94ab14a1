import Ports
import Records
import Vocabulary

extension Recovery {
    enum Tail {
        /// Batches and index agree; where the segment's offsets end.
        case sound(Offset)
        case indexDamaged
        case logDamaged(position: Int64, detail: String)
    }

    /// Checks the index's last entry, and the batches from there to the end of the file.
    func tail(of segment: Segment) throws(DiskError) -> Tail {
        guard try segment.index.open(disk) else { return .indexDamaged }
        let last = try segment.index.last(disk)
        var position = Int64(last?.position ?? 0)
        guard position >= 0, last == nil || position < segment.size else { return .indexDamaged }
        var expectedLast = last.map { segment.baseOffset.value + Int64($0.relativeOffset) }
        var end = segment.baseOffset
        segment.bytesSinceEntry = 0
        var scanner = BatchScanner(
            disk: disk, file: segment.log, end: segment.size, chunk: log.config.indexIntervalBytes + 512)
        while true {
            switch try scanner.header(at: position) {
            case .end: return .sound(end)
            case .damaged(let detail):
                return expectedLast == nil ? .logDamaged(position: position, detail: detail) : .indexDamaged
            case .batch(let header):
                if let expected = expectedLast, expected != header.lastOffset { return .indexDamaged }
                expectedLast = nil
                // Here an entry should stand: the index was cut.
                if segment.bytesSinceEntry > log.config.indexIntervalBytes { return .indexDamaged }
                segment.bytesSinceEntry += header.sizeInBytes
                segment.tailTimestamp = max(segment.tailTimestamp, header.maxTimestamp)
                position += Int64(header.sizeInBytes)
                end = Offset(header.nextOffset)
            }
        }
    }

    /// Scans what lies behind the recovery point.
    mutating func openUnclean() throws {
        let point = start.recoveryPoint ?? log.segments[0].baseOffset
        // Later epochs are found in the batches again.
        _ = log.epochs.truncate(to: point)
        var end = log.segments[0].baseOffset
        var index = 0
        while index < log.segments.count {
            let segment = log.segments[index]
            let next = index + 1 < log.segments.count ? log.segments[index + 1].baseOffset : nil
            if let next, next <= point {
                end = try checkSealed(segment, next: next)
            } else {
                if index > 0, end < segment.baseOffset, segment.baseOffset > point, !log.config.cleanupCompact
                {
                    // The end of the one before never reached the disk, so nothing behind it was promised.
                    try dropSegments(
                        from: index, "offsets \(end) to \(segment.baseOffset) were never written")
                    break
                }
                end = try scanSegment(index, point: point, next: next)
            }
            index += 1
        }
        log.endOffset = end
        log.syncedOffset = min(point, end)
        log.recoveryPoint = min(point, end)
        if let point = start.recoveryPoint, end < point {
            report.warnings.append("the log ends at \(end), though offsets up to \(point) were once synced")
        }
        finishActive()
        if !areEpochsKnown, point > log.segments[0].baseOffset {
            log.epochs = LeaderEpochs()
            try log.rebuildEpochs()
        }
        if log.epochs.truncate(to: end) { log.dirt.epochs.changed(from: end) }
        try rebuildProducers()
        // Whatever is there now may be in the page cache only.
        log.dirt.isActiveDirty = true
        log.dirt.isDirectoryDirty = true
        log.dirt.isRootDirty = true
        if log.endOffset > log.syncedOffset { log.unsyncedSince = now }
    }

    private func finishActive() { log.active.reservedUpTo = -1 }

    /// A segment below the recovery point: its batches are trusted, its index is looked at.
    private mutating func checkSealed(_ segment: Segment, next: Offset) throws -> Offset {
        var end = segment.baseOffset
        if segment.size > 0 {
            let found = hasIndexes(segment) ? try tail(of: segment) : .indexDamaged
            switch found {
            case .sound(let offset): end = offset
            case .indexDamaged:
                end = try log.rebuildIndexes(of: segment)
                report.rebuiltIndexes += 1
            case .logDamaged(let position, let detail):
                throw LogError.corrupted(path: segment.path, offset: end, position: position, detail: detail)
            }
            try checkTimes(segment)
        }
        if end > next {
            throw LogError.corrupted(
                path: segment.path, offset: next, position: segment.size,
                detail: "it reaches offset \(end), into the next segment, which begins at \(next)")
        }
        if end < next, !log.config.cleanupCompact {
            report.warnings.append("offsets \(end) to \(next) are missing before segment \(next)")
        }
        return end
    }

    private mutating func checkTimes(_ segment: Segment) throws {
        guard !segment.areTimesKnown else { return }
        let next = log.segments[log.segmentIndex(for: segment.baseOffset) + 1].baseOffset
        guard try !segment.loadTimes(disk, end: next) || !timesRise(segment) else { return }
        try rebuild(segment)
    }

    private func timesRise(_ segment: Segment) throws(DiskError) -> Bool {
        var last: TimeEntry?
        var rise = true
        try segment.times.forEach(disk) { entry in
            if entry.relativeOffset < 0 { rise = false }
            if let last, entry.timestamp <= last.timestamp || entry.relativeOffset <= last.relativeOffset {
                rise = false
            }
            last = entry
        }
        return rise
    }

    private func positionsRise(_ segment: Segment, below relative: Int64) throws(DiskError) -> Bool {
        var last: OffsetEntry?
        var rise = true
        try segment.index.forEach(disk) { entry in
            if let last {
                // Behind the recovery point a page of the index may be missing: those entries go anyway.
                let isTrusted =
                    Int64(last.relativeOffset) < relative && Int64(entry.relativeOffset) < relative
                if entry.relativeOffset <= last.relativeOffset || entry.position <= last.position {
                    if isTrusted { rise = false }
                }
            }
            if entry.relativeOffset < 0 || entry.position < 0 { rise = false }
            last = entry
        }
        return rise
    }

    /// Reads and checks a segment's batches from the recovery point on.
    /// - Returns: where its offsets end.
    private mutating func scanSegment(_ index: Int, point: Offset, next: Offset?) throws -> Offset {
        let segment = log.segments[index]
        var position: Int64 = 0
        var end = segment.baseOffset
        if point > segment.baseOffset {
            (position, end) = try trustedPart(of: segment, below: point)
        } else {
            try log.dropIndexes(of: segment)
            segment.areTimesKnown = true
        }
        var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size, chunk: 256 << 10)
        scan: while true {
            var found = try scanner.checkedHeader(at: position)
            if case .batch(let header) = found {
                if header.baseOffset < end.value || !segment.canHold(header.lastOffset) {
                    found = .damaged("offset \(header.baseOffset) follows \(end)")
                } else if let next, header.nextOffset > next.value {
                    throw LogError.corrupted(
                        path: segment.path, offset: Offset(header.baseOffset), position: position,
                        detail:
                            "offset \(header.lastOffset) reaches into the next segment, which begins at \(next)"
                    )
                }
            }
            switch found {
            case .end: break scan
            case .batch(let header):
                segment.note(header, at: position, interval: log.config.indexIntervalBytes)
                if header.partitionLeaderEpoch != log.epochs.latest?.value ?? -1 {
                    log.noteEpoch(
                        LeaderEpoch(header.partitionLeaderEpoch), startOffset: Offset(header.baseOffset))
                }
                end = Offset(header.nextOffset)
                position += Int64(header.sizeInBytes)
                report.batchesScanned += 1
                report.bytesScanned += Int64(header.sizeInBytes)
            case .damaged(let detail):
                if try !cutFill(segment, at: position) { try cutOrReport(index, at: position, end, detail) }
                break scan
            }
        }
        if index < log.segments.count - 1 {
            try log.sealIndexes(of: segment)
            log.dirt.add(segment.log)
        }
        return end
    }

    /// Below the recovery point index entries are exact, or damaged; those above it are dropped and made anew.
    /// - Returns: where the batch of the recovery point begins, and the offset there.
    private mutating func trustedPart(of segment: Segment, below point: Offset) throws -> (Int64, Offset) {
        let relative = point - segment.baseOffset
        try segment.index.open(disk)
        try segment.times.open(disk)
        var isSound = try hasIndexes(segment) && positionsRise(segment, below: relative)
        if isSound {
            let kept = try segment.index.last(disk) { Int64($0.relativeOffset) < relative }
            let time = try segment.times.last(disk) { Int64($0.relativeOffset) < relative }
            try segment.index.truncate(toCount: kept.map { $0.0 + 1 } ?? 0, disk)
            try segment.times.truncate(toCount: time.map { $0.0 + 1 } ?? 0, disk)
            isSound = try timesRise(segment)
            segment.resetTimes(to: time?.1)
            segment.bytesSinceEntry = 0
            segment.areTimesKnown = true
            if isSound, let place = try walkTrusted(segment, from: kept?.1, to: point) { return place }
        }
        // Made anew from the segment's beginning.
        try log.dropIndexes(of: segment)
        segment.areTimesKnown = true
        report.rebuiltIndexes += 1
        if let place = try walkTrusted(segment, from: nil, to: point, strict: false) { return place }
        return (0, segment.baseOffset)
    }

    /// - Returns: nil when the index does not fit the batches.
    private mutating func walkTrusted(
        _ segment: Segment, from entry: OffsetEntry?, to point: Offset, strict: Bool = true
    ) throws -> (Int64, Offset)? {
        var position = Int64(entry?.position ?? 0)
        guard entry == nil || position < segment.size else { return nil }
        var end = segment.baseOffset
        var expectedLast = entry.map { segment.baseOffset.value + Int64($0.relativeOffset) }
        var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size)
        while end < point {
            switch try scanner.header(at: position) {
            case .end: return (position, end)
            case .damaged(let detail):
                if expectedLast != nil { return nil }
                throw LogError.corrupted(
                    path: segment.path, offset: end, position: position,
                    detail: "\(detail); everything below offset \(point) was synced")
            case .batch(let header):
                if let expected = expectedLast, expected != header.lastOffset { return nil }
                expectedLast = nil
                if header.baseOffset >= point.value { return (position, end) }
                if strict, segment.bytesSinceEntry > log.config.indexIntervalBytes { return nil }
                segment.note(header, at: position, interval: log.config.indexIntervalBytes)
                position += Int64(header.sizeInBytes)
                end = Offset(header.nextOffset)
                report.batchesScanned += 1
                report.bytesScanned += Int64(BatchHeader.byteCount)
            }
        }
        return (position, end)
    }
}
