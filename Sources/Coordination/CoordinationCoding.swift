import Vocabulary

/// Bytes that are no transaction, command, reply or snapshot of this program.
package enum CoordinationCodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Written by a later version of the program.
    case unknownVersion(UInt8)
    /// Written by a later version of the program, or damaged.
    case unknownType(UInt8, at: Int)
    case truncated(at: Int)
    case malformed(at: Int, String)

    package var description: String {
        switch self {
        case .unknownVersion(let version):
            "coordination data of unknown version \(version): it was written by a later version of this program"
        case .unknownType(let type, let at):
            "coordination data has unknown type \(type) at byte \(at): it was written by a later version of this program"
        case .truncated(let at): "coordination data ends at byte \(at), in the middle of a field"
        case .malformed(let at, let why): "coordination data is wrong at byte \(at): \(why)"
        }
    }
}

/// Writes fields: numbers as varints (zigzag where they may be negative), text as UTF-8, lengths before what they count.
struct CoordinationWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func put(byte: UInt8) { bytes.append(byte) }

    mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small for numbers near zero on either side.
    mutating func put(_ value: Int64) { put(varint: UInt64(bitPattern: value << 1 ^ value >> 63)) }
    mutating func put(_ value: Int32) { put(Int64(value)) }

    /// Eight bytes, big-endian: for what is near nothing.
    mutating func put(fixed value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) {
        put(varint: UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// The length and one, 0 for nil.
    mutating func put(_ data: [UInt8]?) {
        put(varint: data.map { UInt64($0.count) + 1 } ?? 0)
        if let data { bytes.append(contentsOf: data) }
    }

    mutating func put<Item>(_ items: [Item], _ each: (inout CoordinationWriter, Item) -> Void) {
        put(varint: UInt64(items.count))
        for item in items { each(&self, item) }
    }

    mutating func put(_ list: ACL) {
        // One byte says what nearly every list says.
        if list == .open { return put(byte: 0) }
        put(varint: UInt64(list.count) + 1)
        for entry in list {
            put(entry.permissions.rawValue)
            put(entry.identity)
        }
    }

    mutating func put(_ identity: Identity) {
        put(identity.scheme)
        put(identity.id)
    }

    mutating func put(_ session: Session) {
        put(fixed: UInt64(bitPattern: session.id))
        put(fixed: session.password.high)
        put(fixed: session.password.low)
        put(session.timeoutMs)
        put(session.broker.value)
    }

    /// Removes the first bytes, at most so many, and returns them.
    mutating func take(_ count: Int) -> [UInt8] {
        if count >= bytes.count {
            defer { bytes = [] }
            return bytes
        }
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// As it is, without a length.
    mutating func append(_ more: some Collection<UInt8>) { bytes.append(contentsOf: more) }
}

/// Reads what `CoordinationWriter` wrote. Trusts no length: nothing is reserved beyond the bytes at hand.
struct CoordinationReader {
    private let bytes: ArraySlice<UInt8>
    private(set) var at: Int

    init(_ bytes: some Collection<UInt8>) { self.init(slice: ArraySlice(bytes)) }

    init(slice: ArraySlice<UInt8>) {
        bytes = slice
        at = slice.startIndex
    }

    var isAtEnd: Bool { at == bytes.endIndex }

    mutating func byte() throws(CoordinationCodingError) -> UInt8 {
        guard at < bytes.endIndex else { throw .truncated(at: at) }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func varint() throws(CoordinationCodingError) -> UInt64 {
        let start = at
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = UInt64(try byte())
            if shift == 63, byte > 1 { break }
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformed(at: start, "a number of more than 64 bits")
    }

    mutating func int64() throws(CoordinationCodingError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func int32() throws(CoordinationCodingError) -> Int32 {
        let start = at
        guard let value = Int32(exactly: try int64()) else {
            throw .malformed(at: start, "a number of more than 32 bits")
        }
        return value
    }

    mutating func fixed() throws(CoordinationCodingError) -> UInt64 {
        guard bytes.endIndex - at >= 8 else { throw .truncated(at: bytes.endIndex) }
        defer { at += 8 }
        return bytes[at..<at + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func string() throws(CoordinationCodingError) -> String {
        let start = at
        let count = try count()
        defer { at += count }
        guard let text = String(validating: bytes[at..<at + count], as: UTF8.self) else {
            throw .malformed(at: start, "text that is not UTF-8")
        }
        return text
    }

    mutating func path() throws(CoordinationCodingError) -> ZnodePath {
        let start = at
        guard let path = ZnodePath(try string()) else {
            throw .malformed(at: start, "text that is no znode's path")
        }
        return path
    }

    mutating func data() throws(CoordinationCodingError) -> [UInt8]? {
        let lengthAndOne = try varint()
        if lengthAndOne == 0 { return nil }
        guard lengthAndOne - 1 <= UInt64(bytes.endIndex - at) else { throw .truncated(at: bytes.endIndex) }
        let count = Int(lengthAndOne - 1)
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    mutating func array<Item>(
        _ each: (inout CoordinationReader) throws(CoordinationCodingError) -> Item
    ) throws(CoordinationCodingError) -> [Item] {
        var items: [Item] = []
        // Not reserved at once: an item in memory can be many times what it is here.
        for _ in 0..<(try count()) { items.append(try each(&self)) }
        return items
    }

    mutating func acl() throws(CoordinationCodingError) -> ACL {
        let countAndOne = try varint()
        if countAndOne == 0 { return .open }
        guard countAndOne - 1 <= UInt64(bytes.endIndex - at) else { throw .truncated(at: bytes.endIndex) }
        var list: ACL = []
        for _ in 1..<countAndOne {
            list.append(ACLEntry(Permissions(rawValue: try int32()), try identity()))
        }
        return list
    }

    mutating func identity() throws(CoordinationCodingError) -> Identity {
        Identity(scheme: try string(), id: try string())
    }

    mutating func session() throws(CoordinationCodingError) -> Session {
        Session(
            id: Int64(bitPattern: try fixed()),
            password: SessionPassword(high: try fixed(), low: try fixed()),
            timeoutMs: try int32(), broker: BrokerID(try int32()))
    }

    /// The rest of the bytes.
    mutating func rest() -> ArraySlice<UInt8> {
        defer { at = bytes.endIndex }
        return bytes[at...]
    }

    func end() throws(CoordinationCodingError) {
        if !isAtEnd { throw .malformed(at: at, "bytes left over") }
    }

    /// How many of something that takes at least a byte each.
    private mutating func count() throws(CoordinationCodingError) -> Int {
        let count = try varint()
        guard count <= UInt64(bytes.endIndex - at) else { throw .truncated(at: bytes.endIndex) }
        return Int(count)
    }
}
