package import Vocabulary

// Raw stores into space that was measured and reserved before; the names mirror the readers.

@inlinable
@inline(__always)
package func writeInteger<T: FixedWidthInteger & BitwiseCopyable>(
    _ value: T, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int
) {
    out.storeBytes(of: value.bigEndian, toByteOffset: at, as: T.self)
    at += MemoryLayout<T>.size
}

@inlinable
@inline(__always)
package func writeInt8(_ value: Int8, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value, out, &at)
}

@inlinable
@inline(__always)
package func writeInt16(_ value: Int16, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value, out, &at)
}

@inlinable
@inline(__always)
package func writeInt32(_ value: Int32, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value, out, &at)
}

@inlinable
@inline(__always)
package func writeInt64(_ value: Int64, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value, out, &at)
}

@inlinable
@inline(__always)
package func writeUInt16(_ value: UInt16, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value, out, &at)
}

@inlinable
@inline(__always)
package func writeUInt32(_ value: UInt32, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value, out, &at)
}

@inlinable
@inline(__always)
package func writeFloat64(_ value: Double, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value.bitPattern, out, &at)
}

@inlinable
@inline(__always)
package func writeBool(_ value: Bool, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value ? 1 as UInt8 : 0, out, &at)
}

package func writeUUID(_ value: UUID128, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeInteger(value.high, out, &at)
    writeInteger(value.low, out, &at)
}

@inlinable
@inline(__always)
package func writeUVarint(_ value: UInt32, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeUVarlong(UInt64(value), out, &at)
}

@inlinable
package func writeUVarlong(_ value: UInt64, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    var rest = value
    while rest >= 0x80 {
        out[at] = UInt8(truncatingIfNeeded: rest) | 0x80
        at += 1
        rest >>= 7
    }
    out[at] = UInt8(truncatingIfNeeded: rest)
    at += 1
}

/// Zigzag, 32 bits.
@inlinable
@inline(__always)
package func writeVarint(_ value: Int32, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeUVarint(UInt32(bitPattern: value << 1 ^ value >> 31), out, &at)
}

/// Zigzag, 64 bits.
@inlinable
@inline(__always)
package func writeVarlong(_ value: Int64, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeUVarlong(UInt64(bitPattern: value << 1 ^ value >> 63), out, &at)
}

@inlinable
@inline(__always)
package func uvarintSize(_ value: UInt32) -> Int {
    value < 0x80 ? 1 : (38 - value.leadingZeroBitCount) / 7
}

@inlinable
@inline(__always)
package func uvarlongSize(_ value: UInt64) -> Int {
    value < 0x80 ? 1 : (70 - value.leadingZeroBitCount) / 7
}

@inlinable
@inline(__always)
package func varintSize(_ value: Int32) -> Int { uvarintSize(UInt32(bitPattern: value << 1 ^ value >> 31)) }

@inlinable
@inline(__always)
package func varlongSize(_ value: Int64) -> Int { uvarlongSize(UInt64(bitPattern: value << 1 ^ value >> 63)) }
