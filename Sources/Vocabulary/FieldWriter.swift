/// Writes fields one behind the other: the form of records, transactions, commands, replies and snapshots, and of what
/// replicas send each other.
///
/// Integers are big-endian, or zigzag varints where most are near zero; lengths and counts are varints; text is UTF-8.
@usableFromInline
package struct FieldWriter: Sendable {
    @usableFromInline package var bytes: [UInt8] = []

    @inlinable
    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// The number of a type, or of a version.
    @inlinable
    package mutating func put(type: some RawRepresentable<UInt64>) { put(varint: type.rawValue) }
    /// Of the form that follows; all are of the first one.
    @inlinable
    package mutating func putVersion() { put(varint: 0) }

    @inlinable
    package mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small for numbers near zero on either side.
    @inlinable
    package mutating func put(zigzag value: Int64) {
        put(varint: UInt64(bitPattern: value << 1 ^ value >> 63))
    }
    @inlinable
    package mutating func put(zigzag value: Int32) { put(zigzag: Int64(value)) }

    @inlinable
    package mutating func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    @inlinable
    package mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
    package mutating func put(_ value: BrokerID) { put(value.value) }

    package mutating func put(_ value: UUID128) {
        put(value.high)
        put(value.low)
    }

    package mutating func put(_ value: String) {
        put(varint: UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    package mutating func put(_ value: String?) { put(value) { $0.put($1) } }

    /// The length and one, 0 for nil.
    package mutating func put(data: [UInt8]?) {
        put(varint: data.map { UInt64($0.count) + 1 } ?? 0)
        if let data { bytes.append(contentsOf: data) }
    }

    /// Whether it is there, then what it is.
    @inlinable
    package mutating func put<Item>(_ item: Item?, _ each: (inout FieldWriter, Item) -> Void) {
        put(item != nil)
        if let item { each(&self, item) }
    }

    @inlinable
    package mutating func put<Item>(_ items: [Item], _ each: (inout FieldWriter, Item) -> Void) {
        put(varint: UInt64(items.count))
        for item in items { each(&self, item) }
    }

    package mutating func put(_ items: [BrokerID]) { put(items) { $0.put($1) } }
    package mutating func put(_ items: [UUID128]) { put(items) { $0.put($1) } }

    /// As they are, without a length.
    @inlinable
    package mutating func append(_ more: some Collection<UInt8>) { bytes.append(contentsOf: more) }

    /// Removes the first bytes, at most so many, and returns them.
    package mutating func take(_ count: Int) -> [UInt8] {
        if count >= bytes.count {
            defer { bytes = [] }
            return bytes
        }
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }
}
