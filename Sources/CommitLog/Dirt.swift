import Ports
import Vocabulary

/// What has changed since the last sync began, and which syncs are under way.
struct Dirt {
    /// Files besides the active segment's.
    private(set) var files: [FileID] = []
    /// Those of them that are closed once they are synced.
    private(set) var temporary: Set<FileID> = []
    var isActiveDirty = false
    var isDirectoryDirty = false
    /// The partition's directory itself is new.
    var isRootDirty = false
    var epochs = EpochsOnDisk()
    /// In the order in which they began.
    var inFlight: [SyncInFlight] = []
    var nextNumber: UInt64 = 1

    var isClean: Bool {
        files.isEmpty && !isActiveDirty && !isDirectoryDirty && !isRootDirty && !epochs.isUnwritten
    }

    mutating func add(_ file: FileID, temporary isTemporary: Bool = false) {
        files.append(file)
        if isTemporary { temporary.insert(file) }
    }

    mutating func forget(_ file: FileID) { files.removeAll { $0 == file } }

    /// Drops the files added since there were `count`.
    mutating func takeBackFiles(toCount count: Int) {
        if files.count > count { files.removeLast(files.count - count) }
    }

    /// All files, which are from now on a sync's business.
    mutating func takeFiles() -> (files: [FileID], temporary: [FileID]) {
        defer {
            files = []
            temporary = []
        }
        return (files, files.filter(temporary.contains))
    }

    /// The log was cut: what a sync under way began with is not there any more.
    mutating func limit(to offset: Offset) {
        for index in inFlight.indices {
            inFlight[index].upTo = min(inFlight[index].upTo, offset)
            inFlight[index].recoveryPoint = inFlight[index].recoveryPoint.map { min($0, offset) }
        }
    }
}

struct SyncInFlight {
    let number: UInt64
    let targets: [SyncTarget]
    var upTo: Offset
    /// Nil: the recovery point does not move with it.
    var recoveryPoint: Offset?
    let coversDirectory: Bool
    /// Which version of the epochs' checkpoint had its name before the directory's sync began.
    let renamedBefore: UInt64
    let temporary: [FileID]
    /// A checkpoint of the leader epochs, synced under this name and renamed when the sync is through.
    let epochs: (path: String, version: UInt64)?
    var isDone = false
}

/// How far the leader epochs in memory have come on their way to the disk.
///
/// Three steps without ever waiting: written and synced under a temporary name; renamed; the directory synced.
/// Until all three are done the recovery point stays at or below the first epoch that is missing on disk, so that
/// recovery finds it in the batches.
struct EpochsOnDisk {
    var version: UInt64 = 0
    private(set) var written: UInt64 = 0
    private(set) var renamedVersion: UInt64 = 0
    private(set) var durable: UInt64 = 0
    /// Where the first epoch starts that is not durable.
    private(set) var missingFrom: Offset?

    var isUnwritten: Bool { written != version }

    mutating func changed(from offset: Offset) {
        version += 1
        missingFrom = min(missingFrom ?? offset, offset)
    }
    mutating func wrote() { written = version }
    mutating func rename(_ version: UInt64) { renamedVersion = max(renamedVersion, version) }
    mutating func directorySynced(since renamed: UInt64) {
        durable = max(durable, renamed)
        if durable == version { missingFrom = nil }
    }
    /// All of it is on disk: it was just read, or just replaced there.
    mutating func allDurable() {
        (written, renamedVersion, durable, missingFrom) = (version, version, version, nil)
    }
}
