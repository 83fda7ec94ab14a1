import CLinux
import Glibc
import Ports

/// Keeps a second broker out of a log directory: a lock on the file `.lock` in it, as long as this value lives. The
/// kernel drops it with the process.
///
/// The lock excludes Java brokers too, which lock the same file by POSIX locks.
struct DirectoryLock: ~Copyable {
    static let fileName = ".lock"
    private let descriptor: Int32

    init(directory: String) throws(DiskError) {
        let path = "\(directory)/\(Self.fileName)"
        descriptor = nt_open(path, 1, 0)
        guard descriptor >= 0 else { throw PosixDisk.error("open", path) }
        guard nt_lock_file(descriptor) == 0 else {
            let code = errno
            let owner = Self.owner(descriptor)
            Glibc.close(descriptor)
            guard code == EAGAIN || code == EACCES else { throw PosixDisk.error("lock", path, code) }
            throw DiskError(
                .io(code), "lock", path,
                detail:
                    "another broker\(owner.map { " (pid \($0))" } ?? "") is using this directory; stop it, or name another"
            )
        }
        let text = "\(getpid())\n"
        _ = ftruncate(descriptor, 0)
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    /// Unlocked too: a child of this process that has not come to its exec yet would else hold the lock on.
    deinit {
        _ = nt_unlock_file(descriptor)
        Glibc.close(descriptor)
    }

    private static func owner(_ descriptor: Int32) -> Int? {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { buffer in
            let count = pread(descriptor, buffer.baseAddress, 32, 0)
            guard count > 0 else { return nil }
            let digits = buffer[..<count].prefix { (48...57).contains($0) }
            return Int(String(decoding: digits, as: UTF8.self))
        }
    }
}
