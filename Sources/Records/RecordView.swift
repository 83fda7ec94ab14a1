/// One record, as places in its batch's (decompressed) payload: nothing is copied.
@usableFromInline
package struct RecordView: Equatable, Sendable {
    /// To be added to the batch's base offset.
    @usableFromInline package let offsetDelta: Int32
    /// To be added to the batch's base timestamp; says nothing where the batch has LogAppendTime.
    @usableFromInline package let timestampDelta: Int64
    @usableFromInline package let key: Range<Int>?
    @usableFromInline package let value: Range<Int>?
    @usableFromInline package let headerCount: Int
    /// Where the headers lie; `forEachHeader` walks them.
    @usableFromInline package let headers: Range<Int>

    @inlinable @inline(__always)
    init(
        offsetDelta: Int32, timestampDelta: Int64, key: Range<Int>?, value: Range<Int>?, headerCount: Int,
        headers: Range<Int>
    ) {
        self.offsetDelta = offsetDelta
        self.timestampDelta = timestampDelta
        self.key = key
        self.value = value
        self.headerCount = headerCount
        self.headers = headers
    }
}

/// The least a record can take: seven fields of one byte each.
@usableFromInline package let recordBytesMin = 7

/// Reads one record, front to back, in place, headers included, and leaves the cursor behind it.
///
/// The cursor must be the caller's local variable: inlined, a record takes about 9 ns.
/// - Throws: `truncated`, `badRecord`, `badVarint`. Nothing outside `payload` is touched, whatever it says.
@inlinable @inline(__always)
package func readRecord(_ payload: RawSpan, _ at: inout Int) throws(RecordError) -> RecordView {
    let start = at
    let length = Int(try scanVarint(payload, &at))
    guard length >= recordBytesMin - 1 else { throw .badRecord(at: start) }
    guard length <= payload.byteCount &- at else { throw .truncated(at: payload.byteCount) }
    let end = at &+ length
    at &+= 1  // Attributes: none are in use.
    let timestampDelta = try scanVarlong(payload, &at)
    let offsetDelta = try scanVarint(payload, &at)
    let key = try scanField(payload, &at, end: end)
    let value = try scanField(payload, &at, end: end)
    let headerCount = Int(try scanVarint(payload, &at))
    let headers = at
    if headerCount != 0 {
        try checkHeaders(payload, from: at, count: headerCount, end: end)
        at = end
    }
    guard at == end else { throw .badRecord(at: start) }
    return RecordView(
        offsetDelta: offsetDelta, timestampDelta: timestampDelta, key: key, value: value,
        headerCount: headerCount,
        headers: Range(uncheckedBounds: (headers, end)))
}

/// Walks all records of a payload.
///
/// - Parameter count: as the batch's header announces it; not trusted.
/// - Throws: what `readRecord` throws; `badCount` when the payload holds fewer or more; what `body` throws.
@inlinable
package func forEachRecord(
    in payload: RawSpan, count: Int32, body: (RecordView) throws(RecordError) -> Void
) throws(RecordError) {
    guard count >= 0, Int(count) <= payload.byteCount / recordBytesMin else { throw .badCount(count) }
    var at = 0
    for _ in 0..<count { try body(try readRecord(payload, &at)) }
    guard at == payload.byteCount else { throw .badCount(count) }
}

/// Walks a record's headers: the places of each one's key and value.
@inlinable
package func forEachHeader(
    of record: RecordView, in payload: RawSpan,
    body: (_ key: Range<Int>, _ value: Range<Int>?) throws(RecordError) -> Void
) throws(RecordError) {
    var at = record.headers.lowerBound
    for _ in 0..<record.headerCount {
        guard let key = try scanField(payload, &at, end: record.headers.upperBound) else {
            throw .badRecord(at: at)
        }
        try body(key, try scanField(payload, &at, end: record.headers.upperBound))
    }
}

/// A field with its length before it; -1 stands for null.
@inlinable @inline(__always)
func scanField(_ payload: RawSpan, _ at: inout Int, end: Int) throws(RecordError) -> Range<Int>? {
    let length = Int(try scanVarint(payload, &at))
    if length == -1 { return nil }
    guard length >= 0, length <= end &- at else { throw .badRecord(at: at) }
    let range = Range(uncheckedBounds: (at, at &+ length))
    at &+= length
    return range
}

/// Kept out of line, and away from the caller's cursor: most records have none, and the loop would weigh on those.
@inlinable @inline(never)
func checkHeaders(_ payload: RawSpan, from start: Int, count: Int, end: Int) throws(RecordError) {
    var at = start
    guard count > 0, count <= (end - at) / 2 else { throw .badRecord(at: at) }
    for _ in 0..<count {
        guard try scanField(payload, &at, end: end) != nil else { throw .badRecord(at: at) }
        _ = try scanField(payload, &at, end: end)
    }
    guard at == end else { throw .badRecord(at: start) }
}

@inlinable @inline(__always)
func scanVarint(_ payload: RawSpan, _ at: inout Int) throws(RecordError) -> Int32 {
    var raw: UInt32 = 0
    var shift: UInt32 = 0
    while true {
        guard at < payload.byteCount else { throw .truncated(at: at) }
        let byte = payload.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        at &+= 1
        raw |= UInt32(byte & 0x7F) &<< shift
        if byte < 0x80 { break }
        shift &+= 7
        guard shift < 32 else { throw .badVarint(at: at) }
    }
    return Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)
}

@inlinable @inline(__always)
func scanVarlong(_ payload: RawSpan, _ at: inout Int) throws(RecordError) -> Int64 {
    var raw: UInt64 = 0
    var shift: UInt64 = 0
    while true {
        guard at < payload.byteCount else { throw .truncated(at: at) }
        let byte = payload.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        at &+= 1
        raw |= UInt64(byte & 0x7F) &<< shift
        if byte < 0x80 { break }
        shift &+= 7
        guard shift < 64 else { throw .badVarint(at: at) }
    }
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
}
