/// Just enough JSON to write: the programs that read us parse it.
indirect enum JSON: CustomStringConvertible {
    case null
    case bool(Bool)
    case int(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    /// On one line.
    var description: String {
        var text = ""
        write(&text)
        return text
    }

    func write(_ text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .number(let value): text += value.isFinite ? String(value) : "null"
        case .string(let value): Self.quote(value, &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(&text)
            }
            text += "]"
        case .object(let pairs):
            text += "{"
            for (index, (name, value)) in pairs.enumerated() {
                if index > 0 { text += "," }
                Self.quote(name, &text)
                text += ":"
                value.write(&text)
            }
            text += "}"
        }
    }

    static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map { .string($0) }) }
    static func ints(_ values: some Sequence<Int32>) -> JSON { .array(values.map { .int(Int64($0)) }) }

    /// Text as it is when the bytes are UTF-8; else nil.
    static func text(_ bytes: some Collection<UInt8>) -> String? { String(validating: bytes, as: UTF8.self) }

    private static func quote(_ value: String, _ text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// Standard base64, for bytes that are no text.
func base64(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".unicodeScalars)
    var text = String.UnicodeScalarView()
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        count += 1
        if count == 3 {
            for shift in [18, 12, 6, 0] { text.append(digits[Int(bits >> UInt32(shift) & 63)]) }
            (bits, count) = (0, 0)
        }
    }
    if count > 0 {
        bits <<= UInt32(8 * (3 - count))
        for shift in [18, 12, 6, 0].prefix(count + 1) { text.append(digits[Int(bits >> UInt32(shift) & 63)]) }
        for _ in count..<3 { text.append("=") }
    }
    return String(text)
}
