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

    /// What needs no escape is copied in runs: records are written by the million.
    private static func quote(_ value: String, _ text: inout String) {
        text += "\""
        var copy = value
        copy.withUTF8 { bytes in
            var run = 0
            for at in bytes.indices where bytes[at] < 0x20 || bytes[at] == 0x22 || bytes[at] == 0x5C {
                text += String(decoding: bytes[run..<at], as: UTF8.self)
                escape(bytes[at], &text)
                run = at + 1
            }
            text += String(decoding: bytes[run...], as: UTF8.self)
        }
        text += "\""
    }

    private static func escape(_ byte: UInt8, _ text: inout String) {
        switch byte {
        case 0x22: text += "\\\""
        case 0x5C: text += "\\\\"
        case 0x0A: text += "\\n"
        case 0x0D: text += "\\r"
        case 0x09: text += "\\t"
        default: text += (byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16)
        }
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
