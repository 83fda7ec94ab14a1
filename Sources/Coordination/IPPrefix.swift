/// The addresses that an id of scheme `ip` names: `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`.
struct IPPrefix: Hashable, Sendable {
    /// 4 or 16.
    let bytes: [UInt8]
    let bits: Int

    /// - Returns: nil for what is no address, or has more bits than its kind.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.version4(parts[0]) ?? Self.version6(parts[0]) else {
            return nil
        }
        self.bytes = bytes
        if parts.count == 1 {
            bits = bytes.count * 8
        } else {
            guard let bits = Self.number(parts[1], max: bytes.count * 8) else { return nil }
            self.bits = bits
        }
    }

    /// Whether the addresses of `other` are among these.
    func contains(_ other: IPPrefix) -> Bool {
        if bytes.count != other.bytes.count || other.bits < bits { return false }
        let whole = bits / 8
        if bytes[..<whole] != other.bytes[..<whole] { return false }
        let rest = bits % 8
        return rest == 0 || (bytes[whole] ^ other.bytes[whole]) >> (8 - rest) == 0
    }

    private static func version4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count != 4 { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = number(part, max: 255) else { return nil }
            bytes.append(UInt8(number))
        }
        return bytes
    }

    /// One `::` stands for the zeros that lack; a scope behind `%` names no other address.
    private static func version6(_ text: Substring) -> [UInt8]? {
        let address = text.prefix { $0 != "%" }
        guard let gap = address.firstRange(of: "::") else {
            let bytes = groups(address)
            return bytes?.count == 16 ? bytes : nil
        }
        let start = address[..<gap.lowerBound]
        guard !start.contains("."), let before = groups(start), let after = groups(address[gap.upperBound...])
        else {
            return nil
        }
        let zeros = 16 - before.count - after.count
        return zeros > 0 ? before + Array(repeating: 0, count: zeros) + after : nil
    }

    /// Two bytes in hexadecimal between colons; the last may be four bytes as in version 4.
    private static func groups(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains("."), let four = version4(part) {
                bytes += four
            } else if part.utf8.count <= 4, part.allSatisfy(\.isHexDigit), let pair = UInt16(part, radix: 16)
            {
                bytes += [UInt8(pair >> 8), UInt8(pair & 0xFF)]
            } else {
                return nil
            }
        }
        return bytes
    }

    private static func number(_ text: Substring, max: Int) -> Int? {
        guard text.utf8.count <= 3, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let value = Int(text), value <= max else { return nil }
        return value
    }
}
