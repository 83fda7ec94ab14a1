import CommitLog
import Consensus
import Coordination
import Metadata
import Ports
import SimulatedDisk
import Testing
import Vocabulary

@testable import Broker

/// The quorum's files: what a start finds after a stop, a crash, and damage.
struct QuorumStorageTests {
    private let disk = SimulatedDisk()
    private let voter = QuorumVoter(id: 1, directory: UUID128(high: 1, low: 1), host: "a", port: 9093)

    private func directory(_ disk: SimulatedDisk) throws -> LogDirectory {
        try LogDirectory.open(
            disk, identity: DirectoryIdentity(clusterID: "c", nodeID: 1, directoryID: voter.directory))
    }

    private func open(repairs: Bool = true, on disk: SimulatedDisk? = nil) throws -> QuorumFound {
        try QuorumStorage.open(try directory(disk ?? self.disk), repairs: repairs, now: 0)
    }

    private func entry(_ size: Int = 10) -> [UInt8] {
        let facts = [
            MetadataRecord.configSet(.topic("t"), name: "k", value: String(repeating: "x", count: size))
        ]
        return QuorumEntry.transaction(QuorumTransaction(metadata: facts)).encode()
    }

    /// Batches of one entry each, synced.
    private func fill(_ log: QuorumLog, _ terms: [LeaderEpoch]) throws {
        for term in terms { _ = try log.append([(entry(), 7)], term: term) }
        try log.syncNow()
    }

    @Test func `a formatted directory names the first voters, and is not formatted twice`() throws {
        #expect(try !QuorumStorage.isFormatted(disk))
        try QuorumStorage.writeBootstrap(disk: disk, voters: [voter])
        #expect(try QuorumStorage.isFormatted(disk))
        #expect(throws: DiskError.self) { try QuorumStorage.writeBootstrap(disk: disk, voters: []) }
        let found = try open()
        #expect(found.restored.voterSets == [PlacedVoterSet(offset: -1, voters: VoterSet([voter.voter]))])
        #expect(found.restored.snapshot == .start)
        #expect(found.entries.isEmpty)
    }

    @Test func `entries come back with their terms and times after a crash`() throws {
        try fill(try open().log, [1, 1, 3])
        var chance = SeededGenerator(seed: 1)
        disk.crash(.power, using: &chance)
        let found = try open()
        #expect(found.entries.map(\.term) == [1, 1, 3])
        #expect(found.entries.map(\.offset) == [0, 1, 2])
        #expect(found.entries.allSatisfy { $0.timestamp == 7 })
        #expect(found.restored.runs == [LogPosition(end: 2, term: 1), LogPosition(end: 3, term: 3)])
        #expect(found.restored.hardState.owes == nil)
    }

    @Test func `one of several cuts a damaged log, and owes what it vouched for`() throws {
        let log = try open().log
        try fill(log, [1, 1, 1, 2])
        let path = "__cluster_metadata-0/00000000000000000000.log"
        disk.corrupt(path, at: Int(log.sizeBytes) / 4 + 70)  // In the second batch's record.
        #expect(throws: StartError.self) { try open(repairs: false) }
        let found = try open()
        #expect(found.log.endOffset == 1)
        #expect(found.restored.hardState.owes == LogPosition(end: 4, term: 0))
        #expect(!found.warnings.isEmpty)
        // It is written down: another crash does not make it forget.
        #expect(try open().restored.hardState.owes == LogPosition(end: 4, term: 0))
    }

    @Test func `a log that is damaged in many places owes all that may have stood there`() throws {
        let log = try open().log
        try fill(log, [1, 1, 1, 1, 1, 2])
        let path = "__cluster_metadata-0/00000000000000000000.log"
        for batch in [1, 3, 4, 5] { disk.corrupt(path, at: Int(log.sizeBytes) / 6 * batch + 70) }  // The third is sound.
        let owes = try #require(try open().restored.hardState.owes)
        #expect(owes.end >= 6)
        #expect(owes.end < 100)
    }

    @Test func `what is owed is known to the next start, wherever this one failed`() throws {
        var failures = 0
        for fault in [DiskOperation.sync, .truncate, .write, .remove, .rename] {
            for count in 0..<6 {
                let one = QuorumStorageTests()
                let log = try one.open().log
                try one.fill(log, [1, 1, 1, 1, 1, 2])
                let path = "__cluster_metadata-0/00000000000000000000.log"
                one.disk.corrupt(path, at: Int(log.sizeBytes) / 6 + 70)
                one.disk.fail(fault, with: .io(5), after: count)
                do { _ = try one.open() } catch { failures += 1 }
                one.disk.clearFaults()
                #expect(
                    try one.open().restored.hardState.owes == LogPosition(end: 6, term: 0),
                    "\(fault) \(count)")
            }
        }
        #expect(failures >= 5)
    }

    @Test func `terms are those of the entries, whatever the epochs' checkpoint says`() throws {
        let runs = [LogPosition(end: 2, term: 1), LogPosition(end: 4, term: 2), LogPosition(end: 5, term: 3)]
        let log = try open().log
        try fill(log, [1, 1, 2, 2, 3])
        // Kept in memory and in that file, but not where the log begins.
        try log.deletePrefix(before: 3, now: 0)
        try log.close()
        #expect(try open().restored.runs == runs)
        let path = QuorumLog.directory + "/leader-epoch-checkpoint"
        for rows in ["1\n1 0\n", "2\n1 1\n3 4\n", "3\n1 0\n2 3\n3 4\n"] {
            disk.setBytes(Array(("0\n" + rows).utf8), of: path)
            #expect(try open().restored.runs == runs)
        }
    }

    private func writeSnapshot(_ id: SnapshotID) throws {
        let voters = PlacedVoterSet(offset: -1, voters: VoterSet([voter.voter]))
        let header = SnapshotFile.Header(id: id, timestamp: 7, voters: voters)
        var sections = SnapshotSections(header, ClusterImage(), Coordination())
        var bytes: [UInt8] = []
        while let section = sections.next() { bytes += section }
        try disk.replaceWhole(SnapshotFile.path(id), bytes, directory: QuorumLog.directory)
    }

    @Test(arguments: [(3, 2), (3, 1), (4, 3)] as [(Int64, Int32)])
    func `a log that does not lead up to the snapshot is of another history`(end: Int64, term: Int32) throws {
        let log = try open().log
        try fill(log, [1])
        _ = try log.append([(entry(), 7), (entry(), 7), (entry(), 7)], term: 2)  // 1 to 3, which no snapshot may part.
        try fill(log, [3])
        try log.close()
        try writeSnapshot(SnapshotID(end: Offset(end), term: LeaderEpoch(term)))
        let found = try open()
        #expect(found.log.startOffset == Offset(end) && found.log.endOffset == Offset(end))
        #expect(found.entries.isEmpty)
        #expect(found.restored.hardState.owes == nil)
    }

    @Test func `a log that leads up to the snapshot goes on behind it; one that cannot be read there is owed`() throws {
        let log = try open().log
        try fill(log, [1, 1, 2, 2, 3])
        let batch = Int(log.sizeBytes) / 5
        try log.close()
        try writeSnapshot(SnapshotID(end: 3, term: 2))
        #expect(try open().entries.map(\.offset) == [3, 4])
        disk.corrupt("__cluster_metadata-0/00000000000000000000.log", at: batch * 2 + 70)
        let found = try open()
        #expect(found.entries.isEmpty)
        #expect(found.restored.hardState.owes?.end == 5)
    }

    @Test func `what lies before the snapshot's end is not looked at, and counts for nothing`() throws {
        let log = try open().log
        try fill(log, [1, 1, 2, 2, 3])
        try log.close()
        try writeSnapshot(SnapshotID(end: 3, term: 2))
        // The leader epoch, which the batch's checksum does not cover.
        disk.corrupt("__cluster_metadata-0/00000000000000000000.log", at: 15)
        let found = try open()
        #expect(found.restored.logStart == 3)
        #expect(found.restored.runs == [LogPosition(end: 4, term: 2), LogPosition(end: 5, term: 3)])
        #expect(found.entries.map(\.offset) == [3, 4])
    }

    @Test func `entries of another term in place of those that were cut keep theirs through a crash`() throws {
        for seed in 0..<20 as Range<UInt64> {
            let disk = SimulatedDisk()
            let log = try open(on: disk).log
            try fill(log, [1, 1, 2, 2, 2])
            try log.close()
            let again = try open(on: disk).log
            try again.truncate(to: 3, now: 0)
            for _ in 0..<4 { _ = try again.append([(entry(), 7)], term: 4) }
            let request = try #require(try again.takeSync(now: Instant(nanoseconds: 0)))
            guard case .metadataLog(let sync) = request.owner else { return #expect(Bool(false), "another's sync") }
            for target in request.targets { try disk.sync(target) }
            try again.synced(sync, now: Instant(nanoseconds: 0))
            var chance = SeededGenerator(seed: seed)
            disk.crash(.power, using: &chance)
            let found = try open(on: disk)
            #expect(found.entries.map(\.term) == [1, 1, 2, 4, 4, 4, 4])
            let runs = [LogPosition(end: 2, term: 1), LogPosition(end: 3, term: 2), LogPosition(end: 7, term: 4)]
            #expect(found.restored.runs == runs)
            #expect(found.restored.hardState.owes == nil)
        }
    }

    @Test func `an entry of a later program is no damage, and stays`() throws {
        let log = try open().log
        try fill(log, [1, 1])
        _ = try log.append([([100, 1, 2, 3], 7)], term: 1)
        try log.close()
        let path = "__cluster_metadata-0/00000000000000000000.log"
        let bytes = disk.bytes(of: path)
        let error = #expect(throws: StartError.self) { try open() }
        #expect(error?.description.contains("later version") ?? false)
        #expect(disk.bytes(of: path) == bytes)
        #expect(try HardStateFile.decode(disk.bytes(of: HardStateFile.path) ?? HardStateFile.encode(HardState())).state.owes == nil)
    }

    @Test func `a bit that turns in a batch's term is found`() throws {
        let log = try open().log
        try fill(log, [1, 1])
        let path = "__cluster_metadata-0/00000000000000000000.log"
        disk.corrupt(path, at: Int(log.sizeBytes) / 2 + 15)  // The lowest byte of the second batch's leader epoch.
        #expect(throws: StartError.self) { try open(repairs: false) }
        #expect(try open().log.endOffset == 1)
    }

    @Test func `hard state comes back, and a damaged one stops the start`() throws {
        let state = HardState(
            term: 9, votedFor: ReplicaKey(id: 2, directory: UUID128(high: 5, low: 6)),
            owes: LogPosition(end: 3, term: 2))
        let bytes = HardStateFile.encode(state)
        #expect(try HardStateFile.decode(bytes) == (state, false))
        #expect(try HardStateFile.decode(HardStateFile.encode(HardState())) == (HardState(), false))
        let copy = bytes.count - 4096
        for index in bytes.indices where index < copy || index >= 4096 {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(try HardStateFile.decode(damaged) == (state, true), "byte \(index)")
            damaged[(index + 4096) % 8192 < bytes.count ? (index + 4096) % 8192 : 0] ^= 1
            #expect(throws: QuorumError.self, "byte \(index) of both") { try HardStateFile.decode(damaged) }
        }
        for end in 0..<copy {
            #expect(throws: QuorumError.self) { try HardStateFile.decode(Array(bytes[..<end])) }
        }
        for end in copy..<bytes.count {
            #expect(try HardStateFile.decode(Array(bytes[..<end])) == (state, true))
        }
    }

    @Test func `a damaged copy of the hard state is written anew at the start`() throws {
        let state = HardState(term: 9)
        try QuorumStorage.writeBootstrap(disk: disk, voters: [voter])
        try disk.replaceWhole(HardStateFile.path, HardStateFile.encode(state), directory: QuorumLog.directory)
        disk.corrupt(HardStateFile.path, at: 3)
        #expect(try open().warnings.count == 1)
        #expect(disk.bytes(of: HardStateFile.path) == HardStateFile.encode(state))
    }

    @Test func `one of several whose snapshot is damaged has nothing, and owes all it had`() throws {
        try QuorumStorage.writeBootstrap(disk: disk, voters: [voter])
        let log = try open().log
        try fill(log, [1, 1, 2])
        let end = log.endOffset
        disk.corrupt(SnapshotFile.path(.start), at: 20)
        let lone = #expect(throws: StartError.self) { try open(repairs: false) }
        #expect(lone?.description.contains("damaged") ?? false)
        for _ in 0..<2 {
            let found = try open()
            #expect(found.state == nil)
            #expect(found.log.endOffset == 0)
            #expect(found.restored.hardState.owes?.end == end)
            #expect(found.restored.voterSets.isEmpty)
        }
        #expect(disk.exists(SnapshotFile.path(.start) + SnapshotFile.damagedSuffix))
    }

    @Test func `whatever of that a crash cuts off, the next start owes the same`() throws {
        try QuorumStorage.writeBootstrap(disk: disk, voters: [voter])
        let log = try open().log
        try fill(log, [1, 1, 2])
        let end = log.endOffset
        disk.corrupt(SnapshotFile.path(.start), at: 20)
        var failures = 0
        for operation in [DiskOperation.write, .sync, .rename, .remove, .truncate] {
            for after in 0..<20 {
                let copy = disk.copy()
                copy.fail(operation, with: .io(5), after: after)
                if (try? open(on: copy)) == nil { failures += 1 }
                copy.clearFaults()
                copy.crash()
                let found = try open(on: copy)
                #expect(found.state == nil && found.log.endOffset == 0 && found.restored.hardState.owes?.end == end)
            }
        }
        #expect(failures >= 5)
    }

    @Test func `a snapshot file that is cut off or changed anywhere is refused`() throws {
        try QuorumStorage.writeBootstrap(disk: disk, voters: [voter])
        let path = SnapshotFile.path(.start)
        let bytes = try #require(disk.bytes(of: path))
        for end in bytes.indices {
            disk.setBytes(Array(bytes[..<end]), of: path)
            #expect(throws: (any Error).self, "cut at \(end)") { try SnapshotState(reading: disk, .start) }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            disk.setBytes(changed, of: path)
            #expect(throws: (any Error).self, "byte \(index)") { try SnapshotState(reading: disk, .start) }
        }
        #expect(
            SnapshotFile.id(of: SnapshotFile.name(LogPosition(end: 12, term: 3)))
                == LogPosition(end: 12, term: 3))
        #expect(SnapshotFile.id(of: "00000000000000000012.log") == nil)
    }

    @Test func `a log from before there was a quorum is read`() throws {
        let log = try open().log
        _ = try log.append([(MetadataRecord.clusterFormatted(clusterID: "old").encode(), 3)], term: 0)
        try log.syncNow()
        let found = try open()
        guard case .transaction(let transaction) = found.entries[0].entry else {
            return #expect(Bool(false), "\(found.entries)")
        }
        #expect(transaction.metadata == [.clusterFormatted(clusterID: "old")])
    }

    @Test func `batches are sent whole, from memory or from the disk`() throws {
        let log = try open().log
        try fill(log, [1, 1, 2])
        let whole = try log.read(from: 0, end: 3)
        #expect(try LoggedEntry.decode(whole, from: 0).count == 3)
        #expect(try log.end(from: 1, bytesMax: 1) == 2)
        #expect(try log.end(from: 1, bytesMax: 1 << 20) == 3)
        #expect(try log.read(from: 1, end: 2) + log.read(from: 2, end: 3) == log.read(from: 1, end: 3))
        let reopened = try open().log
        #expect(try reopened.read(from: 0, end: 3) == whole)
        #expect(try reopened.end(from: 0, bytesMax: 1) == 1)
    }

    @Test(arguments: [0, 6, 15]) func `what a checksum does not cover is looked at before it is sent`(byte: Int) throws {
        try fill(try open().log, [1, 1, 1])
        let log = try open().log  // Nothing of it is kept in memory.
        disk.corrupt("__cluster_metadata-0/00000000000000000000.log", at: Int(log.sizeBytes) / 3 + byte)
        #expect(throws: LogError.self) { try log.read(from: 1, end: 3) }
        #expect(log.soundEnd(from: 0) == 1)
    }

    @Test func `what a leader sends is taken whole or not at all`() throws {
        let log = try open().log
        try fill(log, [1, 1])
        let bytes = try log.read(from: 0, end: 2)
        let other = SimulatedDisk()
        let copy = try QuorumStorage.open(
            try LogDirectory.open(
                other,
                identity: DirectoryIdentity(clusterID: "c", nodeID: 2, directoryID: UUID128(high: 2, low: 2))),
            repairs: true, now: 0
        ).log
        var damaged = bytes
        damaged[bytes.count - 1] ^= 1
        #expect(throws: LogError.self) { try copy.appendReceived(damaged, end: 2, now: 0) }
        #expect(throws: LogError.self) { try copy.appendReceived(bytes, end: 3, now: 0) }
        #expect(copy.endOffset == 0)
        #expect(try copy.appendReceived(bytes, end: 2, now: 0).count == 2)
        #expect(try copy.read(from: 0, end: 2) == bytes)
        #expect(throws: LogError.self) { try copy.appendReceived(bytes, end: 4, now: 0) }
        #expect(copy.endOffset == 2)
    }
}
