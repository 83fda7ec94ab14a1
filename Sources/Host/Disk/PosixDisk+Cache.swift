import CLinux
import Glibc
package import Ports
import Synchronization

/// What of a file lies in the page cache, so that a loop never waits for a cold read.
extension PosixDisk {
    /// Whether a loop may read the range without waiting for the disk.
    package func isResident(_ file: FileID, at position: Int64, count: Int) -> Bool {
        guard count > 0 else { return true }
        let answer = try? withDescriptor(file, "cachestat") { descriptor throws(DiskError) in
            Self.isResident(descriptor, position, count)
        }
        return answer ?? true  // A broken file is found out by the read itself.
    }

    static func isResident(_ descriptor: Int32, _ position: Int64, _ count: Int) -> Bool {
        let first = position / pageBytes
        let last = (position + Int64(count) - 1) / pageBytes
        if knowsCachestat.load(ordering: .relaxed) {
            let cached = nt_cached_pages(descriptor, position, Int64(count))
            if cached >= 0 { return cached >= last - first + 1 }
            if errno == ENOSYS || errno == EPERM {
                knowsCachestat.store(false, ordering: .relaxed)
            } else {
                return true
            }
        }
        // A byte of every sixteenth page: what the kernel reads ahead at once is mostly there together.
        var page = first
        while page <= last {
            var byte: UInt8 = 0
            if nt_read_resident(descriptor, &byte, 1, max(position, page * pageBytes)) < 0, errno == EAGAIN {
                return false
            }
            page += page == last ? 1 : min(16, last - page)
        }
        return true
    }

    /// Reads what lies in the page cache; fewer bytes than asked when the next page is cold (or the file
    /// ends).
    package func readResident(
        _ file: FileID, at position: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> Int {
        try withDescriptor(file, "read") { descriptor throws(DiskError) in
            while true {
                let count = nt_read_resident(descriptor, buffer.baseAddress, buffer.count, position)
                if count >= 0 { return count }
                switch errno {
                case EINTR: continue
                case EAGAIN: return 0
                case EOPNOTSUPP:  // A file system that cannot tell: then as a plain read.
                    let count = pread(descriptor, buffer.baseAddress, buffer.count, Int(position))
                    if count >= 0 { return count }
                    throw self.error("read", file)
                default: throw self.error("read", file)
                }
            }
        }
    }

    /// Brings the range into the page cache; blocks as long as the disk takes.
    package func warm(_ file: FileID, at position: Int64, count: Int, scratch: UnsafeMutableRawBufferPointer)
    {
        try? withDescriptor(file, "read") { descriptor throws(DiskError) in
            _ = nt_readahead(descriptor, position, count)
            var at = position
            let end = position + Int64(count)
            while at < end {
                let got = pread(descriptor, scratch.baseAddress, min(scratch.count, Int(end - at)), Int(at))
                if got > 0 { at += Int64(got) } else if got == 0 || errno != EINTR { break }
            }
        }
    }

    /// Starts write-back of the range, so that dirty pages do not pile up until a sync; returns at once.
    package func startWriteback(_ file: FileID, at position: Int64, count: Int64) {
        try? withDescriptor(file, "sync_file_range") { descriptor throws(DiskError) in
            _ = nt_start_writeback(descriptor, position, count)
        }
    }

    /// Lets go of the file's clean pages, as if the machine had just started.
    package func dropCache(_ file: FileID) {
        try? withDescriptor(file, "fadvise") { descriptor throws(DiskError) in _ = nt_drop_cache(descriptor) }
    }

    private static let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))
    private static let knowsCachestat = Atomic(true)
}
