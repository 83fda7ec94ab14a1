import Ports
import Vocabulary

/// An entry of fixed size, big-endian, in an index file.
protocol IndexEntry: Equatable, Sendable {
    static var byteCount: Int { get }
    init(_ bytes: UnsafeRawBufferPointer, at: Int)
    func write(_ out: UnsafeMutableRawBufferPointer, at: Int)
}

/// A file of sorted entries, of which those appended since it was opened are also in memory.
///
/// Nothing is read or even opened before it is needed, and entries are written in one go at roll, checkpoint and
/// close, so that an index costs an idle partition nothing and a busy one no system call per entry. Old entries are
/// searched by `pread`; no mapping, so no limit on the number of maps.
struct IndexFile<Entry: IndexEntry> {
    let path: String
    private(set) var file: FileID?
    /// Entries below this number are in the file only.
    private var tailStart = 0
    private var tail: [Entry] = []
    /// Entries below this number are in the file.
    private var flushed = 0
    private var isOpen: Bool

    init(path: String, isNew: Bool) {
        self.path = path
        isOpen = isNew
    }

    var count: Int { tailStart + tail.count }
    var isFlushed: Bool { flushed == count }

    /// Looks at what is on disk; a missing file has no entries.
    /// - Returns: whether the file's size is one of whole entries.
    @discardableResult
    mutating func open(_ disk: any Disk) throws(DiskError) -> Bool {
        guard !isOpen else { return true }
        do {
            let file = try disk.open(path, .existing)
            let size = Int(try disk.size(file))
            self.file = file
            tailStart = size / Entry.byteCount
            flushed = tailStart
            isOpen = true
            return size % Entry.byteCount == 0
        } catch {
            guard error.reason == .notFound else { throw error }
            isOpen = true
            return true
        }
    }

    mutating func append(_ entry: Entry) {
        invariant(isOpen, "\(path) must be opened before it grows")
        tail.append(entry)
    }

    mutating func entry(_ number: Int, _ disk: any Disk) throws(DiskError) -> Entry {
        if number >= tailStart { return tail[number - tailStart] }
        var entry: Entry?
        try read(number..<number + 1, disk) { entry = $0 }
        return entry!
    }

    mutating func last(_ disk: any Disk) throws(DiskError) -> Entry? {
        try open(disk)
        return count == 0 ? nil : try entry(count - 1, disk)
    }

    /// The last entry for which `belongs` holds; it holds for a prefix of them.
    mutating func last(_ disk: any Disk, where belongs: (Entry) -> Bool) throws(DiskError) -> (Int, Entry)? {
        try open(disk)
        if let first = tail.first, belongs(first) {
            var low = 0
            var high = tail.count
            while high - low > 1 {
                let middle = (low + high) / 2
                if belongs(tail[middle]) { low = middle } else { high = middle }
            }
            return (tailStart + low, tail[low])
        }
        return try lastOnDisk(disk, where: belongs)
    }

    private mutating func lastOnDisk(
        _ disk: any Disk, where belongs: (Entry) -> Bool
    ) throws(DiskError) -> (Int, Entry)? {
        // The answer is among the entries `low..<high`, or it is `low - 1`.
        var low = 0
        var high = tailStart
        while high - low > 64 {
            let middle = (low + high) / 2
            if belongs(try entry(middle, disk)) { low = middle } else { high = middle }
        }
        var found: (Int, Entry)?
        var number = low
        try read(low..<high, disk) { entry in
            if belongs(entry) { found = (number, entry) }
            number += 1
        }
        return found
    }

    /// Every entry, in order.
    mutating func forEach(_ disk: any Disk, _ body: (Entry) -> Void) throws(DiskError) {
        try open(disk)
        var number = 0
        while number < tailStart {
            let next = min(number + 4096, tailStart)
            try read(number..<next, disk, body)
            number = next
        }
        tail.forEach(body)
    }

    private func read(_ numbers: Range<Int>, _ disk: any Disk, _ body: (Entry) -> Void) throws(DiskError) {
        guard !numbers.isEmpty, let file else { return }
        let byteCount = numbers.count * Entry.byteCount
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { buffer.deallocate() }
        let got = try disk.read(file, at: Int64(numbers.lowerBound * Entry.byteCount), into: buffer)
        guard got == byteCount else {
            throw DiskError(.corrupt, "read", path, detail: "shorter than a moment ago")
        }
        let bytes = UnsafeRawBufferPointer(buffer)
        for index in 0..<numbers.count { body(Entry(bytes, at: index * Entry.byteCount)) }
    }

    /// Drops the entries from `number` on, in the file too.
    mutating func truncate(toCount number: Int, _ disk: any Disk) throws(DiskError) {
        try open(disk)
        guard number < count else { return }
        if number < flushed, let file {
            try disk.truncate(file, to: Int64(number * Entry.byteCount))
            flushed = number
        }
        if number >= tailStart {
            tail.removeLast(count - number)
        } else {
            tail = []
            tailStart = number
        }
    }

    /// Writes what is not in the file yet, making it when it is missing.
    /// - Returns: whether the file is new.
    @discardableResult
    mutating func flush(_ disk: any Disk) throws(DiskError) -> Bool {
        try open(disk)
        let isNew = file == nil
        if isNew {
            file = try disk.open(path, .create)
            try disk.truncate(file!, to: 0)
        }
        guard !isFlushed else { return isNew }
        let fresh = tail[(flushed - tailStart)...]
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: fresh.count * Entry.byteCount, alignment: 8)
        defer { buffer.deallocate() }
        for (index, entry) in fresh.enumerated() { entry.write(buffer, at: index * Entry.byteCount) }
        try disk.write([UnsafeRawBufferPointer(buffer)], to: file!, at: Int64(flushed * Entry.byteCount))
        flushed = count
        return isNew
    }

    /// Gives the memory back; everything must be in the file.
    mutating func dropTail() {
        invariant(isFlushed, "\(path): \(count - flushed) entries would be lost")
        tailStart = count
        tail = []
    }

    mutating func close(_ disk: any Disk) {
        if let file { disk.close(file) }
        file = nil
        isOpen = false
        tail = []
        tailStart = 0
        flushed = 0
    }
}
