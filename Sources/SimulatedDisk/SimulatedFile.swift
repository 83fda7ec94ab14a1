/// One file's bytes: what the page cache has, and what a power loss would bring back.
///
/// Only the old contents of changed pages are kept beside the bytes, so a synced file costs its own size. A sync takes
/// time: what is written after its begin is not covered by it. So the old contents lie in layers, one for each point
/// that the file may still go back to: the last sync that ended, then each sync that has begun since.
struct SimulatedFile {
    static let pageSize = 4096
    static let sectorSize = 512

    /// The file as it was at a point of time, told by what has changed since.
    private struct Layer {
        let size: Int
        /// Contents at that point of the pages changed between it and the next layer's. A page shorter than `pageSize` is
        /// followed by zeros.
        var pages: [Int: [UInt8]] = [:]
    }

    private(set) var bytes: [UInt8] = []
    /// Never empty: the first is what is durable.
    private var layers = [Layer(size: 0)]
    /// The first layer's number; layers are counted from the file's beginning.
    private var firstLayer = 0

    private var durableSize: Int { layers[0].size }
    var isDirty: Bool { durableSize != bytes.count || layers.contains { !$0.pages.isEmpty } }

    mutating func write(_ piece: UnsafeRawBufferPointer, at position: Int) {
        let end = position + piece.count
        remember(min(position, bytes.count)..<end)
        if position > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: position - bytes.count))
        }
        let overlap = min(piece.count, bytes.count - position)
        if overlap > 0 {
            bytes.withUnsafeMutableBytes {
                $0.baseAddress!.advanced(by: position).copyMemory(
                    from: piece.baseAddress!, byteCount: overlap)
            }
        }
        bytes.append(contentsOf: piece[overlap...])
    }

    mutating func truncate(to size: Int) {
        remember(min(size, bytes.count)..<max(size, bytes.count))
        if size < bytes.count {
            bytes.removeLast(bytes.count - size)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
    }

    /// A sync begins: it will cover what was written until now.
    /// - Returns: what `endSync` wants.
    mutating func beginSync() -> Int {
        let last = layers[layers.count - 1]
        if !last.pages.isEmpty || last.size != bytes.count { layers.append(Layer(size: bytes.count)) }
        return firstLayer + layers.count - 1
    }

    /// What was written before that sync's begin is durable. Syncs may end in any order.
    mutating func endSync(_ layer: Int) {
        guard layer > firstLayer else { return }
        layers.removeFirst(layer - firstLayer)
        firstLayer = layer
    }

    mutating func sync() { endSync(beginSync()) }

    /// A bit rots on the medium itself: no sync brings it back.
    mutating func corrupt(at position: Int, mask: UInt8) { bytes[position] ^= mask }

    /// What is left when the power fails: the durable bytes, and of the pages changed since either a prefix or any
    /// of them, one of them possibly torn at a sector's border.
    mutating func losePower(using generator: inout some RandomNumberGenerator) {
        guard isDirty else { return }
        let current = bytes
        let dirty = Set(layers.flatMap(\.pages.keys)).sorted()
        var survivors: Set<Int> = []
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: break
        case 1: survivors = Set(dirty)
        case 2: survivors = Set(dirty.prefix(Int.random(in: 0...dirty.count, using: &generator)))
        default: for page in dirty where Bool.random(using: &generator) { survivors.insert(page) }
        }
        let torn =
            dirty.isEmpty || Bool.random(using: &generator) ? nil : dirty.randomElement(using: &generator)
        var size = durableSize
        if current.count < durableSize {
            size = Bool.random(using: &generator) ? current.count : durableSize
        } else if let last = survivors.union(torn.map { [$0] } ?? []).max() {
            size = max(size, min(current.count, (last + 1) * Self.pageSize))
        }
        bytes = Array(current.prefix(size)) + repeatElement(0, count: max(0, size - current.count))
        for page in dirty where !survivors.contains(page) {
            var sectorsKept = 0
            if page == torn {
                sectorsKept = Int.random(in: 0...(Self.pageSize / Self.sectorSize), using: &generator)
            }
            restore(page, keeping: sectorsKept * Self.sectorSize)
        }
        sync()
    }

    private mutating func restore(_ page: Int, keeping kept: Int) {
        let old = layers.lazy.compactMap { $0.pages[page] }.first!
        let start = page * Self.pageSize
        for index in kept..<Self.pageSize where start + index < bytes.count {
            bytes[start + index] = index < old.count ? old[index] : 0
        }
    }

    /// Keeps the contents of the pages in `range` as they were at the last layer's point, unless they are kept already.
    private mutating func remember(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let last = layers.count - 1
        for page in range.lowerBound / Self.pageSize...(range.upperBound - 1) / Self.pageSize {
            guard layers[last].pages[page] == nil else { continue }
            let start = page * Self.pageSize
            let end = min(start + Self.pageSize, bytes.count, layers[last].size)
            layers[last].pages[page] = start < end ? Array(bytes[start..<end]) : []
        }
    }
}
