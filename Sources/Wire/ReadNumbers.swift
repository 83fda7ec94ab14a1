package import Vocabulary

// Numbers of fixed width, big-endian. Free functions over a span with the caller's own cursor: a cursor inside a
// struct with outlined slow paths costs 70 % more (measured). `field` only serves the error.

@inlinable
@inline(__always)
package func readInteger<T: FixedWidthInteger & BitwiseCopyable>(
    _ frame: RawSpan, _ at: inout Int, as type: T.Type, _ field: StaticString
) throws(WireError) -> T {
    let width = MemoryLayout<T>.size
    guard frame.byteCount - at >= width else { throw WireError(.truncated(wanted: width), at: at, field) }
    let value = T(bigEndian: frame.unsafeLoadUnaligned(fromByteOffset: at, as: T.self))
    at += width
    return value
}

@inlinable
@inline(__always)
package func readInt8(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError) -> Int8
{
    try readInteger(frame, &at, as: Int8.self, field)
}

@inlinable
@inline(__always)
package func readInt16(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> Int16
{
    try readInteger(frame, &at, as: Int16.self, field)
}

@inlinable
@inline(__always)
package func readInt32(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> Int32
{
    try readInteger(frame, &at, as: Int32.self, field)
}

@inlinable
@inline(__always)
package func readInt64(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> Int64
{
    try readInteger(frame, &at, as: Int64.self, field)
}

@inlinable
@inline(__always)
package func readUInt16(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> UInt16
{
    try readInteger(frame, &at, as: UInt16.self, field)
}

@inlinable
@inline(__always)
package func readUInt32(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> UInt32
{
    try readInteger(frame, &at, as: UInt32.self, field)
}

@inlinable
@inline(__always)
package func readFloat64(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> Double
{
    Double(bitPattern: try readInteger(frame, &at, as: UInt64.self, field))
}

/// Any byte but zero is true, as Kafka reads it.
@inlinable
@inline(__always)
package func readBool(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError) -> Bool
{
    try readInteger(frame, &at, as: UInt8.self, field) != 0
}

package func readUUID(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError)
    -> UUID128
{
    guard frame.byteCount - at >= 16 else { throw WireError(.truncated(wanted: 16), at: at, field) }
    let high = UInt64(bigEndian: frame.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
    let low = UInt64(bigEndian: frame.unsafeLoadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
    at += 16
    return UUID128(high: high, low: low)
}
