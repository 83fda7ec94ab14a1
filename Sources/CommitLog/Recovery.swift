import Ports
import Records
import Vocabulary

/// One opening of one log.
struct Recovery {
    let log: Log
    let start: RecoveryStart
    let inventory: Inventory
    let now: Timestamp
    var report = RecoveryReport()
    /// What was cut or removed must stay so: after the next loss of power it would be found among newer data.
    var mustSync: [SyncTarget] = []
    /// The epochs' checkpoint was there and sound.
    var areEpochsKnown = false

    var disk: any Disk { log.disk }
    private var segments: [Segment] { log.segments }

    init(log: Log, start: RecoveryStart, inventory: Inventory, now: Timestamp) {
        self.log = log
        self.start = start
        self.inventory = inventory
        self.now = now
    }

    mutating func run() throws {
        try openSegments()
        try loadEpochs()
        log.snapshots = inventory.snapshots
        if try !openClean() { try openUnclean() }
        for target in mustSync { try disk.sync(target) }
        log.sizeBytes = segments.reduce(0) { $0 + $1.size }
        try settleStart()
    }

    private mutating func openSegments() throws {
        for name in inventory.debris {
            try disk.remove(log.directory + "/" + name)
            report.removedFiles.append(name)
        }
        var bases = inventory.segments
        for base in inventory.swapped where !bases.contains(base) {
            // Its originals are gone already: it is the data.
            for suffix in [".log", ".index", ".timeindex"] {
                let path = LogPaths.file(log.directory, base, suffix)
                if disk.exists(path + ".swap") { try disk.rename(path + ".swap", to: path) }
            }
            bases.append(base)
        }
        bases.sort()
        for base in bases { log.segments.append(try Segment.open(disk, log.directory, base, now: now)) }
        if bases.isEmpty {
            log.segments = [try Segment.create(disk, log.directory, log.startOffset, now: now)]
            log.dirt.add(log.active.log)
            log.dirt.isDirectoryDirty = true
            if let point = start.recoveryPoint, point > log.startOffset {
                report.warnings.append(
                    "there are no segments, though offsets up to \(point) were once synced")
            }
        }
    }

    private mutating func loadEpochs() throws {
        guard inventory.hasEpochs else { return }
        let path = log.directory + "/" + LogPaths.epochs
        guard let bytes = try disk.readWhole(path), let epochs = LeaderEpochs.decode(bytes) else {
            return report.warnings.append("\(path) is damaged; it is made anew from the batches")
        }
        log.epochs = epochs
        log.dirt.epochs.allDurable()
        areEpochsKnown = true
    }

    /// The log is as it was left: only its last few batches are looked at, to be sure of it.
    private mutating func openClean() throws -> Bool {
        guard start.clean, let end = start.recoveryPoint, end >= log.active.baseOffset else { return false }
        guard inventory.swapped.isEmpty else { return false }
        let active = log.active
        if active.size == 0 {
            guard end == active.baseOffset else { return false }
            active.areTimesKnown = true
            try log.dropIndexes(of: active)
        } else {
            guard hasIndexes(active) else { return false }
            guard case .sound(end) = try tail(of: active) else { return false }
        }
        for segment in segments.dropLast() where !hasIndexes(segment) { try rebuild(segment) }
        log.endOffset = end
        (log.syncedOffset, log.recoveryPoint) = (end, end)
        let hasSnapshot = try log.snapshots.last == end && loadSnapshot(at: end)
        if !hasSnapshot { try rebuildProducers() }
        if !areEpochsKnown { try log.rebuildEpochs() }
        if log.epochs.truncate(to: end) { log.dirt.epochs.changed(from: end) }
        report.wasClean = true
        return true
    }

    private func loadSnapshot(at offset: Offset) throws -> Bool {
        let path = LogPaths.file(log.directory, offset, ".snapshot")
        guard let bytes = try disk.readWhole(path), let states = ProducerSnapshot.decode(bytes, now: now)
        else {
            return false
        }
        log.producerStates = states
        return true
    }

    func hasIndexes(_ segment: Segment) -> Bool {
        segment.size == 0
            || inventory.indexes.contains(segment.baseOffset)
                && inventory.timeIndexes.contains(segment.baseOffset)
    }

    mutating func rebuild(_ segment: Segment) throws {
        try log.rebuildIndexes(of: segment)
        report.rebuiltIndexes += 1
    }

    mutating func rebuildProducers() throws {
        let before = log.snapshots.count
        let (ignored, bytes) = try log.rebuildProducers(now: now)
        if log.snapshots.count < before { mustSync.append(.directory(log.directory)) }
        report.ignoredSnapshots += ignored
        report.bytesScanned += bytes
        if ignored > 0 { report.warnings.append("\(ignored) damaged producer snapshot(s) removed") }
    }

    /// The log begins where the checkpoint says, or where the files begin.
    private mutating func settleStart() throws {
        let first = segments[0].baseOffset
        if log.startOffset < first { log.startOffset = first }
        if log.startOffset > log.endOffset {
            report.warnings.append(
                "the log ends at \(log.endOffset), before its start \(log.startOffset): it begins anew there")
            try log.truncateFully(startAt: log.startOffset, now: now)
        }
        log.startMoved()
    }
}
