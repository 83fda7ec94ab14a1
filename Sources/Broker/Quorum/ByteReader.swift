import Consensus
import Vocabulary
import Wire

/// Reads what `ByteWriter` wrote. Trusts no length: nothing is reserved beyond the bytes at hand.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var at: Int

    init(_ bytes: [UInt8], at: Int = 0) {
        self.bytes = bytes
        self.at = at
    }

    var isAtEnd: Bool { at == bytes.count }
    var bytesLeft: Int { bytes.count - at }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type = T.self, _ field: StaticString = ""
    ) throws(WireError) -> T {
        var next = at
        defer { at = next }
        return try readInteger(bytes.span.bytes, &next, as: T.self, field)
    }

    mutating func boolean(_ field: StaticString = "") throws(WireError) -> Bool {
        try integer(UInt8.self, field) != 0
    }

    mutating func enumeration<E: RawRepresentable>(_ field: StaticString) throws(WireError) -> E where E.RawValue == UInt8 {
        let raw = try integer(UInt8.self, field)
        guard let value = E(rawValue: raw) else { throw WireError(.unexpectedValue(Int(raw)), at: at - 1, field) }
        return value
    }

    mutating func offset(_ field: StaticString = "") throws(WireError) -> Offset {
        Offset(try integer(Int64.self, field))
    }

    mutating func term(_ field: StaticString = "") throws(WireError) -> LeaderEpoch {
        LeaderEpoch(try integer(Int32.self, field))
    }

    mutating func uuid(_ field: StaticString = "") throws(WireError) -> UUID128 {
        UUID128(high: try integer(UInt64.self, field), low: try integer(UInt64.self, field))
    }

    mutating func string(_ field: StaticString = "") throws(WireError) -> String {
        let place = try range(field)
        return try text(bytes.span.bytes, place, field)
    }

    mutating func data(_ field: StaticString = "") throws(WireError) -> [UInt8] { Array(bytes[try range(field)]) }

    /// All that is left.
    mutating func rest() -> ArraySlice<UInt8> {
        defer { at = bytes.count }
        return bytes[at...]
    }

    /// - Parameter itemBytesMin: what one item takes at least, so that a count cannot promise more than there is.
    mutating func array<Item>(
        itemBytesMin: Int, _ field: StaticString = "", _ each: (inout ByteReader) throws(WireError) -> Item
    ) throws(WireError) -> [Item] {
        let count = Int(try integer(UInt32.self, field))
        guard count <= bytesLeft / itemBytesMin else { throw WireError(.countTooLarge(count), at: at, field) }
        var items: [Item] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try each(&self)) }
        return items
    }

    mutating func replicaKey() throws(WireError) -> ReplicaKey {
        ReplicaKey(id: BrokerID(try integer(Int32.self)), directory: try uuid())
    }

    mutating func position() throws(WireError) -> LogPosition {
        LogPosition(end: try offset(), term: try term())
    }

    mutating func voter() throws(WireError) -> Voter {
        Voter(key: try replicaKey(), host: try string(), port: try integer(UInt16.self))
    }

    mutating func voterSet() throws(WireError) -> VoterSet {
        let start = at
        let voters = try array(itemBytesMin: 26) { reader throws(WireError) in try reader.voter() }
        guard let set = VoterSet(checking: voters) else {
            throw WireError(.unexpectedValue(voters.count), at: start, "voters")
        }
        return set
    }

    mutating func placedVoterSet() throws(WireError) -> PlacedVoterSet {
        PlacedVoterSet(offset: try offset(), voters: try voterSet())
    }

    private mutating func range(_ field: StaticString) throws(WireError) -> Range<Int> {
        let count = Int(try integer(UInt32.self, field))
        guard count <= bytesLeft else { throw WireError(.truncated(wanted: count), at: at, field) }
        defer { at += count }
        return at..<at + count
    }
}
