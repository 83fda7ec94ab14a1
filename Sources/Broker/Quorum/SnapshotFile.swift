import Consensus
import Ports
import Records
import Vocabulary

/// Bytes of a snapshot are not as they were written. (One of a later version of this program is something else.)
struct SnapshotDamage: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A snapshot on disk: `00000000000000000123-0000000004.checkpoint`, named by its end and its term as Kafka names them.
///
/// Sections one behind the other: a length and a checksum of four bytes each, then a kind and the section's bytes. The first says
/// what the snapshot is of, the last how many there are: without it the file is not whole.
enum SnapshotFile {
    static let suffix = ".checkpoint"
    static let partSuffix = ".checkpoint.part"
    /// Behind the name of one that was found damaged.
    static let damagedSuffix = ".damaged"

    enum Kind: UInt8 {
        case header = 1
        /// Records of `Metadata`.
        case metadata
        /// A slice of the znode tree and its sessions.
        case coordination
        case footer
    }

    static func name(_ id: SnapshotID) -> String {
        let end = String(id.end.value)
        let term = String(id.term.value)
        return String(repeating: "0", count: max(0, 20 - end.count)) + end + "-"
            + String(repeating: "0", count: max(0, 10 - term.count)) + term + suffix
    }

    static func path(_ id: SnapshotID) -> String { QuorumLog.directory + "/" + name(id) }

    /// - Returns: nil for names of other files.
    static func id(of name: String) -> SnapshotID? {
        guard name.hasSuffix(suffix) else { return nil }
        let parts = name.dropLast(suffix.count).split(separator: "-")
        guard parts.count == 2, parts[0].count == 20, let end = Int64(parts[0]), let term = Int32(parts[1]) else {
            return nil
        }
        return SnapshotID(end: Offset(end), term: LeaderEpoch(term))
    }

    static func section(_ kind: Kind, _ body: [UInt8]) -> [UInt8] {
        var out = FieldWriter(capacity: body.count + 9)
        out.put(UInt32(body.count + 1))
        let sum = [kind.rawValue].withUnsafeBytes { crc32c($0) }
        out.put(body.withUnsafeBytes { crc32c($0, seed: sum) })
        out.put(kind.rawValue)
        out.append(body)
        return out.bytes
    }

    /// What the first section says.
    struct Header: Equatable {
        let id: SnapshotID
        /// Of the last entry it covers.
        let timestamp: Timestamp
        let voters: PlacedVoterSet

        private static let version: UInt16 = 2

        func encode() -> [UInt8] {
            var out = FieldWriter()
            out.put(Self.version)
            out.put(id)
            out.put(timestamp.milliseconds)
            out.put(voters)
            return out.bytes
        }

        init(id: SnapshotID, timestamp: Timestamp, voters: PlacedVoterSet) {
            self.id = id
            self.timestamp = timestamp
            self.voters = voters
        }

        init(decoding bytes: [UInt8]) throws(FieldError) {
            var input = FieldReader(bytes)
            let version = try input.integer(UInt16.self)
            guard version == Self.version else {
                throw .malformed(at: 0, "a snapshot of version \(version), and not \(Self.version)")
            }
            id = try input.position()
            timestamp = Timestamp(milliseconds: try input.integer(Int64.self))
            voters = try input.placedVoterSet()
            try input.end()
        }
    }

    /// A section with its kind in the first byte; nil at the file's end.
    private static func section(
        _ disk: any Disk, _ file: FileID, at position: Int64, size: Int64, _ path: String
    ) throws -> (kind: Kind, bytes: [UInt8])? {
        if position == size { return nil }
        let head = try disk.readBytes(file, at: position, count: 8)
        var input = FieldReader(head)
        guard let length = try? input.integer(UInt32.self), let sum = try? input.integer(UInt32.self),
            length > 0, Int64(length) <= size - position - 8
        else { throw SnapshotDamage("\(path) is cut off or damaged at byte \(position)") }
        let bytes = try disk.readBytes(file, at: position + 8, count: Int(length))
        guard bytes.withUnsafeBytes({ crc32c($0) }) == sum, let kind = Kind(rawValue: bytes[0]) else {
            throw SnapshotDamage("\(path) is damaged at byte \(position)")
        }
        return (kind, bytes)
    }

    /// Reads a file's sections in order.
    ///
    /// - Throws: `SnapshotDamage` when it is damaged or not whole.
    static func read(
        _ disk: any Disk, _ path: String, _ body: (Kind, [UInt8]) throws -> Void
    ) throws {
        let file = try disk.open(path, .existing)
        defer { disk.close(file) }
        let size = try disk.size(file)
        var at: Int64 = 0
        var count: UInt64 = 0
        while let (kind, bytes) = try section(disk, file, at: at, size: size, path) {
            at += 8 + Int64(bytes.count)
            if kind == .footer {
                var footer = FieldReader(slice: bytes[1...])
                guard let sections = try? footer.integer(UInt64.self), sections == count, at == size else {
                    throw SnapshotDamage("\(path) does not end as it says")
                }
                return
            }
            count += 1
            try body(kind, Array(bytes[1...]))
        }
        throw SnapshotDamage("\(path) is not whole")
    }
}
