import Glibc
import Ports

/// Directories as trees: making, listing and removing them.
extension PosixDisk {
    /// Makes the directory and those above it.
    static func makePath(_ path: String) throws(DiskError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw error("mkdir", path) }
        let (parent, name) = FileTable.split(path)
        guard !parent.isEmpty, !name.isEmpty else { throw error("mkdir", path) }
        try makePath(parent)
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw error("mkdir", path) }
    }

    static func entries(of path: String) throws(DiskError) -> [DirectoryEntry] {
        guard let stream = opendir(path) else { throw error("list", path) }
        defer { closedir(stream) }
        var found: [DirectoryEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw error("list", path) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            if entry.pointee.d_type == UInt8(DT_UNKNOWN) || entry.pointee.d_type == UInt8(DT_LNK) {
                var facts = stat()
                isDirectory = stat("\(path)/\(name)", &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
            }
            found.append(DirectoryEntry(name: name, isDirectory: isDirectory))
        }
        return found.sorted { $0.name < $1.name }
    }

    static func removeTree(_ path: String) throws(DiskError) {
        for entry in try entries(of: path) {
            let below = "\(path)/\(entry.name)"
            if unlink(below) == 0 || errno == ENOENT { continue }
            guard entry.isDirectory, errno == EISDIR || errno == EPERM else { throw error("remove", below) }
            try removeTree(below)
        }
        if rmdir(path) != 0, errno != ENOENT { throw error("rmdir", path) }
    }
}
