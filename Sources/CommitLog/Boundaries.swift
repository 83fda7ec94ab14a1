import Vocabulary

/// Where batches begin that were appended or looked up lately, so that neither the high watermark nor a consumer at
/// the log's end costs a look into the file.
struct Boundaries {
    struct Recent {
        let lastOffset: Int64
        let baseOffset: Int64
        let position: Int64
    }
    struct Known {
        let offset: Int64
        let segmentBase: Int64
        let position: Int64
    }
    /// Where a slice was cut: the consumer's next question likely begins there.
    struct Cut {
        let segmentBase: Int64
        let position: Int64
        let offsets: ClosedRange<Int64>
    }

    private static let recentMax = 128
    /// The active segment's last batches, without a gap, in order.
    private(set) var recent: [Recent] = []
    private var known: [Known] = []
    private var nextKnown = 0
    private var cuts: [Cut] = []
    private var nextCut = 0

    @inline(__always)
    mutating func appended(baseOffset: Int64, lastOffset: Int64, position: Int64) {
        // Half of them go at a time, so that it costs nothing per batch.
        if recent.count == Self.recentMax { recent.removeFirst(Self.recentMax / 2) }
        recent.append(Recent(lastOffset: lastOffset, baseOffset: baseOffset, position: position))
    }

    mutating func remember(_ offset: Offset, in segment: Segment, position: Int64) {
        let entry = Known(offset: offset.value, segmentBase: segment.baseOffset.value, position: position)
        if known.count < 8 {
            known.append(entry)
        } else {
            known[nextKnown] = entry
            nextKnown = (nextKnown + 1) & 7
        }
    }

    /// The position of the batch that begins at `offset`, if it is remembered.
    func position(of offset: Offset, in segment: Segment) -> Int64? {
        for entry in known where entry.offset == offset.value && entry.segmentBase == segment.baseOffset.value
        {
            return entry.position
        }
        return nil
    }

    mutating func rememberCut(in segment: Segment, position: Int64, offsets: ClosedRange<Int64>) {
        let cut = Cut(segmentBase: segment.baseOffset.value, position: position, offsets: offsets)
        if cuts.count < 8 {
            cuts.append(cut)
        } else {
            cuts[nextCut] = cut
            nextCut = (nextCut + 1) & 7
        }
    }

    func cut(near offset: Offset, in segment: Segment) -> Int64? {
        var best: Cut?
        for cut in cuts
        where cut.segmentBase == segment.baseOffset.value && cut.offsets.contains(offset.value) {
            if best.map({ $0.offsets.count > cut.offsets.count }) ?? true { best = cut }
        }
        return best?.position
    }

    /// The first recent batch that ends at or behind `offset`, if all before it are known to end before.
    func recentIndex(endingAtOrAfter offset: Int64) -> Int? {
        guard let first = recent.first, first.baseOffset <= offset else { return nil }
        var low = 0
        var high = recent.count
        while low < high {
            let middle = (low + high) / 2
            if recent[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        return low < recent.count ? low : nil
    }

    /// The last recent batch that begins at or before `position`.
    func recentIndex(beginningAtOrBefore position: Int64) -> Int? {
        guard let first = recent.first, first.position <= position else { return nil }
        var low = 0
        var high = recent.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if recent[middle].position <= position { low = middle } else { high = middle }
        }
        return low
    }

    /// Another segment became the active one.
    mutating func rolled() { recent.removeAll(keepingCapacity: true) }

    /// Drops the recent batches from `position` of the active segment on.
    mutating func dropRecent(from position: Int64) {
        while let last = recent.last, last.position >= position { recent.removeLast() }
    }

    mutating func removeAll() { self = Boundaries() }
}
