package import Ports
import Synchronization

/// A `Disk` in memory, with the page cache and the medium told apart, and with faults on request.
///
/// Names follow the same rule as bytes: a file made, renamed or removed is so after a power loss only if its
/// directory was synced; else chance decides, per directory.
package final class SimulatedDisk: Disk {
    package enum Crash: Sendable {
        /// The process is killed: everything written stays.
        case process
        /// What was not synced may be gone.
        case power
    }

    package let name: String
    private let state = Mutex(State())

    struct State: Sendable {
        var files: [Int: SimulatedFile] = [:]
        /// Path to inode, as the running system sees it.
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var directories: Set<String> = [""]
        var durableDirectories: Set<String> = [""]
        var open: [Int: OpenFile] = [:]
        var nextInode = 1
        var nextID = 1
        var faults = DiskFaults()
        var counts: [DiskOperation: Int] = [:]
        var total: Int64 = 1 << 40
        /// How often the machine has stopped: syncs that were under way then never end.
        var crashes = 0
        /// Counts syncs of directories by their begin; per directory, the latest that ended.
        var directorySyncs = 0
        var directorySynced: [String: Int] = [:]

        var used: Int64 { files.values.reduce(0) { $0 + Int64($1.bytes.count) } }
    }
    struct OpenFile: Sendable {
        let inode: Int
        /// For messages; as it was when opened.
        let path: String
    }

    package init(name: String = "/simulated") { self.name = name }

    /// Locks, and types the throw: `Mutex.withLock` passes the body's error type on.
    func with<R: Sendable>(_ body: (inout sending State) throws(DiskError) -> sending R) throws(DiskError)
        -> R
    {
        try state.withLock(body)
    }
    func peek<R: Sendable>(_ body: (inout sending State) -> sending R) -> R { state.withLock(body) }
}

// MARK: Names

extension SimulatedDisk {
    package func list(_ directory: String) throws(DiskError) -> [DirectoryEntry] {
        try with { state throws(DiskError) in
            try state.begin(.list, directory)
            guard state.directories.contains(directory) else { throw DiskError(.notFound, "list", directory) }
            let files = state.names.keys.filter { parent(of: $0) == directory }
            let below = state.directories.filter { !$0.isEmpty && parent(of: $0) == directory }
            return
                (files.map { DirectoryEntry(name: lastComponent(of: $0), isDirectory: false) }
                + below.map { DirectoryEntry(name: lastComponent(of: $0), isDirectory: true) })
                .sorted { $0.name < $1.name }
        }
    }

    package func createDirectory(_ path: String) throws(DiskError) {
        try with { state throws(DiskError) in
            guard state.directories.contains(parent(of: path)) else {
                throw DiskError(.notFound, "mkdir", path)
            }
            guard state.names[path] == nil else { throw DiskError(.exists, "mkdir", path) }
            state.directories.insert(path)
        }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        try with { state throws(DiskError) in
            try state.begin(.remove, path)
            for name in state.names.keys where name.hasPrefix(path + "/") { state.unlink(name) }
            state.directories = state.directories.filter { $0 != path && !$0.hasPrefix(path + "/") }
        }
    }

    package func rename(_ path: String, to newPath: String) throws(DiskError) {
        try with { state throws(DiskError) in
            try state.begin(.rename, path)
            guard state.directories.contains(parent(of: newPath)) else {
                throw DiskError(.notFound, "rename", newPath)
            }
            if let inode = state.names[path] {
                if state.names[newPath] != inode { state.unlink(newPath) }
                state.names[path] = nil
                state.names[newPath] = inode
            } else if state.directories.contains(path) {
                func moved(_ name: String) -> String { newPath + name.dropFirst(path.count) }
                for name in state.names.keys where name.hasPrefix(path + "/") {
                    state.names[moved(name)] = state.names.removeValue(forKey: name)
                }
                for name in state.directories where name == path || name.hasPrefix(path + "/") {
                    state.directories.remove(name)
                    state.directories.insert(moved(name))
                    // What lies below a renamed directory goes where its name goes; only that name is in doubt.
                    if name != path || state.durableDirectories.contains(name) {
                        for durable in state.durableNames.keys where parent(of: durable) == name {
                            state.durableNames[moved(durable)] = state.durableNames[durable]
                        }
                    }
                }
            } else {
                throw DiskError(.notFound, "rename", path)
            }
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try with { state throws(DiskError) in
            try state.begin(.remove, path)
            state.unlink(path)
        }
    }

    package func exists(_ path: String) -> Bool {
        peek { $0.names[path] != nil || $0.directories.contains(path) }
    }
}

// MARK: Bytes

extension SimulatedDisk {
    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> FileID {
        try with { state throws(DiskError) in
            try state.begin(.open, path)
            var inode = state.names[path]
            switch mode {
            case .existing: if inode == nil { throw DiskError(.notFound, "open", path) }
            case .createNew: if inode != nil { throw DiskError(.exists, "open", path) }
            case .create: break
            }
            if inode == nil {
                guard state.directories.contains(parent(of: path)) else {
                    throw DiskError(.notFound, "open", path)
                }
                inode = state.nextInode
                state.nextInode += 1
                state.files[inode!] = SimulatedFile()
                state.names[path] = inode
            }
            let id = state.nextID
            state.nextID += 1
            state.open[id] = OpenFile(inode: inode!, path: path)
            return FileID(id)
        }
    }

    package func close(_ file: FileID) { peek { $0.open[file.value] = nil } }

    package func size(_ file: FileID) throws(DiskError) -> Int64 {
        try with { state throws(DiskError) in
            Int64(state.files[try state.inode(file, "size")]!.bytes.count)
        }
    }

    package func write(_ pieces: [UnsafeRawBufferPointer], to file: FileID, at position: Int64)
        throws(DiskError)
    {
        // The pieces outlive the call: the lock's body runs in it.
        nonisolated(unsafe) let pieces = pieces
        try with { state throws(DiskError) in
            let inode = try state.inode(file, "write")
            let path = state.open[file.value]!.path
            try state.begin(.write, path)
            var allowed = pieces.reduce(0) { $0 + $1.count }
            var failure: DiskError?
            if let short = state.faults.shortWrite {
                state.faults.shortWrite = nil
                allowed = min(allowed, short)
                failure = DiskError(.io(5), "write", path)
            }
            if let left = state.faults.spaceLeft {
                if left < Int64(allowed) {
                    allowed = Int(left)
                    failure = DiskError(.noSpace, "write", path)
                }
                state.faults.spaceLeft = left - Int64(allowed)
            }
            // What lies within the file has its blocks already.
            let within = max(0, Int64(state.files[inode]!.bytes.count) - position)
            let room = max(0, state.total - state.used)
            if Int64(allowed) - within > room {
                allowed = Int(within + room)
                failure = DiskError(.noSpace, "write", path)
            }
            var at = Int(position)
            for piece in pieces where allowed > 0 && !piece.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: piece.prefix(allowed))
                state.files[inode]!.write(part, at: at)
                at += part.count
                allowed -= part.count
            }
            if let failure { throw failure }
        }
    }

    package func read(
        _ file: FileID, at position: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> Int {
        nonisolated(unsafe) let buffer = buffer
        return try with { state throws(DiskError) in
            let inode = try state.inode(file, "read")
            try state.begin(.read, state.open[file.value]!.path)
            return state.files[inode]!.bytes.withUnsafeBytes { bytes in
                let count = max(0, min(buffer.count, bytes.count - Int(position)))
                if count > 0 {
                    buffer.baseAddress!.copyMemory(
                        from: bytes.baseAddress!.advanced(by: Int(position)), byteCount: count)
                }
                return count
            }
        }
    }

    package func truncate(_ file: FileID, to size: Int64) throws(DiskError) {
        try with { state throws(DiskError) in
            let inode = try state.inode(file, "truncate")
            try state.begin(.truncate, state.open[file.value]!.path)
            if state.files[inode]!.bytes.count != Int(size) { state.files[inode]!.truncate(to: Int(size)) }
        }
    }

    package func reserve(_ file: FileID, upTo size: Int64) {}

    package func syncAll() throws(DiskError) {
        try with { state throws(DiskError) in
            try state.begin(.sync, "")
            for inode in state.files.keys { state.files[inode]!.sync() }
            for directory in state.directories { state.syncNames(of: directory) }
        }
    }

    package func sync(_ target: SyncTarget) throws(DiskError) {
        try with { state throws(DiskError) in
            switch target {
            case .file(let file):
                // Removed while its sync was on the way: nothing is left that could be lost.
                guard let open = state.open[file.value] else { return }
                try state.begin(.sync, open.path)
                state.files[open.inode]!.sync()
            case .directory(let directory):
                try state.begin(.sync, directory)
                // As with files.
                guard state.directories.contains(directory) else { return }
                state.syncNames(of: directory)
            }
        }
    }

    package func space() throws(DiskError) -> DiskSpace {
        peek { state in
            let free = max(0, state.total - state.used)
            return DiskSpace(total: state.total, available: min(free, state.faults.spaceLeft ?? free))
        }
    }
}

func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[..<slash])
}

func lastComponent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.index(after: slash)...])
}
