package import Vocabulary

// Arrays; see `ReadArrays.swift` for the layout. One function serves arrays that may be null and those that may
// not: the generated code passes an empty array where a version knows no null.

@inlinable
package func countSize(_ count: Int, flexible: Bool) -> Int {
    flexible ? uvarintSize(UInt32(truncatingIfNeeded: count + 1)) : 4
}

@inlinable
package func arraySize<Element: Message>(_ value: [Element]?, version: Int16, flexible: Bool) -> Int {
    guard let value else { return countSize(-1, flexible: flexible) }
    var size = countSize(value.count, flexible: flexible)
    for element in value { size += element.size(version: version) }
    return size
}

@inlinable
package func integersSize<Element: FixedWidthInteger & BitwiseCopyable>(
    _ value: [Element]?, flexible: Bool
) -> Int {
    guard let value else { return countSize(-1, flexible: flexible) }
    return countSize(value.count, flexible: flexible) + value.count * MemoryLayout<Element>.size
}

package func stringsSize(_ value: [String]?, flexible: Bool) -> Int {
    guard let value else { return countSize(-1, flexible: flexible) }
    var size = countSize(value.count, flexible: flexible)
    for element in value { size += stringSize(element, flexible: flexible) }
    return size
}

package func uuidsSize(_ value: [UUID128]?, flexible: Bool) -> Int {
    guard let value else { return countSize(-1, flexible: flexible) }
    return countSize(value.count, flexible: flexible) + value.count * 16
}

@inlinable
package func nullableStructSize<Structure: Message>(_ value: Structure?, version: Int16) -> Int {
    guard let value else { return 1 }
    return 1 + value.size(version: version)
}

@inlinable
package func writeArray<Element: Message>(
    _ value: [Element]?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16, flexible: Bool
) {
    guard let value else { return writeCount(-1, out, &at, flexible: flexible) }
    writeCount(value.count, out, &at, flexible: flexible)
    for element in value { element.write(out, &at, version: version) }
}

@inlinable
package func writeIntegers<Element: FixedWidthInteger & BitwiseCopyable>(
    _ value: [Element]?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    guard let value else { return writeCount(-1, out, &at, flexible: flexible) }
    writeCount(value.count, out, &at, flexible: flexible)
    for element in value { writeInteger(element, out, &at) }
}

package func writeStrings(
    _ value: [String]?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    guard let value else { return writeCount(-1, out, &at, flexible: flexible) }
    writeCount(value.count, out, &at, flexible: flexible)
    for element in value { writeString(element, out, &at, flexible: flexible) }
}

package func writeUUIDs(
    _ value: [UUID128]?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, flexible: Bool
) {
    guard let value else { return writeCount(-1, out, &at, flexible: flexible) }
    writeCount(value.count, out, &at, flexible: flexible)
    for element in value { writeUUID(element, out, &at) }
}

/// A structure that may be null: one byte before it tells, 1 or -1.
@inlinable
package func writeNullableStruct<Structure: Message>(
    _ value: Structure?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16
) {
    guard let value else { return writeInt8(-1, out, &at) }
    writeInt8(1, out, &at)
    value.write(out, &at, version: version)
}

/// The same as the value of a tagged field, where Kafka writes null as a zero byte.
@inlinable
package func writeTaggedStruct<Structure: Message>(
    _ value: Structure?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16
) {
    guard let value else { return writeInt8(0, out, &at) }
    writeNullableStruct(value, out, &at, version: version)
}
