import Consensus
import Vocabulary

/// Fields one behind the other, big-endian: what replicas send each other and what stands in the quorum's files.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    mutating func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func put(_ value: Offset) { put(value.value) }
    mutating func put(_ value: LeaderEpoch) { put(value.value) }

    mutating func put(_ value: UUID128) {
        put(value.high)
        put(value.low)
    }

    /// A length of four bytes, then the text.
    mutating func put(_ value: String) {
        put(UInt32(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// A length of four bytes, then the bytes.
    mutating func put(_ value: [UInt8]) {
        put(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    /// Bytes as they are, without a length.
    mutating func put(raw value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    mutating func put<Item>(_ items: [Item], _ each: (inout ByteWriter, Item) -> Void) {
        put(UInt32(items.count))
        for item in items { each(&self, item) }
    }

    mutating func put(_ value: ReplicaKey) {
        put(value.id.value)
        put(value.directory)
    }

    mutating func put(_ value: LogPosition) {
        put(value.end)
        put(value.term)
    }

    mutating func put(_ value: Voter) {
        put(value.key)
        put(value.host)
        put(value.port)
    }

    mutating func put(_ value: PlacedVoterSet) {
        put(value.offset)
        put(value.voters)
    }

    mutating func put(_ value: VoterSet) { put(value.voters) { $0.put($1) } }
}
