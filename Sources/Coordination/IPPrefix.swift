/// The addresses that an id of scheme `ip` names: `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`.
struct IPPrefix: Hashable, Sendable {
    /// 4 or 16.
    let bytes: [UInt8]
    let bits: Int

    /// - Returns: nil for what is no address, or has more bits than its kind.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.version4(parts[0]) ?? Self.version6(parts[0]) else { return nil }
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
        let colons = address.split(separator: ":", omittingEmptySubsequences: false)
        guard (3...9).contains(colons.count) else { return nil }
        var before: [UInt8] = []
        var after: [UInt8]?
        for (index, part) in colons.enumerated() {
            if part.isEmpty {
                let isEdge = index == 0 && colons[1].isEmpty || index == colons.count - 1 && colons[index - 1].isEmpty
                if isEdge { continue }
                if after != nil { return nil }
                after = []
                continue
            }
            guard let pair = pair(part, isLast: index == colons.count - 1) else { return nil }
            if after == nil { before += pair } else { after! += pair }
        }
        guard let after else { return before.count == 16 ? before : nil }
        let zeros = 16 - before.count - after.count
        return zeros > 0 ? before + Array(repeating: 0, count: zeros) + after : nil
    }

    /// Two bytes in hexadecimal; at the end, four as in version 4.
    private static func pair(_ text: Substring, isLast: Bool) -> [UInt8]? {
        if isLast, text.contains(".") { return version4(text) }
        guard text.utf8.count <= 4, text.allSatisfy(\.isHexDigit), let value = UInt16(text, radix: 16) else {
            return nil
        }
        return [UInt8(value >> 8), UInt8(value & 0xFF)]
    }

    private static func number(_ text: Substring, max: Int) -> Int? {
        guard text.utf8.count <= 3, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let value = Int(text), value <= max else { return nil }
        return value
    }
}
