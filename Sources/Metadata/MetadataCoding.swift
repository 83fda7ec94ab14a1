import Vocabulary

/// Bytes that are no record, command or outcome.
package enum MetadataCodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Written by a later version of the program.
    case unknownType(UInt64)
    /// Written by a later version of the program.
    case unknownVersion(UInt64, ofType: UInt64)
    case truncated(at: Int)
    case malformed(at: Int, String)

    package var description: String {
        switch self {
        case .unknownType(let type):
            "metadata of unknown type \(type): it was written by a later version of this program"
        case .unknownVersion(let version, let type):
            "metadata of type \(type) has unknown version \(version): "
                + "it was written by a later version of this program"
        case .truncated(let at): "metadata ends at byte \(at), in the middle of a field"
        case .malformed(let at, let why): "metadata is wrong at byte \(at): \(why)"
        }
    }
}

/// Writes fields: integers big-endian, lengths and counts as unsigned varints, text as UTF-8.
struct MetadataWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func put(_ value: BrokerID) { put(value.value) }

    mutating func put(_ value: UUID128) {
        put(value.high)
        put(value.low)
    }

    mutating func put(_ value: String) {
        put(varint: UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func put(_ value: String?) { put(value) { $0.put($1) } }

    /// Whether it is there, then what it is.
    mutating func put<Item>(_ item: Item?, _ each: (inout MetadataWriter, Item) -> Void) {
        put(item != nil)
        if let item { each(&self, item) }
    }

    mutating func put<Item>(_ items: [Item], _ each: (inout MetadataWriter, Item) -> Void) {
        put(varint: UInt64(items.count))
        for item in items { each(&self, item) }
    }

    mutating func put(_ items: [BrokerID]) { put(items) { $0.put($1) } }
    mutating func put(_ items: [UUID128]) { put(items) { $0.put($1) } }
}

/// Reads what `MetadataWriter` wrote. Trusts no length: nothing is reserved beyond the bytes at hand.
struct MetadataReader {
    private let bytes: [UInt8]
    private(set) var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What everything begins with: a type's number, and its version, 0.
    mutating func type<Value: RawRepresentable<UInt64>>(_: Value.Type) throws(MetadataCodingError) -> Value {
        let number = try varint()
        guard let type = Value(rawValue: number) else { throw .unknownType(number) }
        let version = try varint()
        guard version == 0 else { throw .unknownVersion(version, ofType: number) }
        return type
    }

    /// What everything ends with.
    func end() throws(MetadataCodingError) {
        if at != bytes.count { throw malformed("bytes left over") }
    }

    mutating func varint() throws(MetadataCodingError) -> UInt64 {
        let start = at
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = UInt64(try integer(UInt8.self))
            if shift == 63, byte > 1 { break }
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformed(at: start, "a number of more than 64 bits")
    }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(MetadataCodingError) -> Value {
        let count = Value.bitWidth / 8
        guard bytes.count - at >= count else { throw .truncated(at: bytes.count) }
        var value: Value = 0
        for index in at..<at + count {
            value = Value.bitWidth == 8 ? 0 : value << 8
            value |= Value(truncatingIfNeeded: bytes[index])
        }
        at += count
        return value
    }

    /// One of a set of numbers.
    ///
    /// - Parameter name: what one of them is called in an error.
    mutating func choice<Value: RawRepresentable>(
        _: Value.Type, _ name: String
    ) throws(MetadataCodingError) -> Value where Value.RawValue: FixedWidthInteger {
        let start = at
        let number = try integer(Value.RawValue.self)
        guard let value = Value(rawValue: number) else {
            throw .malformed(at: start, "\(number) is no \(name)")
        }
        return value
    }

    mutating func boolean() throws(MetadataCodingError) -> Bool {
        switch try integer(UInt8.self) {
        case 0: return false
        case 1: return true
        case let byte: throw .malformed(at: at - 1, "\(byte) is no boolean")
        }
    }

    mutating func uuid() throws(MetadataCodingError) -> UUID128 {
        UUID128(high: try integer(UInt64.self), low: try integer(UInt64.self))
    }

    mutating func broker() throws(MetadataCodingError) -> BrokerID { BrokerID(try integer(Int32.self)) }

    mutating func string() throws(MetadataCodingError) -> String {
        let start = at
        let count = try self.count(itemBytesMin: 1)
        defer { at += count }
        guard let text = String(validating: bytes[at..<at + count], as: UTF8.self) else {
            throw .malformed(at: start, "text that is not UTF-8")
        }
        return text
    }

    mutating func nullableString() throws(MetadataCodingError) -> String? {
        try optional { reader throws(MetadataCodingError) in try reader.string() }
    }

    mutating func optional<Item>(
        _ each: (inout MetadataReader) throws(MetadataCodingError) -> Item
    ) throws(MetadataCodingError) -> Item? {
        try boolean() ? try each(&self) : nil
    }

    mutating func array<Item>(
        itemBytesMin: Int, _ each: (inout MetadataReader) throws(MetadataCodingError) -> Item
    ) throws(MetadataCodingError) -> [Item] {
        var items: [Item] = []
        let count = try self.count(itemBytesMin: itemBytesMin)
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try each(&self)) }
        return items
    }

    mutating func brokers() throws(MetadataCodingError) -> [BrokerID] {
        try array(itemBytesMin: 4) { reader throws(MetadataCodingError) in try reader.broker() }
    }

    mutating func uuids() throws(MetadataCodingError) -> [UUID128] {
        try array(itemBytesMin: 16) { reader throws(MetadataCodingError) in try reader.uuid() }
    }

    mutating func strings() throws(MetadataCodingError) -> [String] {
        try array(itemBytesMin: 1) { reader throws(MetadataCodingError) in try reader.string() }
    }

    func malformed(_ why: String) -> MetadataCodingError { .malformed(at: at, why) }

    private mutating func count(itemBytesMin: Int) throws(MetadataCodingError) -> Int {
        let count = try varint()
        guard count <= UInt64((bytes.count - at) / itemBytesMin) else { throw .truncated(at: bytes.count) }
        return Int(count)
    }
}
