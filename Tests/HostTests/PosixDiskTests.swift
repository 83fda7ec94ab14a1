import Glibc
import Host
import Ports
import Testing

struct PosixDiskTests {
    let directory = TemporaryDirectory()

    func disk(_ descriptorsMax: Int = 64) throws -> PosixDisk {
        try PosixDisk(directory.path, descriptorsMax: descriptorsMax)
    }

    func write(_ text: String, _ disk: PosixDisk, _ file: FileID, at position: Int64) throws {
        try Array(text.utf8).withUnsafeBytes { try disk.write([$0], to: file, at: position) }
    }

    func read(_ disk: PosixDisk, _ file: FileID, at position: Int64 = 0, count: Int = 1000) throws -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try disk.read(file, at: position, into: $0) }
        return String(decoding: bytes[..<got], as: UTF8.self)
    }

    @Test func `what is written is read, at any position`() throws {
        let disk = try disk()
        let file = try disk.open("a", .create)
        try write("hello", disk, file, at: 0)
        try write("world", disk, file, at: 7)
        #expect(try read(disk, file) == "hello\0\0world")
        #expect(try read(disk, file, at: 7, count: 3) == "wor")
        #expect(try read(disk, file, at: 100) == "")
        #expect(try disk.size(file) == 12)
        try disk.truncate(file, to: 3)
        #expect(try read(disk, file) == "hel")
        try disk.sync(.file(file))
        try disk.sync(.directory(""))
        try disk.syncAll()
    }

    @Test(arguments: [2, 1023, 1024, 1025, 5000]) func `many pieces are written one behind the other`(
        count: Int
    ) throws {
        let disk = try disk()
        let file = try disk.open("a", .createNew)
        let bytes = (0..<count * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try bytes.withUnsafeBytes { all in
            let pieces = (0..<count).map {
                UnsafeRawBufferPointer(rebasing: all[$0 * 3..<$0 * 3 + ($0 % 5 == 0 ? 0 : 3)])
            }
            try disk.write(pieces, to: file, at: 2)
            let expected = pieces.flatMap(Array.init)
            var found = [UInt8](repeating: 0, count: expected.count)
            #expect(
                try found.withUnsafeMutableBytes { try disk.read(file, at: 2, into: $0) } == expected.count)
            #expect(found == expected)
        }
    }

    @Test func `open modes say what is there`() throws {
        let disk = try disk()
        #expect(throws: DiskError.self) { try disk.open("a", .existing) }
        disk.close(try disk.open("a", .createNew))
        let error = #expect(throws: DiskError.self) { try disk.open("a", .createNew) }
        #expect(error?.reason == .exists)
        let missing = #expect(throws: DiskError.self) { try disk.open("none/a", .create) }
        #expect(missing?.reason == .notFound)
        #expect(try disk.list("") == [DirectoryEntry(name: "a", isDirectory: false)])
    }

    @Test func `more files are in use than descriptors`() throws {
        let disk = try disk(8)
        try disk.createDirectory("t-0")
        let files = try (0..<100).map { try disk.open("t-0/\($0)", .create) }
        for (index, file) in files.enumerated() { try write("file \(index)", disk, file, at: 0) }
        try disk.rename("t-0", to: "t-0.gone")
        for (index, file) in files.enumerated().reversed() {
            #expect(try read(disk, file) == "file \(index)")
        }
        #expect(disk.openDescriptors == 8)
        try disk.rename("t-0.gone/3", to: "t-0.gone/x")
        #expect(try read(disk, files[3]) == "file 3")
        try disk.removeDirectory("t-0.gone")
        #expect(disk.openDescriptors == 0)
        #expect(throws: DiskError.self) { try read(disk, files[1]) }
        #expect(try disk.list("") == [])
    }

    @Test func `a removed or replaced file's id is forgotten`() throws {
        let disk = try disk()
        let a = try disk.open("a", .create)
        let b = try disk.open("b", .create)
        try write("a", disk, a, at: 0)
        try disk.rename("a", to: "b")
        #expect(throws: DiskError.self) { try disk.size(b) }
        #expect(try read(disk, a) == "a")
        try disk.remove("b")
        try disk.remove("b")
        #expect(throws: DiskError.self) { try disk.size(a) }
        let again = try disk.open("a", .create)
        #expect(again != a)
        #expect(again != b)
    }

    @Test func `a second broker is told who holds the directory`() throws {
        var first: PosixDisk? = try disk()
        let error = #expect(throws: DiskError.self) { try PosixDisk(directory.path) }
        #expect(error?.detail.contains("pid \(getpid())") == true)
        _ = first?.name
        first = nil
        _ = try disk()
    }

    @Test func `a directory that was let go of is another's, and not touched any more`() throws {
        let first = try disk()
        let file = try first.open("a", .create)
        try write("first", first, file, at: 0)
        first.release()
        let second = try disk()
        #expect(first.openDescriptors == 0)
        let error = #expect(throws: DiskError.self) { try write("again", first, file, at: 0) }
        #expect(error?.reason == .offline)
        #expect(throws: DiskError.self) { try first.open("b", .create) }
        #expect(throws: DiskError.self) { try first.remove("a") }
        first.close(file)
        #expect(try read(second, try second.open("a", .existing)) == "first")
        #expect(!second.exists("b"))
        #expect(throws: DiskError.self) { try disk() }
    }

    @Test func `a directory is free at once, though a child that has not come to its exec shares the descriptor`()
        throws
    {
        var first: PosixDisk? = try disk()
        let lock = try #require(
            (3..<4096).first { link(of: $0).hasSuffix("\(directory.path)/.lock") }, "the lock's descriptor")
        let shared = dup(lock)  // Of the same open file description, as after a fork.
        defer { close(shared) }
        first?.release()
        _ = try disk()
        first = nil
        _ = try disk()
    }

    private func link(of descriptor: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 512) { buffer in
            let count = readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
    }

    @Test func `a failed sync takes the directory offline for good`() throws {
        let disk = try disk()
        let other = try disk.open("other", .create)
        let file = try brokenFile(disk, directory)
        #expect(throws: DiskError.self) { try disk.sync(.file(file)) }
        #expect(disk.hasFailed)
        let error = #expect(throws: DiskError.self) { try write("a", disk, other, at: 0) }
        #expect(error?.reason == .offline)
        #expect(throws: DiskError.self) { try disk.sync(.directory("")) }
    }

    @Test func `a full file system is told apart`() throws {
        #expect(try disk().space().total > 0)
    }

    @Test func `reserving blocks leaves the size alone`() throws {
        let disk = try disk()
        let file = try disk.open("a", .create)
        disk.reserve(file, upTo: 1 << 20)
        #expect(try disk.size(file) == 0)
    }

    @Test func `what was just written is resident`() throws {
        let disk = try disk()
        let file = try disk.open("a", .create)
        let bytes = [UInt8](repeating: 7, count: 300_000)
        try bytes.withUnsafeBytes { try disk.write([$0], to: file, at: 0) }
        #expect(disk.isResident(file, at: 0, count: 300_000))
        #expect(disk.isResident(file, at: 4097, count: 1))
        var found = [UInt8](repeating: 0, count: 300_000)
        #expect(try found.withUnsafeMutableBytes { try disk.readResident(file, at: 0, into: $0) } == 300_000)
        #expect(found == bytes)
    }

    @Test func `many threads share a small cache`() async throws {
        let disk = try disk(8)
        let files = try (0..<64).map { try disk.open("\($0)", .create) }
        await withTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for round in 0..<500 {
                        let index = worker * 16 + round * 7 % 16
                        let text = "\(index) \(round)"
                        do {
                            try Array(text.utf8).withUnsafeBytes {
                                try disk.write([$0], to: files[index], at: 0)
                            }
                            try disk.truncate(files[index], to: Int64(text.utf8.count))
                            var bytes = [UInt8](repeating: 0, count: 64)
                            let got = try bytes.withUnsafeMutableBytes {
                                try disk.read(files[index], at: 0, into: $0)
                            }
                            if String(decoding: bytes[..<got], as: UTF8.self) != text { wrong += 1 }
                        } catch { wrong += 1 }
                    }
                    return wrong
                }
            }
            for await wrong in group { #expect(wrong == 0) }
        }
    }
}

/// A file whose sync fails: a pipe.
func brokenFile(_ disk: PosixDisk, _ directory: TemporaryDirectory) throws -> FileID {
    mkfifo("\(directory.path)/pipe", 0o644)
    return try disk.open("pipe", .existing)
}
