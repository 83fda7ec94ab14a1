import Ports

extension SimulatedDisk.State {
    /// Counts the operation, and throws when a fault waits for it.
    mutating func begin(_ operation: DiskOperation, _ path: String) throws(DiskError) {
        counts[operation, default: 0] += 1
        if let reason = faults.take(operation) { throw DiskError(reason, "\(operation)", path) }
    }

    func inode(_ file: FileID, _ operation: String) throws(DiskError) -> Int {
        guard let open = open[file.value] else {
            throw DiskError(.notFound, operation, "#\(file.value)", detail: "the file's id is forgotten")
        }
        return open.inode
    }

    /// Takes a name away; the bytes go with the last name, on the medium too.
    mutating func unlink(_ path: String) {
        guard let inode = names.removeValue(forKey: path) else { return }
        open = open.filter { $0.value.inode != inode }
        forgetIfNameless(inode)
    }

    private mutating func forgetIfNameless(_ inode: Int) {
        if !names.values.contains(inode), !durableNames.values.contains(inode) { files[inode] = nil }
    }

    mutating func syncNames(of directory: String) {
        directorySyncs += 1
        directorySynced[directory] = directorySyncs
        syncNames(
            of: directory, names: names.filter { parent(of: $0.key) == directory },
            children: directories.filter { !$0.isEmpty && parent(of: $0) == directory })
    }

    /// The directory's entries on the medium are those from now on.
    mutating func syncNames(of directory: String, names wanted: [String: Int], children: Set<String>) {
        for (name, inode) in durableNames where parent(of: name) == directory && wanted[name] != inode {
            durableNames[name] = nil
            forgetIfNameless(inode)
        }
        // A file that is gone meanwhile, bytes and all, needs no name.
        for (name, inode) in wanted where files[inode] != nil { durableNames[name] = inode }
        durableDirectories = durableDirectories.filter {
            $0.isEmpty || parent(of: $0) != directory || children.contains($0)
        }
        durableDirectories.formUnion(children)
    }

    mutating func losePower(using generator: inout some RandomNumberGenerator) {
        for directory in directories.union(durableDirectories).sorted() where Bool.random(using: &generator) {
            if directories.contains(directory) { syncNames(of: directory) }
        }
        directories = durableDirectories.filter { directory in
            var path = directory
            while !path.isEmpty {
                guard durableDirectories.contains(path) else { return false }
                path = parent(of: path)
            }
            return true
        }
        durableDirectories = directories
        names = durableNames.filter { directories.contains(parent(of: $0.key)) }
        durableNames = names
        let alive = Set(names.values)
        files = files.filter { alive.contains($0.key) }
        for inode in files.keys.sorted() { files[inode]!.losePower(using: &generator) }
    }
}
