import Foundation

/// One line of `messages.jsonl`.
struct GoldenMessage: CustomStringConvertible {
    let name: String
    let api: Int16?
    let version: Int16
    let mode: String
    let json: Any
    let bytes: [UInt8]

    init?(_ line: [String: Any]) {
        guard let name = line["name"] as? String, let version = line["version"] as? NSNumber,
            let mode = line["mode"] as? String, let json = line["json"],
            let bytes = (line["hex"] as? String).flatMap(Self.bytes)
        else { return nil }
        self.name = name
        self.api = (line["api"] as? NSNumber)?.int16Value
        self.version = version.int16Value
        self.mode = mode
        self.json = json
        self.bytes = bytes
    }

    var description: String { "\(name) v\(version) (\(mode))" }

    /// - Returns: nil unless `hex` is pairs of hexadecimal digits.
    static func bytes(_ hex: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in hex.utf8 {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return high == nil ? bytes : nil
    }
}
