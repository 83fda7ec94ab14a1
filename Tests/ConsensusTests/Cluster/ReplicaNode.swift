import Vocabulary

@testable import Consensus

/// One replica with its disk: what a host would be.
struct ReplicaNode {
    private(set) var key: ReplicaKey
    var disk = ReplicaDisk()
    var raft: Raft?
    /// Counts its starts, so that what was under way for an earlier one is dropped.
    private(set) var life = 0
    var wake: Instant?
    /// It is stopped, as by SIGSTOP, until then.
    var pausedUntil = at(0)
    /// The sync under way covers entries below.
    var syncing: Int64?
    private(set) var applied: Int64 = 0
    private(set) var state: UInt64 = 0
    /// Snapshots whose files are kept, since they are on their way to someone.
    private var images: [Image] = []
    private var incoming: (image: Image, received: Int64)?

    init(key: ReplicaKey, formatted: VoterSet) {
        self.key = key
        disk.formatted = formatted
    }

    // MARK: Lives

    mutating func start(at now: Instant, seed: UInt64, configure: (inout RaftConfig) -> Void) {
        life += 1
        var config = RaftConfig(me: key)
        config.snapshotChunkBytes = 10
        config.appendsInFlightMax = 4
        configure(&config)
        let restored = disk.recover()
        raft = Raft(config: config, restored: restored, seed: seed, now: now)
        applied = disk.image?.id.end.value ?? 0
        state = disk.image?.state ?? 0
        images = disk.image.map { [$0] } ?? []
        incoming = nil
        syncing = nil
        wake = nil
    }

    /// The host's log could not take what the replica counts on: the replica begins anew with what is there, in the same
    /// process.
    mutating func restartInPlace(at now: Instant, seed: UInt64) {
        guard let config = raft?.config else { return }
        var restored = disk.recover()
        restored.committed = Offset(applied)
        raft = Raft(config: config, restored: restored, seed: seed, now: now)
        syncing = nil
        incoming = nil
        wake = nil
    }

    mutating func crash(using chance: inout SeededGenerator) {
        life += 1
        raft = nil
        disk.losePower(using: &chance)
    }

    mutating func wipe() {
        key = ReplicaKey(id: key.id, directory: UUID128(high: key.directory.high + 1, low: key.directory.low))
        disk = ReplicaDisk()
    }

    mutating func damage(from end: Int64) {
        let owes = LogPosition(end: Offset(disk.end), term: disk.term(before: disk.end) ?? 0)
        disk.hardState.owes = max(disk.hardState.owes ?? .start, owes)
        disk.truncate(to: end)
    }

    // MARK: The log

    mutating func persist(_ hardState: HardState) throws {
        let before = disk.hardState
        if hardState.term < before.term {
            throw Cluster.Violation(description: "\(key.id): term \(before.term) -> \(hardState.term)")
        }
        if hardState.term == before.term, let voted = before.votedFor, hardState.votedFor != voted {
            throw Cluster.Violation(description: "\(key.id) votes twice in term \(hardState.term)")
        }
        disk.hardState = hardState
    }

    mutating func truncate(to end: Int64) {
        disk.truncate(to: end)
        syncing = syncing.map { min($0, end) }
    }

    mutating func append(_ cargo: [Entry], from: Int64, end: Int64) throws {
        guard from == disk.end else {
            throw Cluster.Violation(
                description: "\(key.id): entries from \(from), its log ends at \(disk.end)")
        }
        guard end - from <= Int64(cargo.count) else {
            throw Cluster.Violation(description: "\(key.id): \(from)..<\(end) of \(cargo.count)")
        }
        disk.entries += cargo.suffix(Int(end - from))
    }

    func entries(from: Int64, to end: Int64) throws -> [Entry] {
        guard from >= disk.logStart else {
            throw Cluster.Violation(description: "\(key.id) sends entries from \(from), gone")
        }
        return Array(disk.entries[Int(from - disk.logStart)..<Int(end - disk.logStart)])
    }

    mutating func apply(upTo end: Int64, ledger: inout Ledger) throws {
        while applied < end {
            let entry = disk[applied]
            try ledger.committed(entry, at: applied, by: key, in: raft?.term ?? 0)
            state = Ledger.state(after: entry, from: state)
            applied += 1
            try ledger.check(state: state, at: applied, of: key)
        }
    }

    // MARK: Snapshots

    mutating func takeSnapshot(_ id: SnapshotID, bytes: Int64, logStart: Int64) {
        let image = Image(
            id: id, state: state, voters: raft!.voterSet(asOf: id.end), bytes: bytes, maker: key)
        disk.image = image
        images.append(image)
        disk.dropEntries(below: logStart)
    }

    /// Files of snapshots that nobody gets are removed.
    mutating func forgetImages() {
        let kept = Set(raft?.snapshotsInUse ?? [])
        images.removeAll { $0.id != disk.image?.id && !kept.contains($0.id) }
    }

    func keptImage(_ id: SnapshotID) -> Image? { images.first { $0.id == id } }

    mutating func store(_ chunk: SnapshotChunk, of image: Image) throws {
        if chunk.position == 0 { incoming = (image, 0) }
        guard let before = incoming, before.image == image, before.received == chunk.position else {
            throw Cluster.Violation(
                description: "\(key.id) stores \(chunk) behind \(String(describing: incoming))")
        }
        incoming = (image, chunk.position + Int64(chunk.count))
    }

    mutating func install(_ id: SnapshotID, ledger: Ledger) throws {
        guard let (image, received) = incoming, image.id == id, received == image.bytes else {
            throw Cluster.Violation(
                description: "\(key.id) installs \(id), it has \(String(describing: incoming))")
        }
        disk.install(image)
        images.append(image)
        incoming = nil
        syncing = nil
        applied = id.end.value
        state = image.state
        try ledger.check(state: state, at: applied, of: key)
    }
}
