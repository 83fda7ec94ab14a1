/// The largest timestamp so far, and the last offset, less the segment's base, of the first batch that has it.
/// Kafka's `.timeindex`, 12 bytes (KIP-33).
struct TimeEntry: IndexEntry {
    static let byteCount = 12
    let timestamp: Int64
    let relativeOffset: Int32

    init(timestamp: Int64, relativeOffset: Int32) {
        self.timestamp = timestamp
        self.relativeOffset = relativeOffset
    }

    init(_ bytes: UnsafeRawBufferPointer, at: Int) {
        timestamp = Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
        relativeOffset = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: Int32.self))
    }

    func write(_ out: UnsafeMutableRawBufferPointer, at: Int) {
        out.storeBytes(of: timestamp.bigEndian, toByteOffset: at, as: Int64.self)
        out.storeBytes(of: relativeOffset.bigEndian, toByteOffset: at + 8, as: Int32.self)
    }
}

/// Timestamps and offsets both rise. Everything before an entry's offset is older than its timestamp.
typealias TimeIndex = IndexFile<TimeEntry>
