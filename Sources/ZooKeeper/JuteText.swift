package import Wire

// `ustring` and vectors of it. Numbers, booleans and `buffer` are as in `Wire` (where lengths are not flexible).

/// A string; null reads as empty, which clients mean by it: kazoo writes every empty string as null.
package func readJuteString(_ frame: RawSpan, _ at: inout Int, _ field: StaticString) throws(WireError)
    -> String
{
    guard let place = try readByteRange(frame, &at, flexible: false, field) else { return "" }
    return try text(frame, place, field)
}

/// A string where null means something else than an empty one.
package func readNullableJuteString(
    _ frame: RawSpan, _ at: inout Int, _ field: StaticString
) throws(WireError) -> String? {
    guard let place = try readByteRange(frame, &at, flexible: false, field) else { return nil }
    return try text(frame, place, field)
}

package func juteStringSize(_ value: String) -> Int { 4 + value.utf8.count }

package func writeJuteString(_ value: String, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    var value = value
    value.withUTF8 { (utf8: UnsafeBufferPointer<UInt8>) in
        writeCount(utf8.count, out, &at, flexible: false)
        guard !utf8.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: out[at..<at + utf8.count])
            .copyMemory(from: UnsafeRawBufferPointer(utf8))
        at += utf8.count
    }
}

package func writeNullableJuteString(_ value: String?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int)
{
    if let value { writeJuteString(value, out, &at) } else { writeCount(-1, out, &at, flexible: false) }
}

/// Strings; a null vector reads as an empty one.
package func readJuteStrings(
    _ frame: RawSpan, _ at: inout Int, _ field: StaticString
) throws(WireError) -> [String] {
    let count = try readArrayCount(frame, &at, flexible: false, elementSizeMin: 4, field) ?? 0
    var elements: [String] = []
    elements.reserveCapacity(
        reservation(for: count, stride: MemoryLayout<String>.stride, bytesLeft: frame.byteCount - at))
    for _ in 0..<count { elements.append(try readJuteString(frame, &at, field)) }
    return elements
}

package func juteStringsSize(_ value: [String]) -> Int {
    var size = 4
    for element in value { size += juteStringSize(element) }
    return size
}

package func writeJuteStrings(_ value: [String], _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    writeCount(value.count, out, &at, flexible: false)
    for element in value { writeJuteString(element, out, &at) }
}

/// Records; a null vector reads as an empty one.
/// - Parameter elementSizeMin: the fewest bytes that one element can take, at least one.
package func readJuteRecords<Element: JuteRecord>(
    _ frame: RawSpan, _ at: inout Int, elementSizeMin: Int, _ field: StaticString
) throws(WireError) -> [Element] {
    let count = try readArrayCount(frame, &at, flexible: false, elementSizeMin: elementSizeMin, field) ?? 0
    var elements: [Element] = []
    elements.reserveCapacity(
        reservation(for: count, stride: MemoryLayout<Element>.stride, bytesLeft: frame.byteCount - at))
    for _ in 0..<count { elements.append(try Element(frame, &at)) }
    return elements
}

package func juteRecordsSize<Element: JuteRecord>(_ value: [Element]) -> Int {
    var size = 4
    for element in value { size += element.size }
    return size
}

package func writeJuteRecords<Element: JuteRecord>(
    _ value: [Element], _ out: UnsafeMutableRawBufferPointer, _ at: inout Int
) {
    writeCount(value.count, out, &at, flexible: false)
    for element in value { element.write(out, &at) }
}
