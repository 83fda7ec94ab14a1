import Ports
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

/// Small files, read and written whole.
extension Disk {
    /// - Returns: nil when there is no such file.
    func readWhole(_ path: String) throws(DiskError) -> [UInt8]? {
        let file: FileID
        do {
            file = try open(path, .existing)
        } catch {
            guard error.reason == .notFound else { throw error }
            return nil
        }
        defer { close(file) }
        let size = Int(try size(file))
        guard size > 0 else { return [] }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        let count = try read(file, at: 0, into: buffer)
        return Array(buffer[..<count])
    }

    /// Writes a file whole, without syncing; it stays open.
    func writeWhole(_ path: String, _ bytes: [UInt8]) throws(DiskError) -> FileID {
        let file = try open(path, .create)
        do throws(DiskError) {
            try truncate(file, to: 0)
            if !bytes.isEmpty {
                // The buffer's body cannot throw a typed error through; the pointer does not outlive the call.
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
                defer { copy.deallocate() }
                copy.copyBytes(from: bytes)
                try write([UnsafeRawBufferPointer(copy)], to: file, at: 0)
            }
        } catch {
            close(file)
            throw error
        }
        return file
    }

    /// Replaces a file for good: temporary name, sync, rename, directory sync. After a crash there is the old one or
    /// the new one.
    func replaceWhole(_ path: String, _ bytes: [UInt8], directory: String) throws(DiskError) {
        let temporary = path + ".tmp"
        let file = try writeWhole(temporary, bytes)
        defer { close(file) }
        try sync(.file(file))
        try rename(temporary, to: path)
        try sync(.directory(directory))
    }
}
