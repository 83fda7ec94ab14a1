import Dispatch
import Ports

/// A disk whose syncs wait until they are released, so that what is asked for meanwhile is known and not a
/// matter of how fast the machine's disk is.
final class HeldDisk: Disk {
    private let disk: any Disk
    private let held = DispatchGroup()
    init(_ disk: any Disk) {
        self.disk = disk
        held.enter()
    }

    /// Once; what is synced from then on does not wait.
    func release() { held.leave() }

    func sync(_ target: SyncTarget) throws(DiskError) {
        held.wait()
        try disk.sync(target)
    }

    func syncAll() throws(DiskError) {
        held.wait()
        try disk.syncAll()
    }

    var name: String { disk.name }
    func list(_ directory: String) throws(DiskError) -> [DirectoryEntry] { try disk.list(directory) }
    func createDirectory(_ path: String) throws(DiskError) { try disk.createDirectory(path) }
    func removeDirectory(_ path: String) throws(DiskError) { try disk.removeDirectory(path) }
    func rename(_ path: String, to newPath: String) throws(DiskError) { try disk.rename(path, to: newPath) }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func exists(_ path: String) -> Bool { disk.exists(path) }
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> FileID { try disk.open(path, mode) }
    func close(_ file: FileID) { disk.close(file) }
    func size(_ file: FileID) throws(DiskError) -> Int64 { try disk.size(file) }
    func write(_ pieces: [UnsafeRawBufferPointer], to file: FileID, at position: Int64) throws(DiskError) {
        try disk.write(pieces, to: file, at: position)
    }
    func read(_ file: FileID, at position: Int64, into buffer: UnsafeMutableRawBufferPointer)
        throws(DiskError) -> Int
    {
        try disk.read(file, at: position, into: buffer)
    }
    func truncate(_ file: FileID, to size: Int64) throws(DiskError) { try disk.truncate(file, to: size) }
    func reserve(_ file: FileID, upTo size: Int64) { disk.reserve(file, upTo: size) }
    func space() throws(DiskError) -> DiskSpace { try disk.space() }
}
