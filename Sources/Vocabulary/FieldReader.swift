/// Reads what `FieldWriter` wrote. Trusts no length: nothing is reserved beyond the bytes at hand.
@usableFromInline
package struct FieldReader {
    @usableFromInline let bytes: ArraySlice<UInt8>
    @usableFromInline package internal(set) var at: Int

    package init(_ bytes: some Collection<UInt8>) { self.init(slice: ArraySlice(bytes)) }

    package init(slice: ArraySlice<UInt8>) {
        bytes = slice
        at = slice.startIndex
    }

    package var isAtEnd: Bool { at == bytes.endIndex }

    /// What everything ends with.
    package func end() throws(FieldError) {
        if !isAtEnd { throw malformed("bytes left over") }
    }

    /// The number of a type.
    @inlinable
    package mutating func type<Value: RawRepresentable<UInt64>>(_: Value.Type) throws(FieldError) -> Value {
        let start = at
        let number = try varint()
        guard let type = Value(rawValue: number) else { throw .unknownType(number, at: start) }
        return type
    }

    /// Which must be the first: there is no other yet.
    package mutating func version() throws(FieldError) {
        let start = at
        let version = try varint()
        guard version == 0 else { throw .unknownVersion(version, at: start) }
    }

    package mutating func byte() throws(FieldError) -> UInt8 {
        guard at < bytes.endIndex else { throw .truncated(at: at) }
        defer { at += 1 }
        return bytes[at]
    }

    @usableFromInline
    package mutating func varint() throws(FieldError) -> UInt64 {
        let start = at
        if start < bytes.endIndex, bytes[start] < 0x80 {  // As nearly all are.
            at += 1
            return UInt64(bytes[start])
        }
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = UInt64(try byte())
            if shift == 63, byte > 1 { break }
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformed(at: start, "a number of more than 64 bits")
    }

    package mutating func zigzag64() throws(FieldError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    package mutating func zigzag32() throws(FieldError) -> Int32 {
        let start = at
        guard let value = Int32(exactly: try zigzag64()) else {
            throw .malformed(at: start, "a number of more than 32 bits")
        }
        return value
    }

    @inlinable
    package mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type
    ) throws(FieldError) -> Value {
        let count = MemoryLayout<Value>.size
        guard bytes.endIndex - at >= count else { throw .truncated(at: bytes.endIndex) }
        defer { at += count }
        return Value(
            bigEndian: bytes.span.bytes.unsafeLoadUnaligned(
                fromByteOffset: at - bytes.startIndex, as: Value.self))
    }

    /// One of a set of numbers.
    ///
    /// - Parameter name: what one of them is called in an error.
    @inlinable
    package mutating func choice<Value: RawRepresentable>(
        _: Value.Type, _ name: String
    ) throws(FieldError) -> Value where Value.RawValue: FixedWidthInteger & BitwiseCopyable {
        let start = at
        let number = try integer(Value.RawValue.self)
        guard let value = Value(rawValue: number) else {
            throw .malformed(at: start, "\(number) is no \(name)")
        }
        return value
    }

    @usableFromInline
    package mutating func boolean() throws(FieldError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        case let byte: throw .malformed(at: at - 1, "\(byte) is no boolean")
        }
    }

    package mutating func uuid() throws(FieldError) -> UUID128 {
        UUID128(high: try integer(UInt64.self), low: try integer(UInt64.self))
    }

    package mutating func broker() throws(FieldError) -> BrokerID { BrokerID(try integer(Int32.self)) }

    package mutating func string() throws(FieldError) -> String {
        let start = at
        let count = try count(itemBytesMin: 1)
        defer { at += count }
        guard let text = String(validating: bytes[at..<at + count], as: UTF8.self) else {
            throw .malformed(at: start, "text that is not UTF-8")
        }
        return text
    }

    package mutating func nullableString() throws(FieldError) -> String? {
        try optional { reader throws(FieldError) in try reader.string() }
    }

    /// What `put(data:)` wrote.
    package mutating func data() throws(FieldError) -> [UInt8]? {
        let lengthAndOne = try varint()
        if lengthAndOne == 0 { return nil }
        guard lengthAndOne - 1 <= UInt64(bytes.endIndex - at) else { throw .truncated(at: bytes.endIndex) }
        let count = Int(lengthAndOne - 1)
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    /// All that is left, as it is.
    package mutating func rest() -> ArraySlice<UInt8> {
        defer { at = bytes.endIndex }
        return bytes[at...]
    }

    @inlinable
    package mutating func optional<Item>(
        _ each: (inout FieldReader) throws(FieldError) -> Item
    ) throws(FieldError) -> Item? {
        try boolean() ? try each(&self) : nil
    }

    /// - Parameter itemBytesMin: what one item takes at least, so that a count cannot promise more than there is.
    @inlinable
    package mutating func array<Item>(
        itemBytesMin: Int = 1, _ each: (inout FieldReader) throws(FieldError) -> Item
    ) throws(FieldError) -> [Item] {
        var items: [Item] = []
        // Not reserved at once: an item in memory can be many times what it is here.
        for _ in 0..<(try count(itemBytesMin: itemBytesMin)) { items.append(try each(&self)) }
        return items
    }

    package mutating func brokers() throws(FieldError) -> [BrokerID] {
        try array(itemBytesMin: 4) { reader throws(FieldError) in try reader.broker() }
    }

    package mutating func uuids() throws(FieldError) -> [UUID128] {
        try array(itemBytesMin: 16) { reader throws(FieldError) in try reader.uuid() }
    }

    package mutating func strings() throws(FieldError) -> [String] {
        try array { reader throws(FieldError) in try reader.string() }
    }

    package func malformed(_ why: String) -> FieldError { .malformed(at: at, why) }

    /// How many of something that takes at least so many bytes each.
    @usableFromInline
    package mutating func count(itemBytesMin: Int) throws(FieldError) -> Int {
        let count = try varint()
        guard count <= UInt64((bytes.endIndex - at) / itemBytesMin) else {
            throw .truncated(at: bytes.endIndex)
        }
        return Int(count)
    }
}
