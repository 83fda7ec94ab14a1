// Tagged fields (KIP-482): at the end of every structure of a flexible version a varint count, then for each its
// number, its size and its value. Only those that are not at their default are written, in the order of numbers.

/// One tagged field: its number, and where its value ends.
@usableFromInline
package struct TaggedField {
    @usableFromInline package let number: UInt32
    @usableFromInline package let end: Int

    @inlinable
    package init(number: UInt32, end: Int) {
        self.number = number
        self.end = end
    }
}

/// Reads the next tagged field's number and size; nil after the last. `left` is the count, read before.
@inlinable
package func nextTag(
    _ frame: RawSpan, _ at: inout Int, _ left: inout UInt32, _ field: StaticString = ""
) throws(WireError) -> TaggedField? {
    guard left > 0 else { return nil }
    left -= 1
    let number = try readUVarint(frame, &at, field)
    let start = at
    let byteCount = Int(try readUVarint(frame, &at, field))
    guard byteCount <= frame.byteCount - at else {
        throw WireError(.truncated(wanted: byteCount), at: start, field)
    }
    return TaggedField(number: number, end: at + byteCount)
}

/// Checks that reading the value of `tag` stopped where the value ends.
@inlinable
package func checkEnd(of tag: TaggedField, _ at: Int, _ field: StaticString = "") throws(WireError) {
    guard at == tag.end else { throw WireError(.taggedFieldSize(tag: tag.number), at: at, field) }
}

/// Skips all tagged fields of a structure that knows none.
@inlinable
package func skipTags(_ frame: RawSpan, _ at: inout Int, _ field: StaticString = "") throws(WireError) {
    var left = try readUVarint(frame, &at, field)
    while let tag = try nextTag(frame, &at, &left, field) { at = tag.end }
}

/// The bytes that a tagged field takes: number, size and value.
@inlinable
package func taggedFieldSize(_ number: UInt32, byteCount: Int) -> Int {
    uvarintSize(number) + uvarintSize(UInt32(truncatingIfNeeded: byteCount)) + byteCount
}

/// What comes before a tagged field's value.
@inlinable
package func writeTag(
    _ number: UInt32, byteCount: Int, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int
) {
    writeUVarint(number, out, &at)
    writeUVarint(UInt32(truncatingIfNeeded: byteCount), out, &at)
}
