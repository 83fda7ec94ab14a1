import Ports
import Vocabulary

/// `recovery-point` beside the quorum's log: everything in the log below was synced, with its indexes and epochs. Recovery after a crash begins
/// there, and a log that ends before has lost something.
///
/// Not in the log directory's checkpoint file, for that is written every minute by another thread: what is cut must be below the
/// point on the disk before anything takes its place, or the next start would trust epochs of entries that are no more.
struct RecoveryPointFile {
    static var path: String { QuorumLog.directory + "/recovery-point" }

    private let disk: any Disk
    /// On the disk now; nil: nothing is.
    private(set) var point: Offset?

    /// - Parameter warnings: gets a sentence when the file is damaged, and so says nothing.
    init(_ disk: any Disk, _ warnings: inout [String]) throws(DiskError) {
        self.disk = disk
        guard let bytes = try disk.readWhole(Self.path) else { return }
        if let lines = try? CheckedText.decode(bytes, of: Self.path), lines.count == 1, lines[0].name == "offset",
            let value = Int64(lines[0].value), value >= 0
        {
            point = Offset(value)
        } else {
            warnings.append("\(Self.path) is damaged and counts as missing")
        }
    }

    /// Waits for the disk.
    mutating func write(_ offset: Offset) throws(DiskError) {
        let bytes = CheckedText.encode([("offset", String(offset.value))])
        try disk.replaceWhole(Self.path, bytes, directory: QuorumLog.directory)
        point = offset
    }

    /// What is at `offset` and behind goes: a point above is to be forgotten before. Waits for the disk, and needs no space on it.
    mutating func willCut(to offset: Offset) throws(DiskError) {
        guard let point, offset < point else { return }
        try disk.remove(Self.path)
        try disk.sync(.directory(QuorumLog.directory))
        self.point = nil
    }
}
