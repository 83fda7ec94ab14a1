package import Ports
import Vocabulary

extension SimulatedDisk {
    /// The machine stops. All open files are forgotten; what is left depends on the kind of death.
    package func crash(_ kind: Crash, using generator: inout some RandomNumberGenerator) {
        // The lock's body takes a stream of its own: it cannot capture the caller's generator.
        let seed = generator.next()
        peek { state in
            state.open = [:]
            state.crashes += 1
            state.faults = DiskFaults()
            if kind == .power {
                var stream = SeededGenerator(seed: seed)
                state.losePower(using: &stream)
            }
        }
    }

    /// The process is killed: everything written stays.
    package func crash() {
        var unused = SeededGenerator(seed: 0)
        crash(.process, using: &unused)
    }

    /// Lets the next `times` operations of a kind fail, once `after` more of it have passed.
    package func fail(
        _ operation: DiskOperation, with reason: DiskError.Reason, after: Int = 0, times: Int = 1
    ) {
        peek { $0.faults.planned[operation] = .init(error: reason, after: after, times: times) }
    }

    /// The next write lands its first `count` bytes, then throws.
    package func cutNextWrite(after count: Int) { peek { $0.faults.shortWrite = count } }

    /// The disk is full after so many more bytes; nil: it has room again.
    package func limitSpace(to count: Int64?) { peek { $0.faults.spaceLeft = count } }

    /// Faults that were asked for and have not come will not.
    package func clearFaults() { peek { $0.faults = DiskFaults() } }

    /// The disk is that large from now on, whatever is on it. Unlike `limitSpace` this outlives a crash, and removing files
    /// gives room.
    package func setCapacity(_ bytes: Int64) { peek { $0.total = bytes } }
    package var usedBytes: Int64 { peek { $0.used } }

    /// Flips bits on the medium.
    package func corrupt(_ path: String, at position: Int, mask: UInt8 = 0x01) {
        peek { state in
            guard let inode = state.names[path] else { return }
            state.files[inode]!.corrupt(at: position, mask: mask)
        }
    }

    /// How many operations of a kind there were, failed ones too.
    package func count(_ operation: DiskOperation) -> Int { peek { $0.counts[operation, default: 0] } }
    package func resetCounts() { peek { $0.counts = [:] } }

    /// A file's bytes as the running system sees them; nil when there is none of the name.
    package func bytes(of path: String) -> [UInt8]? {
        peek { state in state.names[path].map { state.files[$0]!.bytes } }
    }

    /// Puts a file there whole and synced, its directories too.
    package func setBytes(_ bytes: [UInt8], of path: String) {
        peek { state in
            var directory = parent(of: path)
            while !directory.isEmpty {
                state.directories.insert(directory)
                state.durableDirectories.insert(directory)
                directory = parent(of: directory)
            }
            let inode = state.names[path] ?? state.nextInode
            if inode == state.nextInode { state.nextInode += 1 }
            var file = SimulatedFile()
            bytes.withUnsafeBytes { file.write($0, at: 0) }
            file.sync()
            state.files[inode] = file
            state.names[path] = inode
            state.durableNames[path] = inode
        }
    }

    /// All files' paths, sorted.
    package var paths: [String] { peek { $0.names.keys.sorted() } }

    /// A disk with the same files, all synced, and no faults.
    package func copy() -> SimulatedDisk {
        let other = SimulatedDisk(name: name)
        for path in paths { other.setBytes(bytes(of: path)!, of: path) }
        return other
    }
}
