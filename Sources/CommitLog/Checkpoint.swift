import Vocabulary

/// Kafka's text for checkpoints, version 0: a line with the version, one with the count, then a row a line.
enum CheckpointText {
    static func encode(_ rows: [String]) -> [UInt8] {
        var text = "0\n\(rows.count)\n"
        for row in rows { text += row + "\n" }
        return Array(text.utf8)
    }

    /// - Returns: nil unless every row is there and has so many fields.
    static func decode(_ bytes: [UInt8], fields: Int) -> [[Substring]]? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.count >= 2, lines[0] == "0", let count = Int(lines[1]), count == lines.count - 2 else {
            return nil
        }
        // The last row's end proves that it is whole: `5 1` could be the beginning of `5 17`.
        guard bytes.last == UInt8(ascii: "\n") else { return nil }
        var rows: [[Substring]] = []
        rows.reserveCapacity(count)
        for line in lines.dropFirst(2) {
            let row = line.split(separator: " ", omittingEmptySubsequences: true)
            guard row.count == fields else { return nil }
            rows.append(row)
        }
        return rows
    }
}
