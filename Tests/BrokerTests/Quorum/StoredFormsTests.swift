import Consensus
import Coordination
import Metadata
import SimulatedDisk
import Testing
import Vocabulary

@testable import Broker

/// The bytes of the log's entries and of snapshots: what is none of them is an error, and never a trap.
struct StoredFormsTests {
    private static let key = ReplicaKey(id: 1, directory: UUID128(high: 1, low: 2))
    private static let voters = VoterSet([
        Voter(key: key, host: "a.example", port: 9093),
        Voter(key: ReplicaKey(id: 2, directory: UUID128(high: 3, low: 4)), host: "::1", port: 1),
    ])
    private static let facts: [MetadataRecord] = [
        .clusterFormatted(clusterID: "c"), .configSet(.topic("t"), name: "k", value: "v"),
    ]
    private static let entries: [QuorumEntry] = [
        .leaderChange(key), .voters(voters), .voters(.empty), .transaction(QuorumTransaction()),
        .transaction(QuorumTransaction(coordination: .sessionClosed(id: 7))),
        .transaction(QuorumTransaction(coordination: .sessionClosed(id: 7), metadata: facts)),
    ]

    @Test func `an entry is read as it was written, and one that is cut off anywhere is an error`() throws {
        for entry in Self.entries {
            let bytes = entry.encode()
            #expect(try QuorumEntry(decoding: bytes).encode() == bytes, "\(entry)")
            for end in bytes.indices {
                #expect(throws: FieldError.self, "\(entry) to \(end)") {
                    try QuorumEntry(decoding: Array(bytes[..<end]))
                }
            }
            #expect(throws: FieldError.self) { try QuorumEntry(decoding: bytes + [0]) }
        }
    }

    @Test func `a bare record of metadata is an entry`() throws {
        guard case .transaction(let transaction) = try QuorumEntry(decoding: Self.facts[1].encode()) else {
            return #expect(Bool(false), "another entry")
        }
        #expect(transaction.metadata == [Self.facts[1]])
        #expect(transaction.coordination == nil)
    }

    @Test(arguments: 0..<20) func `random bytes are an error or an entry, and never a trap`(seed: Int) {
        var chance = SeededGenerator(seed: UInt64(seed))
        for entry in Self.entries {
            for _ in 0..<100 { _ = try? QuorumEntry(decoding: Self.damaged(entry.encode(), &chance)) }
        }
    }

    @Test(arguments: 0..<20)
    func `sections of a snapshot that are sound, and say what cannot be, are an error or a state, and never a trap`(
        seed: Int
    ) throws {
        var chance = SeededGenerator(seed: UInt64(seed))
        let disk = SimulatedDisk()
        try disk.createDirectory(QuorumLog.directory)
        var sections = SnapshotSections(
            SnapshotFile.Header(
                id: .start, timestamp: 5, voters: PlacedVoterSet(offset: -1, voters: Self.voters)),
            ClusterImage(snapshot: Self.facts, at: 0), Coordination())
        var bodies: [(kind: SnapshotFile.Kind, body: [UInt8])] = []
        while let section = sections.next() {
            bodies.append((try #require(SnapshotFile.Kind(rawValue: section[8])), Array(section[9...])))
        }
        #expect(bodies.map(\.kind) == [.header, .metadata, .coordination, .footer])
        func read(_ changed: Int, _ body: [UInt8]) throws {
            let file = bodies.enumerated().flatMap { index, section in
                SnapshotFile.section(section.kind, index == changed ? body : section.body)
            }
            disk.setBytes(file, of: SnapshotFile.path(.start))
            _ = try SnapshotState(reading: disk, .start)
        }
        for (index, section) in bodies.enumerated() {
            try read(index, section.body)
            for _ in 0..<20 { try? read(index, Self.damaged(section.body, &chance)) }
            for end in section.body.indices {
                #expect(throws: (any Error).self, "\(section.kind) to \(end)") {
                    try read(index, Array(section.body[..<end]))
                }
            }
        }
    }

    @Test func `a snapshot of another version is refused by it`() {
        var bytes = SnapshotFile.Header(id: .start, timestamp: 0, voters: .none).encode()
        bytes[1] = 1
        let error = #expect(throws: FieldError.self) { try SnapshotFile.Header(decoding: bytes) }
        #expect(error?.description.contains("version 1, and not 2") == true)
    }

    private static func damaged(_ bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &chance) {
            bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
        }
        return bytes
    }
}
