import Vocabulary
import Wire

/// Raw stores, one behind the other, for the answers that are written by hand (Produce, Fetch). The loop keeps one and uses it
/// for each answer in turn, so that none allocates.
struct FrameWriter: ~Copyable {
    private var storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int = 4096) { storage = .allocate(byteCount: capacity, alignment: 16) }

    deinit { storage.deallocate() }

    /// What was written. Valid until the next write.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    mutating func reset() { count = 0 }

    @inline(__always)
    mutating func int8(_ value: Int8) { store(value) }
    @inline(__always)
    mutating func int16(_ value: Int16) { store(value.bigEndian) }
    @inline(__always)
    mutating func int32(_ value: Int32) { store(value.bigEndian) }
    @inline(__always)
    mutating func int64(_ value: Int64) { store(value.bigEndian) }

    mutating func uuid(_ id: UUID128) {
        store(id.high.bigEndian)
        store(id.low.bigEndian)
    }

    mutating func uvarint(_ value: Int) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            store(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        store(UInt8(rest))
    }

    mutating func string(_ text: String, flexible: Bool) {
        var text = text
        text.withUTF8 { utf8 in
            if flexible { uvarint(utf8.count + 1) } else { int16(Int16(min(utf8.count, Int(Int16.max)))) }
            room(utf8.count)
            storage[count..<count + utf8.count].copyBytes(from: utf8)
            count += utf8.count
        }
    }

    mutating func nullableString(_ text: String?, flexible: Bool) {
        if let text { return string(text, flexible: flexible) }
        if flexible { uvarint(0) } else { int16(-1) }
    }

    mutating func arrayCount(_ count: Int, flexible: Bool) {
        if flexible { uvarint(count + 1) } else { int32(Int32(count)) }
    }

    /// No tagged fields.
    mutating func noTags(flexible: Bool) { if flexible { store(UInt8(0)) } }

    /// Puts the frame's length, which is known last, in its place.
    mutating func patchInt32(_ value: Int32, at position: Int) {
        storage.storeBytes(of: value.bigEndian, toByteOffset: position, as: Int32.self)
    }

    @inline(__always)
    private mutating func store<T: BitwiseCopyable>(_ value: T) {
        room(MemoryLayout<T>.size)
        storage.storeBytes(of: value, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    @inline(__always)
    private mutating func room(_ bytes: Int) { if storage.count - count < bytes { grow(bytes) } }

    @inline(never)
    private mutating func grow(_ bytes: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: (count + bytes).nextPowerOf2, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
        storage.deallocate()
        storage = larger
    }
}
