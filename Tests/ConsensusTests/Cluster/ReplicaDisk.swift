import Vocabulary

@testable import Consensus

/// An entry of the log in these tests: a value, or a set of voters.
struct Entry: Equatable {
    let term: LeaderEpoch
    let value: UInt64
    var voters: VoterSet?
}

/// A snapshot's contents: the state after all entries below its end.
struct Image: Equatable {
    let id: SnapshotID
    let state: UInt64
    let voters: PlacedVoterSet
    let bytes: Int64
    /// Which replica wrote it: pieces of two replicas' snapshots must not be put together.
    let maker: ReplicaKey
}

/// What a replica has on its disk, and what of it would survive.
struct ReplicaDisk {
    var hardState = HardState()
    var formatted = VoterSet.empty
    var image: Image?
    var logStart: Int64 = 0
    var entries: [Entry] = []
    /// Entries below are on stable storage.
    var durableEnd: Int64 = 0
    /// Durable entries that were cut, while no sync has made the cut durable: a crash may bring them back.
    private var cut: (from: Int64, entries: [Entry])?

    var end: Int64 { logStart + Int64(entries.count) }

    subscript(offset: Int64) -> Entry { entries[Int(offset - logStart)] }

    /// The term of the entry below `end`; nil when the log does not hold it.
    func term(before end: Int64) -> LeaderEpoch? {
        if let image, image.id.end.value == end { return image.id.term }
        if end == 0 { return 0 }
        return end > logStart && end <= self.end ? self[end - 1].term : nil
    }

    mutating func truncate(to end: Int64) {
        precondition(end >= logStart, "cut to \(end), the log begins at \(logStart)")
        if end < durableEnd {
            let kept = cut.map { $0.from >= end ? [] : $0.entries } ?? []
            let from = cut.map { min($0.from, end) } ?? end
            if kept.isEmpty { cut = (from, Array(entries[Int(end - logStart)..<Int(durableEnd - logStart)])) }
            durableEnd = end
        }
        entries.removeSubrange(Int(end - logStart)...)
    }

    mutating func synced(upTo end: Int64) {
        guard end >= durableEnd else { return }
        durableEnd = end
        cut = nil
    }

    mutating func dropEntries(below start: Int64) {
        guard start > logStart else { return }
        entries.removeSubrange(..<Int(min(start, end) - logStart))
        logStart = start
        cut = nil
    }

    /// The snapshot takes the log's place.
    mutating func install(_ image: Image) {
        self.image = image
        logStart = image.id.end.value
        entries = []
        durableEnd = logStart
        cut = nil
    }

    /// The machine lost power: what no sync has covered is there in part.
    mutating func losePower(using chance: inout SeededGenerator) {
        if let cut, cut.from >= logStart, Bool.random(using: &chance) {
            entries.removeSubrange(Int(cut.from - logStart)...)
            entries += cut.entries
        } else {
            let end = Int64.random(in: durableEnd...max(durableEnd, self.end), using: &chance)
            entries.removeSubrange(Int(max(end, logStart) - logStart)...)
        }
        cut = nil
        durableEnd = end
    }

    /// A start: what is found is synced, and a log that does not reach its snapshot's end begins anew there.
    mutating func recover() -> RaftRestored {
        if let image, end < image.id.end.value { install(image) }
        durableEnd = end
        cut = nil
        var restored = RaftRestored()
        restored.hardState = hardState
        restored.snapshot = image?.id ?? .start
        restored.snapshotBytes = image?.bytes ?? 0
        restored.logStart = Offset(logStart)
        restored.voterSets = [image?.voters ?? PlacedVoterSet(offset: -1, voters: formatted)]
        for (index, entry) in entries.enumerated() {
            let offset = Offset(logStart + Int64(index))
            if restored.runs.last?.term == entry.term { restored.runs.removeLast() }
            restored.runs.append(LogPosition(end: offset + 1, term: entry.term))
            if let voters = entry.voters {
                restored.voterSets.append(PlacedVoterSet(offset: offset, voters: voters))
            }
        }
        return restored
    }
}
