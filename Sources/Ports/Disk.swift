/// One log directory: files by path below its root, `orders-0/00000000000000000000.log`.
///
/// Writes are seen by reads at once; they are durable only after a sync of that file, and a new, renamed or removed
/// name only after a sync of its directory. Safe to call from any thread; one file is written by one thread at a
/// time (its partition's lock sees to that). Blocking calls, so keep `sync` off the data loops: ask for it by a
/// `SyncRequest` there.
package protocol Disk: AnyObject, Sendable {
    /// What messages call it: its path.
    var name: String { get }

    /// The entries directly below `directory` ("" is the root), sorted by name.
    /// - Throws: `.notFound` when there is no such directory.
    func list(_ directory: String) throws(DiskError) -> [DirectoryEntry]
    /// Makes a directory whose parent exists; one that is there already is no error.
    func createDirectory(_ path: String) throws(DiskError)
    /// Removes a directory and all below it. Open files below are closed and their ids forgotten.
    func removeDirectory(_ path: String) throws(DiskError)
    /// Renames a file or directory, replacing a file of the new name. Open files (below it) keep their ids.
    func rename(_ path: String, to newPath: String) throws(DiskError)
    /// Removes a file; its id is forgotten. One that is not there is no error.
    func remove(_ path: String) throws(DiskError)
    func exists(_ path: String) -> Bool

    /// Names a file for reading and writing. Descriptors are opened and closed behind the id, as the cache sees fit.
    /// - Throws: `.notFound` with `.existing`, `.exists` with `.createNew`.
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> FileID
    /// Forgets the id. The file stays.
    func close(_ file: FileID)
    /// The file's size in bytes.
    func size(_ file: FileID) throws(DiskError) -> Int64
    /// Writes the pieces one behind the other from `position`: all of them, or throws. After a throw the file may
    /// hold any prefix of them: the caller truncates.
    func write(_ pieces: [UnsafeRawBufferPointer], to file: FileID, at position: Int64) throws(DiskError)
    /// Reads up to `buffer.count` bytes.
    /// - Returns: how many; fewer than asked only at the end of the file.
    func read(_ file: FileID, at position: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int
    func truncate(_ file: FileID, to size: Int64) throws(DiskError)
    /// Sets blocks aside up to `size` without changing the file's size. A hint: it may do nothing.
    func reserve(_ file: FileID, upTo size: Int64)
    /// Blocks until the target is on stable storage. After a throw the directory must be taken offline: the kernel may
    /// have dropped the pages, so that a second sync would lie.
    func sync(_ target: SyncTarget) throws(DiskError)
    /// The same for all there is, at once: cheaper than hundreds of targets one by one.
    func syncAll() throws(DiskError)
    func space() throws(DiskError) -> DiskSpace
}

/// A file known to its `Disk`; never reused while the process lives.
package struct FileID: Hashable, Sendable {
    package let value: Int
    package init(_ value: Int) { self.value = value }
}

package enum OpenMode: Sendable { case existing, create, createNew }

package enum SyncTarget: Hashable, Sendable {
    case file(FileID)
    /// The directory's entries: names made, renamed and removed directly below it.
    case directory(String)
}

package struct DirectoryEntry: Equatable, Sendable {
    package let name: String
    package let isDirectory: Bool

    package init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
    }
}

/// Bytes of the file system that holds the directory.
package struct DiskSpace: Equatable, Sendable {
    package let total: Int64
    package let available: Int64

    package init(total: Int64, available: Int64) {
        self.total = total
        self.available = available
    }
}

/// The machine's failure: what was tried, on which path, and why not. Its policy stands in one place, in `Broker`.
package struct DiskError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case noSpace, notFound, exists, corrupt
        /// The directory was taken offline before.
        case offline
        /// Anything else the system said (errno).
        case io(Int32)
    }
    package let reason: Reason
    /// "write", "fdatasync", ...
    package let operation: String
    package let path: String
    package let detail: String

    package init(_ reason: Reason, _ operation: String, _ path: String, detail: String = "") {
        self.reason = reason
        self.operation = operation
        self.path = path
        self.detail = detail
    }

    package var description: String { "\(operation) \(path): \(reason)\(detail.isEmpty ? "" : " (\(detail))")" }
}
