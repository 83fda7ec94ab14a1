// Strings and bytes: a length, then that many bytes. The length is an int16 (strings) or int32 (bytes), or, where
// the version is flexible, a varint of the length plus one, zero standing for null (KIP-482).

/// The place of a `string` in the frame, without copying it; nil for null.
@inlinable
@inline(__always)
package func readStringRange(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> Range<Int>? {
    let start = at
    let length =
        flexible
        ? Int(try readUVarint(frame, &at, field)) - 1 : Int(try readInt16(frame, &at, field))
    return try range(of: length, frame, &at, start, field)
}

/// The place of a `bytes` or `records` field in the frame, without copying it; nil for null.
@inlinable
@inline(__always)
package func readByteRange(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> Range<Int>? {
    let start = at
    let length =
        flexible
        ? Int(try readUVarint(frame, &at, field)) - 1 : Int(try readInt32(frame, &at, field))
    return try range(of: length, frame, &at, start, field)
}

@inlinable
package func readString(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> String {
    let start = at
    guard let place = try readStringRange(frame, &at, flexible: flexible, field) else {
        throw WireError(.unexpectedNull, at: start, field)
    }
    return try text(frame, place, field)
}

@inlinable
package func readNullableString(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> String? {
    guard let place = try readStringRange(frame, &at, flexible: flexible, field) else { return nil }
    return try text(frame, place, field)
}

@inlinable
package func readBytes(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [UInt8] {
    let start = at
    guard let place = try readByteRange(frame, &at, flexible: flexible, field) else {
        throw WireError(.unexpectedNull, at: start, field)
    }
    return copy(frame, place)
}

@inlinable
package func readNullableBytes(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [UInt8]? {
    guard let place = try readByteRange(frame, &at, flexible: flexible, field) else { return nil }
    return copy(frame, place)
}

/// Turns a length just read into a place, and moves the cursor behind it.
@inlinable
@inline(__always)
package func range(
    of length: Int, _ frame: RawSpan, _ at: inout Int, _ start: Int, _ field: StaticString
) throws(WireError) -> Range<Int>? {
    guard length >= 0 else {
        if length == -1 { return nil }
        throw WireError(.negativeLength(length), at: start, field)
    }
    guard length <= frame.byteCount - at else {
        throw WireError(.truncated(wanted: length), at: start, field)
    }
    let place = at..<at + length
    at += length
    return place
}

/// The string at a place that was read before.
/// - Throws: `.invalidUTF8`; Kafka would put replacement characters there, and so change a topic's name.
@usableFromInline
@inline(never)
package func text(_ frame: RawSpan, _ place: Range<Int>, _ field: StaticString = "") throws(WireError)
    -> String
{
    let text = frame.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> String? in
        String(validating: UnsafeRawBufferPointer(rebasing: bytes[place]), as: UTF8.self)
    }
    guard let text else { throw WireError(.invalidUTF8, at: place.lowerBound, field) }
    return text
}

/// The bytes at a place that was read before.
@usableFromInline
@inline(never)
package func copy(_ frame: RawSpan, _ place: Range<Int>) -> [UInt8] {
    frame.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> [UInt8] in [UInt8](bytes[place]) }
}
