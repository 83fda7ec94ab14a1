/// Files read and written whole, or by arrays: for what is small or rare.
extension Disk {
    /// Up to `count` bytes from `position` on; fewer only at the end of the file.
    package func readBytes(_ file: FileID, at position: Int64, count: Int) throws(DiskError) -> [UInt8] {
        guard count > 0 else { return [] }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { buffer.deallocate() }
        let got = try read(file, at: position, into: buffer)
        return Array(buffer[..<got])
    }

    package func writeBytes(_ bytes: [UInt8], to file: FileID, at position: Int64) throws(DiskError) {
        if bytes.isEmpty { return }
        let result: Result<Void, DiskError> = bytes.withUnsafeBytes { raw in
            do throws(DiskError) { return .success(try write([raw], to: file, at: position)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// The file whole; nil when there is none.
    package func readWhole(_ path: String) throws(DiskError) -> [UInt8]? {
        let file: FileID
        do {
            file = try open(path, .existing)
        } catch {
            guard error.reason == .notFound else { throw error }
            return nil
        }
        defer { close(file) }
        return try readBytes(file, at: 0, count: Int(try size(file)))
    }

    /// Writes a file whole, without syncing; it stays open.
    package func writeWhole(_ path: String, _ bytes: [UInt8]) throws(DiskError) -> FileID {
        let file = try open(path, .create)
        do throws(DiskError) {
            try truncate(file, to: 0)
            try writeBytes(bytes, to: file, at: 0)
        } catch {
            close(file)
            throw error
        }
        return file
    }

    /// Replaces a file for good: temporary name, sync, rename, directory sync. After a crash there is the old one or
    /// the new one.
    package func replaceWhole(_ path: String, _ bytes: [UInt8], directory: String) throws(DiskError) {
        let temporary = path + ".tmp"
        let file = try writeWhole(temporary, bytes)
        defer { close(file) }
        try sync(.file(file))
        try rename(temporary, to: path)
        try sync(.directory(directory))
    }
}

extension Disk {
    /// A file's size by its path.
    package func sizeOf(_ path: String) throws(DiskError) -> Int64 {
        let file = try open(path, .existing)
        defer { close(file) }
        return try size(file)
    }
}
