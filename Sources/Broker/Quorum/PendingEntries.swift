import Vocabulary

/// The entries at the log's end that are not applied yet, in order: decoded once, when they come.
struct PendingEntries {
    private var entries: [LoggedEntry] = []
    private var first = 0  // Those before it are taken.

    var count: Int { entries.count - first }

    mutating func append(_ entry: LoggedEntry) {
        invariant(count == 0 || entries[entries.count - 1].offset + 1 == entry.offset, "a gap before \(entry.offset)")
        entries.append(entry)
    }

    /// The first one, if it lies below `end`.
    mutating func takeFirst(below end: Offset) -> LoggedEntry? {
        guard first < entries.count, entries[first].offset < end else { return nil }
        let entry = entries[first]
        first += 1
        if first == entries.count {
            removeAll()
        } else if first > 4096, first * 2 > entries.count {
            entries.removeFirst(first)
            first = 0
        }
        return entry
    }

    mutating func truncate(to end: Offset) {
        while count > 0, entries[entries.count - 1].offset >= end { entries.removeLast() }
        if count == 0 { removeAll() }
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: entries.count <= 8192)
        first = 0
    }
}
