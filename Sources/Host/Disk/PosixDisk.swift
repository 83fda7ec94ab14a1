import CLinux
import Glibc
package import Ports
import Synchronization
import Vocabulary

/// One log directory on a real file system. See `Disk` for what each call promises.
///
/// Unsafe pointers stay in this file and `PosixDisk+Cache.swift`. After a failed sync every call throws
/// `.offline`, for good; after `release` too.
package final class PosixDisk: Disk {
    package let name: String
    private let lock: Mutex<DirectoryLock?>
    private let rootDescriptor: Int32
    private let files: Mutex<FileTable>
    private let isOffline = Atomic(false)

    /// Opens the directory, makes it when it is not there, and locks it for this process.
    /// - Parameter descriptorsMax: how many files may be open at once.
    package init(_ path: String, descriptorsMax: Int = 1024) throws(DiskError) {
        name = path
        try Self.makePath(path)
        lock = Mutex(try DirectoryLock(directory: path))
        rootDescriptor = nt_open_directory(path)
        guard rootDescriptor >= 0 else { throw Self.error("open", path) }
        files = Mutex(FileTable(descriptorsMax: descriptorsMax))
    }

    deinit {
        for descriptor in files.withLock({ $0.forgetAll() }) { Glibc.close(descriptor) }
        Glibc.close(rootDescriptor)
    }

    /// Closes all files and lets another broker have the directory.
    ///
    /// Only when no other thread calls any more: none may write what is not ours by then.
    package func release() {
        isOffline.store(true, ordering: .releasing)
        let descriptors = files.withLock { files in
            invariant(!files.isInUse, "\(name) is let go of while its files are in use")
            return files.forgetAll()
        }
        for descriptor in descriptors { Glibc.close(descriptor) }
        lock.withLock { $0 = nil }
    }

    /// A sync failed: nothing here can be trusted to reach the disk any more. Or the directory was let go of.
    package var hasFailed: Bool { isOffline.load(ordering: .relaxed) }
    package var openDescriptors: Int { files.withLock { $0.descriptorCount } }

    // MARK: - Files

    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> FileID {
        try checkOnline("open", path)
        let descriptor = try openDescriptor(path, create: mode != .existing, exclusive: mode == .createNew)
        var surplus: [Int32] = []
        let file = files.withLock { $0.insert(path: path, descriptor: descriptor, surplus: &surplus) }
        for extra in surplus { Glibc.close(extra) }
        return file
    }

    package func close(_ file: FileID) {
        if let descriptor = files.withLock({ $0.forget(file) }) { Glibc.close(descriptor) }
    }

    package func size(_ file: FileID) throws(DiskError) -> Int64 {
        try withDescriptor(file, "stat") { descriptor throws(DiskError) in
            var facts = stat()
            guard fstat(descriptor, &facts) == 0 else { throw self.error("stat", file) }
            return Int64(facts.st_size)
        }
    }

    package func write(
        _ pieces: [UnsafeRawBufferPointer], to file: FileID, at position: Int64
    ) throws(DiskError) {
        try withDescriptor(file, "write", writes: true) { descriptor throws(DiskError) in
            let code =
                pieces.count == 1
                ? Self.writeAll(pieces[0], descriptor, position) : Self.writeAll(pieces, descriptor, position)
            if code != 0 { throw self.error("write", file, code) }
        }
    }

    package func read(
        _ file: FileID, at position: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> Int {
        try withDescriptor(file, "read") { descriptor throws(DiskError) in
            var done = 0
            while done < buffer.count {
                let count = pread(
                    descriptor, buffer.baseAddress! + done, buffer.count - done, Int(position) + done)
                if count == 0 { break }
                if count > 0 { done += count } else if errno != EINTR { throw self.error("read", file) }
            }
            return done
        }
    }

    package func truncate(_ file: FileID, to size: Int64) throws(DiskError) {
        try withDescriptor(file, "truncate", writes: true) { descriptor throws(DiskError) in
            while ftruncate(descriptor, Int(size)) != 0 {
                if errno != EINTR { throw self.error("truncate", file) }
            }
        }
    }

    package func reserve(_ file: FileID, upTo size: Int64) {
        try? withDescriptor(file, "reserve") { descriptor throws(DiskError) in
            _ = nt_fallocate_keep_size(descriptor, 0, size)
        }
    }

    // MARK: - Durability

    package func sync(_ target: SyncTarget) throws(DiskError) {
        switch target {
        case .file(let file):
            do throws(DiskError) {
                try withDescriptor(file, "fdatasync", syncs: true) { descriptor throws(DiskError) in
                    while fdatasync(descriptor) != 0 {
                        if errno != EINTR { throw self.failedForGood(self.error("fdatasync", file)) }
                    }
                }
            } catch {
                // Removed while its sync was on the way: nothing is left that could be lost.
                if error.reason != .notFound || knows(file) { throw error }
            }
        case .directory(let path):
            try checkOnline("fsync", path)
            let descriptor = nt_open_directory(full(path))
            guard descriptor >= 0 else { throw Self.error("open", full(path)) }
            defer { Glibc.close(descriptor) }
            while fsync(descriptor) != 0 {
                if errno != EINTR { throw failedForGood(Self.error("fsync", full(path))) }
            }
        }
    }

    /// Everything of the file system that holds the directory: cheaper than hundreds of single syncs.
    package func syncAll() throws(DiskError) {
        try checkOnline("syncfs", name)
        while nt_syncfs(rootDescriptor) != 0 {
            if errno != EINTR { throw failedForGood(Self.error("syncfs", name)) }
        }
    }

    package func space() throws(DiskError) -> DiskSpace {
        var facts = statvfs()
        guard fstatvfs(rootDescriptor, &facts) == 0 else { throw Self.error("statvfs", name) }
        let unit = Int64(facts.f_frsize)
        return DiskSpace(total: Int64(facts.f_blocks) * unit, available: Int64(facts.f_bavail) * unit)
    }

    // MARK: - Names

    package func list(_ directory: String) throws(DiskError) -> [DirectoryEntry] {
        try checkOnline("list", directory)
        let isRoot = directory.isEmpty
        return try Self.entries(of: full(directory)).filter { !isRoot || $0.name != DirectoryLock.fileName }
    }

    package func createDirectory(_ path: String) throws(DiskError) {
        try checkOnline("mkdir", path)
        if mkdir(full(path), 0o755) != 0, errno != EEXIST { throw Self.error("mkdir", full(path)) }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        try checkOnline("rmdir", path)
        for descriptor in files.withLock({ $0.forget(below: path) }) { Glibc.close(descriptor) }
        do throws(DiskError) { try Self.removeTree(full(path)) } catch {
            if error.reason != .notFound || exists(path) { throw error }
        }
    }

    package func rename(_ path: String, to newPath: String) throws(DiskError) {
        try checkOnline("rename", path)
        // Under the lock, so that a descriptor opened meanwhile is never of the wrong file.
        let (closed, code) = files.withLock { table -> ([Int32], Int32) in
            if Glibc.rename(full(path), full(newPath)) != 0 { return ([], errno) }
            return (table.rename(path, to: newPath), 0)
        }
        for descriptor in closed { Glibc.close(descriptor) }
        if code != 0 { throw Self.error("rename", full(path), code) }
    }

    package func remove(_ path: String) throws(DiskError) {
        try checkOnline("remove", path)
        for descriptor in files.withLock({ $0.forget(path: path) }) { Glibc.close(descriptor) }
        if unlink(full(path)) != 0, errno != ENOENT { throw Self.error("remove", full(path)) }
    }

    package func exists(_ path: String) -> Bool {
        var facts = stat()
        return stat(full(path), &facts) == 0
    }

    // MARK: - Within

    /// Runs `body` with the file's descriptor, which stays open that long.
    package func withDescriptor<Result>(
        _ file: FileID, _ operation: String, writes: Bool = false, syncs: Bool = false,
        _ body: (Int32) throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        if hasFailed { throw DiskError(.offline, operation, name) }
        let descriptor = try pin(file, operation)
        var isDone = false
        defer {
            if let stale = files.withLock({ $0.unpin(file, wrote: writes, synced: syncs && isDone) }) {
                Glibc.close(stale)
            }
        }
        let result = try body(descriptor)
        isDone = true
        return result
    }

    private func pin(_ file: FileID, _ operation: String) throws(DiskError) -> Int32 {
        switch files.withLock({ $0.pin(file) }) {
        case .open(let descriptor): return descriptor
        case .unknown: throw DiskError(.notFound, operation, name, detail: "the file was closed or removed")
        case .path(var path):
            while true {
                let opened: Int32
                do { opened = try openDescriptor(path, create: false, exclusive: false) } catch {
                    // A rename may have come between: then the new path is tried.
                    if error.reason == .notFound, let current = files.withLock({ $0.path(of: file) }),
                        current != path
                    {
                        path = current
                        continue
                    }
                    if let stale = files.withLock({ $0.unpin(file) }) { Glibc.close(stale) }
                    throw error
                }
                var surplus: [Int32] = []
                let (kept, current) = files.withLock { table in
                    (table.adopt(opened, path: path, for: file, surplus: &surplus), table.path(of: file))
                }
                for extra in surplus { Glibc.close(extra) }
                if let kept { return kept }
                guard let current else {
                    if let stale = files.withLock({ $0.unpin(file) }) { Glibc.close(stale) }
                    throw DiskError(.notFound, operation, path, detail: "the file was closed or removed")
                }
                path = current
            }
        }
    }

    private func openDescriptor(_ path: String, create: Bool, exclusive: Bool) throws(DiskError) -> Int32 {
        while true {
            let descriptor = nt_open(full(path), create ? 1 : 0, exclusive ? 1 : 0)
            if descriptor >= 0 { return descriptor }
            if errno == EINTR { continue }
            throw Self.error("open", full(path))
        }
    }

    private func knows(_ file: FileID) -> Bool { files.withLock { $0.path(of: file) } != nil }

    private func checkOnline(_ operation: String, _ path: String) throws(DiskError) {
        if hasFailed { throw DiskError(.offline, operation, full(path)) }
    }

    private func failedForGood(_ error: DiskError) -> DiskError {
        isOffline.store(true, ordering: .releasing)
        return error
    }

    func full(_ path: String) -> String { path.isEmpty ? name : "\(name)/\(path)" }

    func error(_ operation: String, _ file: FileID, _ code: Int32 = errno) -> DiskError {
        Self.error(operation, full(files.withLock { $0.path(of: file) } ?? "a removed file"), code)
    }

    static func error(_ operation: String, _ path: String, _ code: Int32 = errno) -> DiskError {
        let reason: DiskError.Reason =
            switch code {
            case ENOSPC, EDQUOT: .noSpace
            case ENOENT, ENOTDIR: .notFound
            case EEXIST, ENOTEMPTY: .exists
            default: .io(code)
            }
        return DiskError(reason, operation, path, detail: String(cString: strerror(code)))
    }

    private static func writeAll(_ piece: UnsafeRawBufferPointer, _ descriptor: Int32, _ position: Int64)
        -> Int32
    {
        var done = 0
        while done < piece.count {
            let count = pwrite(
                descriptor, piece.baseAddress! + done, piece.count - done, Int(position) + done)
            if count >= 0 { done += count } else if errno != EINTR { return errno }
        }
        return 0
    }

    private static func writeAll(
        _ pieces: [UnsafeRawBufferPointer], _ descriptor: Int32, _ position: Int64
    ) -> Int32 {
        var position = position
        var next = 0  // First piece not written whole,
        var skipped = 0  // and how much of it was.
        let width = min(pieces.count, 1024)  // IOV_MAX
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: width) { vector in
            while next < pieces.count {
                var count = 0
                while count < width, next + count < pieces.count {
                    let piece = UnsafeMutableRawBufferPointer(mutating: pieces[next + count])
                    let skip = count == 0 ? skipped : 0
                    vector[count] = iovec(
                        iov_base: piece.baseAddress.map { $0 + skip }, iov_len: piece.count - skip)
                    count += 1
                }
                var written = pwritev(descriptor, vector.baseAddress!, Int32(count), Int(position))
                if written < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                position += Int64(written)
                while next < pieces.count, written >= pieces[next].count - skipped {
                    written -= pieces[next].count - skipped
                    skipped = 0
                    next += 1
                }
                skipped += written
            }
            return 0
        }
    }
}
