/// Big-endian fields one behind the other: for the small files written seldom.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ value: some FixedWidthInteger & BitwiseCopyable) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func replace(_ value: UInt32, at position: Int) {
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: value.bigEndian, toByteOffset: position, as: UInt32.self)
        }
    }
}

/// Reads them back; nil once the bytes are used up.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - at }

    mutating func take<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T? {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { return nil }
        defer { at += size }
        return T(bigEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: T.self) })
    }
}
