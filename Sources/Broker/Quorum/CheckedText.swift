import Records
import Vocabulary

/// Small files of the quorum's: lines `name=value`, the last with the checksum of those before.
enum CheckedText {
    static func encode(_ lines: [(name: String, value: String)]) -> [UInt8] {
        let text = lines.map { "\($0.name)=\($0.value)\n" }.joined()
        return Array((text + "crc32c=\(checksum(text))\n").utf8)
    }

    /// What stands before the checksum; behind it there may be anything.
    ///
    /// - Parameter name: the file's, for the error.
    static func decode(
        _ bytes: some Collection<UInt8>, of name: String
    ) throws(QuorumError) -> [(name: Substring, value: Substring)] {
        guard let text = String(validating: bytes, as: UTF8.self), let mark = text.range(of: "crc32c=") else {
            throw QuorumError("\(name) has no checksum")
        }
        let covered = text[..<mark.lowerBound]
        guard text[mark.upperBound...].hasPrefix("\(checksum(String(covered)))\n") else {
            throw QuorumError("\(name) fails its checksum")
        }
        var lines: [(name: Substring, value: Substring)] = []
        for line in covered.split(separator: "\n") {
            let field = line.split(separator: "=", maxSplits: 1)
            guard field.count == 2 else { throw QuorumError("\(name): the line '\(line)' is none of ours") }
            lines.append((field[0], field[1]))
        }
        return lines
    }

    private static func checksum(_ text: String) -> UInt32 {
        Array(text.utf8).withUnsafeBytes { crc32c($0) }
    }
}

extension String {
    /// Where `other` stands first.
    fileprivate func range(of other: String) -> Range<String.Index>? {
        var from = startIndex
        while from < endIndex {
            if self[from...].hasPrefix(other) { return from..<index(from, offsetBy: other.count) }
            from = index(after: from)
        }
        return nil
    }
}
