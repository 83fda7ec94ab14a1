/// Where a batch lies: its *last* offset, less the segment's base, and its position. Kafka's `.index`, 8 bytes.
struct OffsetEntry: IndexEntry {
    static let byteCount = 8
    let relativeOffset: Int32
    let position: Int32

    init(relativeOffset: Int32, position: Int32) {
        self.relativeOffset = relativeOffset
        self.position = position
    }

    init(_ bytes: UnsafeRawBufferPointer, at: Int) {
        relativeOffset = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))
        position = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at + 4, as: Int32.self))
    }

    func write(_ out: UnsafeMutableRawBufferPointer, at: Int) {
        out.storeBytes(of: relativeOffset.bigEndian, toByteOffset: at, as: Int32.self)
        out.storeBytes(of: position.bigEndian, toByteOffset: at + 4, as: Int32.self)
    }
}

/// One entry per `index.interval.bytes` of log, so a scan of at most that much follows a look-up.
typealias OffsetIndex = IndexFile<OffsetEntry>
