import Ports
import Vocabulary

/// What lies in a partition's directory, by kind.
struct Inventory {
    private(set) var segments: [Offset] = []
    private(set) var indexes: Set<Offset> = []
    private(set) var timeIndexes: Set<Offset> = []
    private(set) var snapshots: [Offset] = []
    private(set) var hasEpochs = false
    private(set) var hasMetadata = false
    /// Left behind by something that did not finish; nothing of value.
    private(set) var debris: [String] = []
    /// Whole segments that compaction made and was about to put in place.
    private(set) var swapped: [Offset] = []

    init(_ entries: [DirectoryEntry]) {
        for entry in entries where !entry.isDirectory { sort(entry.name) }
        for offset in indexes where !segments.contains(offset) && !swapped.contains(offset) {
            debris.append(LogPaths.file("", offset, ".index"))
        }
        for offset in timeIndexes where !segments.contains(offset) && !swapped.contains(offset) {
            debris.append(LogPaths.file("", offset, ".timeindex"))
        }
        debris = debris.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }.sorted()
    }

    private mutating func sort(_ name: String) {
        if let offset = LogPaths.offset(in: name, suffix: ".log") {
            segments.append(offset)
        } else if let offset = LogPaths.offset(in: name, suffix: ".index") {
            indexes.insert(offset)
        } else if let offset = LogPaths.offset(in: name, suffix: ".timeindex") {
            timeIndexes.insert(offset)
        } else if let offset = LogPaths.offset(in: name, suffix: ".snapshot") {
            snapshots.append(offset)
        } else if name == LogPaths.epochs {
            hasEpochs = true
        } else if name == LogPaths.metadata {
            hasMetadata = true
        } else if let offset = LogPaths.offset(in: name, suffix: ".log.swap") {
            swapped.append(offset)
        } else if [".tmp", ".cleaned", ".deleted", ".swap"].contains(where: name.hasSuffix) {
            debris.append(name)
        }
        // Anything else is not ours and stays.
    }
}
