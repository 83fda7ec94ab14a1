// Varints: seven bits a byte, lowest first, the high bit says that more follow. Unsigned for lengths and tags
// (KIP-482), zigzag within record batches (KIP-98). Almost all are one byte, so that is the inlined case.

/// At most five bytes, 32 bits.
@inlinable
@inline(__always)
package func readUVarint(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> UInt32
{
    if at < frame.byteCount {
        let first = frame.unsafeLoadUnaligned(fromByteOffset: at, as: UInt8.self)
        if first < 0x80 {
            at += 1
            return UInt32(first)
        }
    }
    let (value, end) = try readLongUVarint(frame, at, bits: 32, field)
    at = end
    return UInt32(truncatingIfNeeded: value)
}

/// At most ten bytes, 64 bits.
@inlinable
@inline(__always)
package func readUVarlong(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> UInt64
{
    if at < frame.byteCount {
        let first = frame.unsafeLoadUnaligned(fromByteOffset: at, as: UInt8.self)
        if first < 0x80 {
            at += 1
            return UInt64(first)
        }
    }
    let (value, end) = try readLongUVarint(frame, at, bits: 64, field)
    at = end
    return value
}

/// Zigzag, 32 bits.
@inlinable
@inline(__always)
package func readVarint(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> Int32
{
    let raw = try readUVarint(frame, &at, field)
    return Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)
}

/// Zigzag, 64 bits.
@inlinable
@inline(__always)
package func readVarlong(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> Int64
{
    let raw = try readUVarlong(frame, &at, field)
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
}

/// A varint of any length up to `bits`; takes the cursor by value, so that the caller's can stay in a register.
/// - Returns: the value, and where the next one begins.
@usableFromInline
@inline(never)
package func readLongUVarint(
    _ frame: RawSpan, _ start: Int, bits: Int, _ field: StaticString
) throws(WireError) -> (value: UInt64, end: Int) {
    var value: UInt64 = 0
    var shift = 0
    var at = start
    while at < frame.byteCount {
        let byte = frame.unsafeLoadUnaligned(fromByteOffset: at, as: UInt8.self)
        let part = UInt64(byte & 0x7F)
        // The last byte may hold fewer than seven bits.
        let overflows = shift >= bits || (bits - shift < 7 && part >> UInt64(bits - shift) != 0)
        guard !overflows else { throw WireError(.varintTooLong, at: start, field) }
        value |= part << UInt64(shift)
        at += 1
        if byte < 0x80 { return (value, at) }
        shift += 7
    }
    throw WireError(.truncated(wanted: 1), at: at, field)
}
