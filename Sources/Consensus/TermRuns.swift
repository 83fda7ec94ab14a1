package import Vocabulary

/// Which term each entry of a log has, kept as runs: the log's shape without its bytes.
///
/// A log of a million entries written under three leaders is three numbers long, so that nothing here costs more as the log
/// grows.
package struct TermRuns: Equatable, Sendable {
    /// The log's first offset, with the term of the entry before it; `LeaderEpoch.unknown` when that is not known any more.
    package private(set) var start: LogPosition
    /// Entries from the end of the run before (of `start`, for the first) and below `end` have that term. Both rise from run
    /// to run.
    package private(set) var runs: [LogPosition] = []

    package init(start: LogPosition = .start) { self.start = start }

    package var end: LogPosition { runs.last ?? start }
    package var isEmpty: Bool { runs.isEmpty }

    /// The position that ends at `offset`.
    ///
    /// - Returns: nil when the log does not reach there, or when that was so long ago that the term is gone.
    /// - Complexity: O(log runs).
    package func position(at offset: Offset) -> LogPosition? {
        if offset == start.end { return start.term == .unknown ? nil : start }
        guard offset > start.end, offset <= end.end else { return nil }
        return LogPosition(end: offset, term: runs[index(of: offset + -1)].term)
    }

    /// The last position at or below `offset` whose term is `termMax` at most: where two logs may still agree (§5.3).
    ///
    /// - Returns: nil when that lies before what is known here.
    package func lastPosition(upTo offset: Offset, termMax: LeaderEpoch) -> LogPosition? {
        if offset < start.end { return nil }
        var found = offset > start.end && !runs.isEmpty ? index(of: min(offset, end.end) + -1) : -1
        while found >= 0, runs[found].term > termMax { found -= 1 }
        if found >= 0 { return LogPosition(end: min(offset, runs[found].end), term: runs[found].term) }
        return start.term == .unknown || start.term > termMax ? nil : start
    }

    /// The terms of entries `from..<end`, in runs.
    package func slice(from: Offset, to end: Offset) -> [LogPosition] {
        invariant(from >= start.end, "entries from \(from) are gone, the log begins at \(start)")
        invariant(end <= self.end.end, "entries up to \(end) wanted, the log ends at \(self.end)")
        if from >= end { return [] }
        var slice: [LogPosition] = []
        for run in runs[index(of: from)...] {
            slice.append(LogPosition(end: min(run.end, end), term: run.term))
            if run.end >= end { break }
        }
        return slice
    }

    /// The first entry at or behind `from` that `others` has and this log has not, or with another term. `others` begins at
    /// `from` or before.
    ///
    /// - Returns: the end of `others` when this log holds them all.
    package func firstDifference(from: Offset, against others: [LogPosition]) -> Offset {
        var at = from
        for other in others where other.end > at {
            while at < other.end {
                if at < start.end { at = start.end; continue }  // What went into a snapshot agrees.
                if at >= end.end { return at }
                let mine = runs[index(of: at)]
                if mine.term != other.term { return at }
                at = min(mine.end, other.end)
            }
        }
        return at
    }

    package mutating func append(upTo offset: Offset, term: LeaderEpoch) {
        invariant(offset > end.end, "an append up to \(offset) behind the log's end \(end)")
        invariant(term >= end.term, "term \(term) behind entries of term \(end.term)")
        if let last = runs.last, last.term == term { runs.removeLast() }
        runs.append(LogPosition(end: offset, term: term))
    }

    /// Keeps what is below `offset`.
    package mutating func truncate(to offset: Offset) {
        invariant(offset >= start.end, "cut to \(offset), the log begins at \(start)")
        guard offset < end.end else { return }
        if offset == start.end {
            runs = []
        } else {
            let last = index(of: offset + -1)
            let term = runs[last].term
            runs.removeSubrange(last...)
            runs.append(LogPosition(end: offset, term: term))
        }
    }

    /// The log begins at `offset` now.
    package mutating func drop(below offset: Offset) {
        invariant(offset <= end.end, "a log that ends at \(end) is to begin at \(offset)")
        guard offset > start.end, let start = position(at: offset) else { return }
        runs.removeSubrange(..<(runs.firstIndex { $0.end > offset } ?? runs.endIndex))
        self.start = start
    }

    /// The run that holds the entry at `offset`.
    private func index(of offset: Offset) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end > offset { high = middle } else { low = middle + 1 }
        }
        invariant(low < runs.count, "no entry at \(offset): the log is \(start) to \(end)")
        return low
    }
}
