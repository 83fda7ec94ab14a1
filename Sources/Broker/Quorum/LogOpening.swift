import CommitLog
import Consensus
import Ports
import Vocabulary

/// Opens the quorum's log, and finds out what it lacks.
struct LogOpening {
    let directory: LogDirectory
    /// Others have the log too: what is damaged may be cut.
    let repairs: Bool
    let now: Timestamp
    /// With what this replica vouched for and lacks (`owes`); on the disk before anything is cut, for the next start may find no trace
    /// of it.
    private(set) var hardState: HardState
    private let snapshot: SnapshotID
    private(set) var warnings: [String]
    private var recoveryFile: RecoveryPointFile
    /// Behind the snapshot.
    private(set) var entries: [LoggedEntry] = []

    /// - Parameter snapshot: what it stands for need not be in the log; the log never ends before it.
    init(
        directory: LogDirectory, behind snapshot: SnapshotID, _ hardState: HardState, repairs: Bool,
        now: Timestamp
    ) throws(DiskError) {
        var warnings: [String] = []
        recoveryFile = try RecoveryPointFile(directory.disk, &warnings)
        self.warnings = warnings
        self.directory = directory
        self.snapshot = snapshot
        self.hardState = hardState
        self.repairs = repairs
        self.now = now
    }

    mutating func open() throws -> QuorumLog {
        let disk = directory.disk
        let place = QuorumLog.topicPartition
        var start = RecoveryStart(recoveryPoint: recoveryFile.point, clean: directory.wasClean)
        if try !disk.list(QuorumLog.directory).contains(where: { $0.name.hasSuffix(".log") }) {
            if let point = start.recoveryPoint, point > snapshot.end {
                try lost(point, "its segments are gone")
            }
            try recoveryFile.willCut(to: snapshot.end)
            let log = try Log.create(
                disk: disk, topicPartition: place, topicID: .metadataTopic, config: QuorumLog.config,
                startOffset: snapshot.end, now: now)
            return QuorumLog(log: log, disk: disk, recoveryFile: recoveryFile)
        }
        while true {
            do {
                let (log, report) = try Log.open(
                    disk: disk, topicPartition: place, topicID: .metadataTopic, config: QuorumLog.config,
                    start: start, now: now)
                warnings += report.warnings
                return try finish(QuorumLog(log: log, disk: disk, recoveryFile: recoveryFile), start)
            } catch LogError.corrupted(let path, let offset, let position, let detail) {
                let what = "\(path) is damaged at position \(position), offset \(offset): \(detail)"
                guard repairs else { throw QuorumError(what) }
                let damage = Log.Damage(path: path, position: position, offset: offset)
                let end = try Log.endMax(disk: disk, topicPartition: place, behind: damage, now: now)
                try lost(max(end, start.recoveryPoint ?? offset), what)
                try recoveryFile.willCut(to: offset)
                try Log.cut(disk: disk, topicPartition: place, at: damage, now: now)
                start = RecoveryStart(recoveryPoint: start.recoveryPoint.map { min($0, offset) })
            }
        }
    }

    private mutating func finish(_ log: QuorumLog, _ start: RecoveryStart) throws -> QuorumLog {
        if let point = start.recoveryPoint, log.endOffset < point, point > snapshot.end {
            try lost(point, "it ends at \(log.endOffset), though all below \(point) was synced")
            // What comes back may be less: nobody else has what was not committed.
            try log.willCut(to: log.endOffset)
        }
        // A snapshot came whole, and the crash came before the log had made room for it.
        if log.endOffset < snapshot.end { try log.restart(at: snapshot.end, now: now) }
        guard log.startOffset <= snapshot.end else {
            throw QuorumError(
                "it begins at \(log.startOffset), and the newest snapshot ends at \(snapshot.end)")
        }
        try leadUp(log)
        // Nobody has looked at what lies before. Who still needs that gets the snapshot.
        if log.startOffset < snapshot.end { try log.deletePrefix(before: snapshot.end, now: now) }
        try readEntries(log, from: snapshot.end)
        log.correctTerms(by: entries)
        try log.syncNow()
        return log
    }

    /// The log must lead up to the snapshot, or what stands behind is of another history: a leader's snapshot came whole, and the crash came
    /// before the log had made room for it. A lone voter is sent none.
    private mutating func leadUp(_ log: QuorumLog) throws {
        guard repairs, log.startOffset < snapshot.end, log.endOffset > snapshot.end else { return }
        do {
            if try log.term(before: snapshot.end) == snapshot.term { return }
        } catch let error where !Self.isDamage(error) {
            throw error  // What cannot be read now may be sound.
        } catch {
            try lost(log.endOffset, "what leads up to the snapshot cannot be read: \(error)")
        }
        try log.restart(at: snapshot.end, now: now)
    }

    /// What holds its checksum and cannot be understood is of a later program: sound, and not to be cut.
    private static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case is FieldError: false
        case let error as DiskError: error.reason == .corrupt
        case LogError.disk(let error): error.reason == .corrupt
        default: true
        }
    }

    /// Reads what will be applied again. A batch that rotted is cut, with all behind it.
    private mutating func readEntries(_ log: QuorumLog, from first: Offset) throws {
        var next = first
        var bytesMax = 1 << 20
        while next < log.endOffset {
            do {
                let end = try log.end(from: next, bytesMax: bytesMax)
                entries += try LoggedEntry.decode(try log.read(from: next, end: end), from: next)
                next = end
            } catch let error where !Self.isDamage(error) {
                throw error
            } catch {
                guard repairs else { throw error }
                if bytesMax > 1 {
                    bytesMax = 1  // Batch by batch, so that no sound one is lost.
                    continue
                }
                try lost(log.endOffset, "\(error)")
                try log.truncate(to: next, now: now)
                return
            }
        }
    }

    private mutating func lost(_ end: Offset, _ why: String) throws {
        guard repairs else { throw QuorumError(why) }
        guard end > snapshot.end else {
            return warnings.append("\(why); the snapshot stands for all of that")
        }
        try owe(end, why)
    }

    private mutating func owe(_ end: Offset, _ why: String) throws {
        let owes = LogPosition(end: end, term: hardState.term)
        hardState.owes = max(owes, hardState.owes ?? owes)
        try directory.disk.replaceWhole(
            HardStateFile.path, HardStateFile.encode(hardState), directory: QuorumLog.directory)
        warnings.append(
            "\(why); what is missing up to offset \(end) comes back from the other voters, and until then this one has no vote"
        )
    }

    /// The snapshot is damaged, and without it what the log holds is of no use: all is missing. The snapshot is put aside under another
    /// name, should the others' be lost too.
    mutating func giveUp(_ log: QuorumLog, _ why: String) throws {
        try owe(max(log.endOffset, snapshot.end), why)
        try log.restart(at: 0, now: now)
        try log.syncNow()
        entries = []
        let path = SnapshotFile.path(snapshot)
        try directory.disk.rename(path, to: path + SnapshotFile.damagedSuffix)
        try directory.disk.sync(.directory(QuorumLog.directory))
    }
}
