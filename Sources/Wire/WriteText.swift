// Strings and bytes; see `ReadText.swift` for the layout. Each writer has its size beside it: they must agree.

/// The longest string that versions without compact lengths can hold.
@usableFromInline let legacyStringBytesMax = Int(Int16.max)

/// How much of a string is written. Longer than an int16 can say is possible only when an old client asks for
/// something that a newer one set; it is cut at a character's border rather than breaking the frame.
@inlinable
package func writtenBytes(_ value: String, flexible: Bool) -> Int {
    let byteCount = value.utf8.count
    return flexible || byteCount <= legacyStringBytesMax ? byteCount : cutByteCount(value)
}

@usableFromInline
@inline(never)
func cutByteCount(_ value: String) -> Int {
    let utf8 = value.utf8
    var end = utf8.index(utf8.startIndex, offsetBy: legacyStringBytesMax)
    while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return utf8.distance(from: utf8.startIndex, to: end)
}

@inlinable
@inline(__always)
package func compactSize(_ byteCount: Int) -> Int {
    uvarintSize(UInt32(truncatingIfNeeded: byteCount + 1)) + byteCount
}

@inlinable
package func stringSize(_ value: String, flexible: Bool) -> Int {
    let byteCount = writtenBytes(value, flexible: flexible)
    return flexible ? compactSize(byteCount) : 2 + byteCount
}

@inlinable
package func nullableStringSize(_ value: String?, flexible: Bool) -> Int {
    guard let value else { return flexible ? 1 : 2 }
    return stringSize(value, flexible: flexible)
}

@inlinable
package func bytesSize(_ value: [UInt8], flexible: Bool) -> Int {
    flexible ? compactSize(value.count) : 4 + value.count
}

@inlinable
package func nullableBytesSize(_ value: [UInt8]?, flexible: Bool) -> Int {
    guard let value else { return flexible ? 1 : 4 }
    return bytesSize(value, flexible: flexible)
}

package func writeString(
    _ value: String, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    let byteCount = writtenBytes(value, flexible: flexible)
    if flexible {
        writeUVarint(UInt32(truncatingIfNeeded: byteCount + 1), out, &at)
    } else {
        writeInt16(Int16(truncatingIfNeeded: byteCount), out, &at)
    }
    guard byteCount > 0 else { return }
    var value = value
    let room = UnsafeMutableRawBufferPointer(rebasing: out[at..<at + byteCount])
    value.withUTF8 { (utf8: UnsafeBufferPointer<UInt8>) in
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(utf8)[..<byteCount]))
    }
    at += byteCount
}

package func writeNullableString(
    _ value: String?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    if let value {
        writeString(value, out, &at, flexible: flexible)
    } else if flexible {
        writeUVarint(0, out, &at)
    } else {
        writeInt16(-1, out, &at)
    }
}

package func writeBytes(
    _ value: [UInt8], _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    writeCount(value.count, out, &at, flexible: flexible)
    guard !value.isEmpty else { return }
    let room = UnsafeMutableRawBufferPointer(rebasing: out[at..<at + value.count])
    value.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in room.copyMemory(from: bytes) }
    at += value.count
}

package func writeNullableBytes(
    _ value: [UInt8]?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    if let value {
        writeBytes(value, out, &at, flexible: flexible)
    } else {
        writeCount(-1, out, &at, flexible: flexible)
    }
}

/// A byte or element count, or -1 for null: an int32, or a varint of one more.
@inlinable
package func writeCount(
    _ count: Int, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    if flexible {
        writeUVarint(UInt32(truncatingIfNeeded: count + 1), out, &at)
    } else {
        writeInt32(Int32(truncatingIfNeeded: count), out, &at)
    }
}
