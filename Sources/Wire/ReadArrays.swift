package import Vocabulary

// Arrays: an int32 count, or where flexible a varint of the count plus one; then the elements (KIP-482).

/// The number of elements of an array; nil for null.
/// - Parameter elementSizeMin: the fewest bytes that one element can take, at least one.
/// - Throws: `.countTooLarge` when that many elements cannot lie in what is left of the frame.
@inlinable
package func readArrayCount(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, elementSizeMin: Int, _ field: StaticString = ""
) throws(WireError) -> Int? {
    let start = at
    let count =
        flexible
        ? Int(try readUVarint(frame, &at, field)) - 1 : Int(try readInt32(frame, &at, field))
    guard count >= 0 else {
        if count == -1 { return nil }
        throw WireError(.negativeLength(count), at: start, field)
    }
    guard count <= (frame.byteCount - at) / elementSizeMin else {
        throw WireError(.countTooLarge(count), at: start, field)
    }
    return count
}

/// How many elements to reserve room for at once: all of a few, but of many no more memory than the frame has
/// bytes left, because elements can be larger in memory than on the wire. The array then grows as they arrive.
@inlinable
package func reservation(for count: Int, stride: Int, bytesLeft: Int) -> Int {
    count <= 16 ? count : min(count, max(16, bytesLeft / max(stride, 1)))
}

@inlinable
package func readNullableArray<Element: Message>(
    _ frame: RawSpan, _ at: inout Int, version: Int16, flexible: Bool, elementSizeMin: Int,
    _ field: StaticString = ""
) throws(WireError) -> [Element]? {
    let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: elementSizeMin, field)
    guard let count else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(
        reservation(for: count, stride: MemoryLayout<Element>.stride, bytesLeft: frame.byteCount - at))
    for _ in 0..<count { elements.append(try Element(frame, &at, version: version)) }
    return elements
}

@inlinable
package func readArray<Element: Message>(
    _ frame: RawSpan, _ at: inout Int, version: Int16, flexible: Bool, elementSizeMin: Int,
    _ field: StaticString = ""
) throws(WireError) -> [Element] {
    let start = at
    let elements: [Element]? = try readNullableArray(
        frame, &at, version: version, flexible: flexible, elementSizeMin: elementSizeMin, field)
    guard let elements else { throw WireError(.unexpectedNull, at: start, field) }
    return elements
}

@inlinable
package func readNullableIntegers<Element: FixedWidthInteger & BitwiseCopyable>(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [Element]? {
    let width = MemoryLayout<Element>.size
    let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: width, field)
    guard let count else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try readInteger(frame, &at, as: Element.self, field)) }
    return elements
}

@inlinable
package func readIntegers<Element: FixedWidthInteger & BitwiseCopyable>(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [Element] {
    let start = at
    let elements: [Element]? = try readNullableIntegers(frame, &at, flexible: flexible, field)
    guard let elements else { throw WireError(.unexpectedNull, at: start, field) }
    return elements
}

package func readNullableStrings(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [String]? {
    let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: flexible ? 1 : 2, field)
    guard let count else { return nil }
    var elements: [String] = []
    elements.reserveCapacity(
        reservation(for: count, stride: MemoryLayout<String>.stride, bytesLeft: frame.byteCount - at))
    for _ in 0..<count { elements.append(try readString(frame, &at, flexible: flexible, field)) }
    return elements
}

package func readStrings(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [String] {
    let start = at
    guard let elements = try readNullableStrings(frame, &at, flexible: flexible, field) else {
        throw WireError(.unexpectedNull, at: start, field)
    }
    return elements
}

package func readNullableUUIDs(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [UUID128]? {
    let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 16, field)
    guard let count else { return nil }
    var elements: [UUID128] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try readUUID(frame, &at, field)) }
    return elements
}

package func readUUIDs(
    _ frame: RawSpan, _ at: inout Int, flexible: Bool, _ field: StaticString = ""
) throws(WireError) -> [UUID128] {
    let start = at
    guard let elements = try readNullableUUIDs(frame, &at, flexible: flexible, field) else {
        throw WireError(.unexpectedNull, at: start, field)
    }
    return elements
}

/// A structure that may be null: one byte before it tells, negative for null.
@inlinable
package func readNullableStruct<Structure: Message>(
    _ frame: RawSpan, _ at: inout Int, version: Int16, _ field: StaticString = ""
) throws(WireError) -> Structure? {
    try readInt8(frame, &at, field) < 0 ? nil : try Structure(frame, &at, version: version)
}

/// The same as the value of a tagged field, where Kafka writes null as a zero byte.
@inlinable
package func readTaggedStruct<Structure: Message>(
    _ frame: RawSpan, _ at: inout Int, version: Int16, _ field: StaticString = ""
) throws(WireError) -> Structure? {
    try readInt8(frame, &at, field) <= 0 ? nil : try Structure(frame, &at, version: version)
}
