import Ports
import Records
package import Vocabulary

/// A batch's place in a segment.
struct BatchPlace {
    let position: Int64
    let baseOffset: Int64
    let size: Int
}

extension Log {
    /// The whole batches from the one that holds `from` up to `bound`, in one segment, `maxBytes` at most.
    ///
    /// - Parameter minOneBatch: the first batch is given whole, however large it is (KIP-74).
    /// - Returns: nil when nothing may be read yet, or the first batch is larger than `maxBytes`.
    package func read(
        from: Offset, maxBytes: Int, bound: Offset, minOneBatch: Bool
    ) throws(LogError) -> LogSlice? {
        guard from >= startOffset, from <= endOffset else {
            throw .offsetOutOfRange(requested: from, start: startOffset, end: endOffset)
        }
        let bound = min(bound, endOffset)
        guard from < bound else { return nil }
        for index in segmentIndex(for: from)..<segments.count {
            let segment = segments[index]
            // Nothing at or behind `from` in this one: a gap, or compaction; the next has it.
            guard let place = try place(of: from, in: segment) else { continue }
            let limit = try position(of: bound, inSegment: index)
            let available = limit - place.position
            guard available > 0 else { return nil }
            let count = try cut(
                segment, place, available: available, maxBytes: maxBytes, minOneBatch: minOneBatch)
            guard count > 0 else { return nil }
            return LogSlice(
                file: segment.log, position: place.position, byteCount: count,
                firstOffset: Offset(place.baseOffset), hasSuccessor: bound > endOffset(ofSegment: index),
                isCut: count < available)
        }
        return nil
    }

    /// How many bytes to give from `place` on.
    private func cut(
        _ segment: Segment, _ place: BatchPlace, available: Int64, maxBytes: Int, minOneBatch: Bool
    ) throws(LogError) -> Int {
        if available <= Int64(maxBytes) { return Int(available) }
        if place.size >= maxBytes { return minOneBatch || place.size == maxBytes ? place.size : 0 }
        let border = place.position + Int64(maxBytes)
        if segment === active, let recent = boundaries.recentIndex(beginningAtOrBefore: border) {
            let position = boundaries.recent[recent].position
            if position > place.position { return Int(position - place.position) }
        }
        do {
            let found = try segment.index.last(disk) { Int64($0.position) <= border }
            if let (_, entry) = found, Int64(entry.position) > place.position {
                let last = segment.baseOffset.value + Int64(entry.relativeOffset)
                if last >= place.baseOffset {
                    boundaries.rememberCut(
                        in: segment, position: Int64(entry.position), offsets: place.baseOffset...last)
                }
                return Int(Int64(entry.position) - place.position)
            }
            var scanner = BatchScanner(disk: disk, file: segment.log, end: segment.size, chunk: maxBytes)
            var position = place.position
            while case .batch(let header) = try scanner.header(at: position),
                position + Int64(header.sizeInBytes) <= border
            { position += Int64(header.sizeInBytes) }
            return Int(position - place.position)
        } catch {
            throw .disk(error)
        }
    }

    /// Where `bound` lies in a segment: everything before is below it.
    private func position(of bound: Offset, inSegment index: Int) throws(LogError) -> Int64 {
        let segment = segments[index]
        if bound >= endOffset(ofSegment: index) { return segment.size }
        if bound <= segment.baseOffset { return 0 }
        return try place(of: bound, in: segment)?.position ?? segment.size
    }

    /// The first batch of the segment that ends at or behind `offset`; nil when there is none.
    func place(of offset: Offset, in segment: Segment) throws(LogError) -> BatchPlace? {
        if segment === active {
            guard offset < endOffset else { return nil }
            if let index = boundaries.recentIndex(endingAtOrAfter: offset.value) {
                let found = boundaries.recent[index]
                let end =
                    index + 1 < boundaries.recent.count ? boundaries.recent[index + 1].position : segment.size
                return BatchPlace(
                    position: found.position, baseOffset: found.baseOffset, size: Int(end - found.position))
            }
        }
        do {
            var scanner = BatchScanner(
                disk: disk, file: segment.log, end: segment.size, chunk: config.indexIntervalBytes + 512)
            for position in [
                boundaries.position(of: offset, in: segment), boundaries.cut(near: offset, in: segment),
            ] {
                guard let position, case .batch(let header) = try scanner.header(at: position),
                    header.baseOffset <= offset.value, header.lastOffset >= offset.value
                else { continue }
                return BatchPlace(position: position, baseOffset: header.baseOffset, size: header.sizeInBytes)
            }
            if let place = try search(offset, segment, &scanner) { return place }
            return nil
        } catch let error as DiskError {
            throw .disk(error)
        } catch let error as LogError {
            throw error
        } catch {
            invariantFailed("\(error)")
        }
    }

    private func search(
        _ offset: Offset, _ segment: Segment, _ scanner: inout BatchScanner, isIndexNew: Bool = false
    ) throws -> BatchPlace? {
        let relative = offset - segment.baseOffset
        let found = try segment.index.last(disk) { Int64($0.relativeOffset) <= relative }
        var position = Int64(found?.1.position ?? 0)
        if let (_, entry) = found {
            // An index that points elsewhere than at its batch is damaged, and made anew from the log.
            guard case .batch(let header) = try scanner.header(at: position),
                header.lastOffset == segment.baseOffset.value + Int64(entry.relativeOffset)
            else {
                if isIndexNew {  // It is not the index.
                    throw LogError.corrupted(
                        path: segment.path, offset: offset, position: position,
                        detail: "the batch there does not say which offsets it has")
                }
                try rebuildIndexes(of: segment)
                return try search(offset, segment, &scanner, isIndexNew: true)
            }
        }
        while true {
            switch try scanner.header(at: position) {
            case .end: return nil
            case .damaged(let detail):
                throw LogError.corrupted(
                    path: segment.path, offset: offset, position: position, detail: detail)
            case .batch(let header):
                if header.lastOffset >= offset.value {
                    if header.baseOffset == offset.value {
                        boundaries.remember(offset, in: segment, position: position)
                    }
                    return BatchPlace(
                        position: position, baseOffset: header.baseOffset, size: header.sizeInBytes)
                }
                position += Int64(header.sizeInBytes)
            }
        }
    }

    /// About how many bytes a fetch from `from` could give below `bound`; exact at the log's end, where it matters.
    /// Never looks into a file.
    package func byteCount(from: Offset, bound: Offset) -> Int {
        let bound = min(bound, endOffset)
        guard from < bound else { return 0 }
        let first = segmentIndex(for: from)
        let last = segmentIndex(for: bound)
        let start = estimate(from, inSegment: first)
        let end = estimate(bound, inSegment: last)
        if first == last { return max(1, Int(end - start)) }
        var total = segments[first].size - start + end
        for index in first + 1..<last { total += segments[index].size }
        return max(1, Int(total))
    }

    private func estimate(_ offset: Offset, inSegment index: Int) -> Int64 {
        let segment = segments[index]
        let end = endOffset(ofSegment: index)
        if offset >= end { return segment.size }
        if offset <= segment.baseOffset { return 0 }
        if segment === active, let recent = boundaries.recentIndex(endingAtOrAfter: offset.value) {
            return boundaries.recent[recent].position
        }
        if let position = boundaries.position(of: offset, in: segment) { return position }
        let share = Double(offset - segment.baseOffset) / Double(end - segment.baseOffset)
        return Int64(Double(segment.size) * share)
    }
}
