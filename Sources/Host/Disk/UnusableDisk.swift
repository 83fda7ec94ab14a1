import Ports

/// Stands for a log directory that could not be opened: everything fails with the reason. The broker goes on
/// with its other directories, and the partitions that lie here are offline.
final class UnusableDisk: Disk {
    let name: String
    private let reason: DiskError

    init(_ name: String, _ reason: DiskError) {
        self.name = name
        self.reason = reason
    }

    func list(_ directory: String) throws(DiskError) -> [DirectoryEntry] { throw reason }
    func createDirectory(_ path: String) throws(DiskError) { throw reason }
    func removeDirectory(_ path: String) throws(DiskError) { throw reason }
    func rename(_ path: String, to newPath: String) throws(DiskError) { throw reason }
    func remove(_ path: String) throws(DiskError) { throw reason }
    func exists(_ path: String) -> Bool { false }
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> FileID { throw reason }
    func close(_ file: FileID) {}
    func size(_ file: FileID) throws(DiskError) -> Int64 { throw reason }
    func write(_ pieces: [UnsafeRawBufferPointer], to file: FileID, at position: Int64) throws(DiskError) {
        throw reason
    }
    func read(
        _ file: FileID, at position: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> Int { throw reason }
    func truncate(_ file: FileID, to size: Int64) throws(DiskError) { throw reason }
    func reserve(_ file: FileID, upTo size: Int64) {}
    func sync(_ target: SyncTarget) throws(DiskError) { throw reason }
    func syncAll() throws(DiskError) { throw reason }
    func space() throws(DiskError) -> DiskSpace { throw reason }
}
