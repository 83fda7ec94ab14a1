import Ports

/// The files of one directory by id, and which of them hold a descriptor just now.
///
/// Descriptors are a cache, since a broker has more files than a process may have open: when all places are
/// taken, the clock algorithm closes one not used lately, clean before dirty ones. A slot is pinned while a
/// call uses its descriptor; a pinned one is never closed under it. Guarded by its disk's lock.
struct FileTable {
    /// A directory by its path, so that renaming it costs nothing per file below.
    final class Folder {
        var path: String
        var slots: [Int32] = []
        init(_ path: String) { self.path = path }
    }

    private struct Slot {
        var generation = 0
        var folder: Folder?  // nil: the slot is free, or forgotten while pinned.
        var name = ""
        var descriptor: Int32 = -1
        var ringIndex: Int32 = -1  // Its place in `ring`, when it holds a descriptor.
        var pins: Int32 = 0
        var wasUsed = false
        var isDirty = false
    }

    enum Pinned {
        case open(Int32)
        /// Pinned, but without a descriptor: open the path, then call `adopt`.
        case path(String)
        case unknown
    }

    let descriptorsMax: Int
    private var slots: ContiguousArray<Slot> = []
    private var free: [Int32] = []
    private var ring: ContiguousArray<Int32> = []
    private var hand = 0
    private var folders: [String: Folder] = [:]
    private var nestedFolders = 0

    init(descriptorsMax: Int) { self.descriptorsMax = max(8, descriptorsMax) }

    var descriptorCount: Int { ring.count }
    var fileCount: Int { slots.count - free.count }
    /// A call uses a descriptor just now.
    var isInUse: Bool { slots.contains { $0.pins > 0 } }

    // MARK: - Use

    mutating func pin(_ file: FileID) -> Pinned {
        guard let index = index(of: file) else { return .unknown }
        slots[index].pins += 1
        slots[index].wasUsed = true
        let descriptor = slots[index].descriptor
        return descriptor >= 0 ? .open(descriptor) : .path(path(of: index))
    }

    /// The pinned file was opened outside the lock.
    /// - Returns: the descriptor to use from now on, or nil when the file has another path by now: try again.
    ///   `surplus` are to be closed.
    mutating func adopt(_ descriptor: Int32, path: String, for file: FileID, surplus: inout [Int32]) -> Int32?
    {
        let index = file.slot
        if slots[index].descriptor >= 0 {
            surplus.append(descriptor)
            return slots[index].descriptor
        }
        guard slots[index].folder != nil, self.path(of: index) == path else {
            surplus.append(descriptor)
            return nil
        }
        hold(descriptor, at: index, surplus: &surplus)
        return descriptor
    }

    /// Ends one `pin`.
    /// - Returns: a descriptor to close, when the file was forgotten meanwhile.
    mutating func unpin(_ file: FileID, wrote: Bool = false, synced: Bool = false) -> Int32? {
        let index = file.slot
        slots[index].pins -= 1
        if wrote { slots[index].isDirty = true }
        if synced { slots[index].isDirty = false }
        return slots[index].folder == nil && slots[index].pins == 0 ? recycle(index) : nil
    }

    // MARK: - Names

    /// A new id for a file that is open.
    mutating func insert(path: String, descriptor: Int32, surplus: inout [Int32]) -> FileID {
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].generation += 1
        place(index, at: path)
        hold(descriptor, at: index, surplus: &surplus)
        return FileID(slots[index].generation << 32 | index)
    }

    func path(of file: FileID) -> String? { index(of: file).map { path(of: $0) } }

    mutating func forget(_ file: FileID) -> Int32? { index(of: file).flatMap { forget($0) } }

    /// Forgets every id of that file.
    mutating func forget(path: String) -> [Int32] {
        let (parent, name) = Self.split(path)
        guard let folder = folders[parent] else { return [] }
        return folder.slots.filter { slots[Int($0)].name == name }.compactMap { forget(Int($0)) }
    }

    /// Forgets every id below that directory.
    mutating func forget(below path: String) -> [Int32] {
        foldersAtOrBelow(path).flatMap(\.slots).compactMap { forget(Int($0)) }
    }

    mutating func forgetAll() -> [Int32] {
        Array(folders.values).flatMap(\.slots).compactMap { forget(Int($0)) }
    }

    /// Files keep their ids when they, or a directory above them, get a new name. Whoever had the new name is
    /// forgotten.
    mutating func rename(_ path: String, to newPath: String) -> [Int32] {
        if path == newPath { return [] }
        let closed = forget(path: newPath)
        let (parent, name) = Self.split(path)
        for slot in folders[parent]?.slots.filter({ slots[Int($0)].name == name }) ?? [] {
            displace(Int(slot))
            place(Int(slot), at: newPath)
        }
        for folder in foldersAtOrBelow(path) {
            folders[folder.path] = nil
            if folder.path.contains("/") { nestedFolders -= 1 }
            folder.path = newPath + folder.path.dropFirst(path.count)
            if folder.path.contains("/") { nestedFolders += 1 }
            folders[folder.path] = folder
        }
        return closed
    }

    // MARK: - Within

    private func index(of file: FileID) -> Int? {
        let index = file.slot
        guard index < slots.count, slots[index].generation == file.value >> 32, slots[index].folder != nil
        else {
            return nil
        }
        return index
    }

    private func path(of index: Int) -> String {
        let folder = slots[index].folder!.path
        return folder.isEmpty ? slots[index].name : "\(folder)/\(slots[index].name)"
    }

    private mutating func place(_ index: Int, at path: String) {
        let (parent, name) = Self.split(path)
        let folder: Folder
        if let known = folders[parent] {
            folder = known
        } else {
            folder = Folder(parent)
            folders[parent] = folder
            if parent.contains("/") { nestedFolders += 1 }
        }
        folder.slots.append(Int32(index))
        slots[index].folder = folder
        slots[index].name = name
    }

    private mutating func displace(_ index: Int) {
        let folder = slots[index].folder!
        folder.slots.remove(at: folder.slots.firstIndex(of: Int32(index))!)
        if folder.slots.isEmpty {
            folders[folder.path] = nil
            if folder.path.contains("/") { nestedFolders -= 1 }
        }
        slots[index].folder = nil
    }

    private mutating func forget(_ index: Int) -> Int32? {
        displace(index)
        return slots[index].pins == 0 ? recycle(index) : nil
    }

    private mutating func recycle(_ index: Int) -> Int32? {
        let descriptor = slots[index].descriptor
        if descriptor >= 0 { release(index) }
        slots[index].name = ""
        slots[index].isDirty = false
        free.append(Int32(index))
        return descriptor >= 0 ? descriptor : nil
    }

    private mutating func hold(_ descriptor: Int32, at index: Int, surplus: inout [Int32]) {
        if ring.count >= descriptorsMax, let evicted = evict() { surplus.append(evicted) }
        slots[index].descriptor = descriptor
        slots[index].wasUsed = true
        slots[index].ringIndex = Int32(ring.count)
        ring.append(Int32(index))
    }

    private mutating func release(_ index: Int) {
        let place = Int(slots[index].ringIndex)
        let last = ring.removeLast()
        if place < ring.count {
            ring[place] = last
            slots[Int(last)].ringIndex = Int32(place)
        }
        slots[index].descriptor = -1
        slots[index].ringIndex = -1
    }

    /// The clock: a slot used since the hand last passed is spared once. Dirty files are spared for a while
    /// too, since the kernel tells a failed write-back most surely to a descriptor that was open then.
    private mutating func evict() -> Int32? {
        for step in 0..<(2 * ring.count + 16) {
            if hand >= ring.count { hand = 0 }
            let index = Int(ring[hand])
            let spared = slots[index].pins > 0 || slots[index].wasUsed || (slots[index].isDirty && step < 16)
            slots[index].wasUsed = false
            if spared {
                hand += 1
                continue
            }
            let descriptor = slots[index].descriptor
            release(index)
            return descriptor
        }
        return nil  // All are in use at this very moment: one too many for a moment.
    }

    private func foldersAtOrBelow(_ path: String) -> [Folder] {
        var found = folders[path].map { [$0] } ?? []
        if nestedFolders > 0 { found += folders.values.filter { $0.path.hasPrefix(path + "/") } }
        return found
    }

    /// "orders-0/x.log" is "orders-0" and "x.log"; the root is "".
    static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}

extension FileID {
    /// A file's id is its slot and the slot's generation, so that an id is never given twice.
    fileprivate var slot: Int { value & 0xFFFF_FFFF }
}
