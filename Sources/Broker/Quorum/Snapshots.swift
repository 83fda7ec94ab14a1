import Consensus
import Coordination
import Metadata
import Ports
import Vocabulary

/// The snapshots of this replica: the newest one, one in the making, one coming in.
struct Snapshots {
    /// One that is being written, a slice a turn. It holds copies of the state, which cost nothing until the original changes.
    struct Making {
        let id: SnapshotID
        let path: String
        let file: FileID
        var written: Int64 = 0
        /// Bytes since the last sync: dirty pages are bounded, so that nobody waits for the disk behind them.
        var unsynced: Int64 = 0
        var isSyncing = false
        var sections: SnapshotSections
        var isWhole = false
        let begun: Instant
    }

    /// One that the leader sends.
    struct Incoming {
        let id: SnapshotID
        let path: String
        let file: FileID
    }

    private(set) var newest: SnapshotID
    private(set) var newestBytes: Int64
    /// Open for those who get it.
    var reading: (id: SnapshotID, file: FileID)?
    var making: Making?
    var incoming: Incoming?
    /// Entries before the next one's end cannot be read: nobody is sent them any more.
    var replacesDamage = false
    /// Found damaged last: nobody is sent it any more.
    var damaged: SnapshotID?
    /// Those who are getting an older one that is damaged are to get the newest.
    var sendsNewest = false
    /// Which of them each replica was sent from its begin.
    private var begun: [ReplicaKey: SnapshotID] = [:]
    /// What the leader's snapshot says that came whole last.
    var arrived: SnapshotState?
    /// Operators who wait for the one in the making, and for one that begins after it.
    var wishes: [UInt64] = []
    var nextWishes: [UInt64] = []
    /// There was no room for one: it need not be tried with every entry.
    var fullUntil = Instant(nanoseconds: 0)
    /// When the newest was taken, or the loop began.
    var taken: Instant

    init(_ newest: SnapshotID, bytes: Int64, now: Instant) {
        taken = now
        self.newest = newest
        newestBytes = bytes
    }

    mutating func became(_ id: SnapshotID, bytes: Int64) {
        newest = id
        newestBytes = bytes
        if damaged == id { damaged = nil }
        begun = begun.filter { $0.value != id }
    }

    /// - Returns: whether that replica was sent it before.
    mutating func begins(_ id: SnapshotID, for key: ReplicaKey) -> Bool { begun.updateValue(id, forKey: key) == id }
}

/// A snapshot's sections, made one after the other.
struct SnapshotSections {
    private enum Stage { case header, metadata, coordination, footer, end }

    private let header: SnapshotFile.Header
    private var records: ArraySlice<MetadataRecord>
    private var writer: SnapshotWriter
    private var stage = Stage.header
    private var count: UInt64 = 0

    private static let sectionBytes = 256 << 10
    private static let sectionRecords = 1000

    init(_ header: SnapshotFile.Header, _ image: ClusterImage, _ coordination: Coordination) {
        self.header = header
        records = image.snapshotRecords[...]
        writer = SnapshotWriter(coordination)
    }

    /// The next section's bytes; nil behind the last.
    mutating func next() -> [UInt8]? {
        defer { count += 1 }
        switch stage {
        case .header:
            stage = .metadata
            return SnapshotFile.section(.header, header.encode())
        case .metadata:
            let piece = records.prefix(Self.sectionRecords)
            records = records.dropFirst(piece.count)
            if records.isEmpty { stage = .coordination }
            var out = FieldWriter()
            out.put(Array(piece)) { $0.put(data: $1.encode()) }
            return SnapshotFile.section(.metadata, out.bytes)
        case .coordination:
            if let slice = writer.next(maxBytes: Self.sectionBytes) {
                return SnapshotFile.section(.coordination, slice)
            }
            stage = .end
            var out = FieldWriter()
            out.put(count)
            return SnapshotFile.section(.footer, out.bytes)
        case .footer, .end: return nil
        }
    }
}

/// The state that a snapshot file describes.
struct SnapshotState {
    let header: SnapshotFile.Header
    let image: ClusterImage
    let coordination: Coordination

    /// - Throws: when the file is damaged or not whole (`SnapshotDamage`), or of a later version of this program.
    init(reading disk: any Disk, _ id: SnapshotID, at path: String? = nil) throws {
        let path = path ?? SnapshotFile.path(id)
        var header: SnapshotFile.Header?
        var records: [MetadataRecord] = []
        var reader = SnapshotReader()
        var hasCoordination = false
        try SnapshotFile.read(disk, path) { kind, bytes in
            switch kind {
            case .header: header = try SnapshotFile.Header(decoding: bytes)
            case .metadata:
                var input = FieldReader(bytes)
                records += try input.array { input throws(FieldError) in
                    try MetadataRecord(decoding: try input.encoded())
                }
                try input.end()
            case .coordination:
                hasCoordination = true
                try reader.read(bytes)
            case .footer: break
            }
        }
        guard let header, header.id == id else {
            throw QuorumError("\(path) is a snapshot of something else than its name says")
        }
        self.header = header
        image = ClusterImage(snapshot: records, at: Offset(id.end.value - 1))
        coordination = hasCoordination ? try reader.finish() : Coordination()
    }
}
