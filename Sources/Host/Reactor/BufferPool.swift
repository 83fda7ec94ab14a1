import Glibc

/// The receive buffers of one loop's connections.
///
/// Up to 64 KiB they come from malloc. Larger ones are mapped: memory is committed page by page as bytes
/// arrive, so a length header that promises 100 MB costs nothing. Those up to 2 MiB are pooled by powers of
/// two, since fresh pages cost 0.1 ms a MiB. Confined to its loop.
struct BufferPool: ~Copyable {
    private var pooled: [[UnsafeMutableRawBufferPointer]] = Array(repeating: [], count: classCount)
    private var pooledBytes = 0
    private var takenSinceTrim = false

    private static var smallMax: Int { 64 << 10 }
    private static var classCount: Int { 5 }  // 128 KiB ... 2 MiB
    private static var pooledMax: Int { 2 << 20 }
    private static var pooledBytesMax: Int { 16 << 20 }

    /// - Returns: at least `count` bytes; nil when the system gives no more address space.
    mutating func take(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        if count <= Self.smallMax { return .allocate(byteCount: max(64, count), alignment: 16) }
        guard count <= Self.pooledMax else { return Self.map((count + 4095) & ~4095) }
        let size = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
        takenSinceTrim = true
        if let buffer = pooled[Self.classIndex(size)].popLast() {
            pooledBytes -= size
            return buffer
        }
        return Self.map(size)
    }

    mutating func give(_ buffer: UnsafeMutableRawBufferPointer) {
        if buffer.count <= Self.smallMax { return buffer.deallocate() }
        guard buffer.count <= Self.pooledMax, pooledBytes + buffer.count <= Self.pooledBytesMax else {
            munmap(buffer.baseAddress!, buffer.count)
            return
        }
        pooledBytes += buffer.count
        pooled[Self.classIndex(buffer.count)].append(buffer)
    }

    /// Called every few seconds: what nobody asked for since the last time goes back to the system.
    mutating func trim() {
        defer { takenSinceTrim = false }
        if !takenSinceTrim, pooledBytes > 0 { empty() }
    }

    private mutating func empty() {
        for index in pooled.indices {
            for buffer in pooled[index] { munmap(buffer.baseAddress!, buffer.count) }
            pooled[index] = []
        }
        pooledBytes = 0
    }

    deinit {
        for buffer in pooled.joined() { munmap(buffer.baseAddress!, buffer.count) }
    }

    private static func classIndex(_ size: Int) -> Int { size.trailingZeroBitCount - 17 }

    private static func map(_ size: Int) -> UnsafeMutableRawBufferPointer? {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let address = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), address != MAP_FAILED
        else { return nil }
        return UnsafeMutableRawBufferPointer(start: address, count: size)
    }
}
