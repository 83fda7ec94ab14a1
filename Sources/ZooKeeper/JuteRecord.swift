package import Wire
import Vocabulary

/// A structure of ZooKeeper's protocol, in the layout of its `jute`: fields in order, big-endian, without tags or versions.
///
/// `int` and `long` are 4 and 8 bytes, `boolean` is one; `ustring` and `buffer` are an int32 length and that many bytes,
/// `vector` an int32 count and its elements; -1 is null for all three.
package protocol JuteRecord: Equatable, Sendable {
    /// Reads one record from `frame` at `at`, and moves `at` behind it.
    ///
    /// Trusts nothing: no length or count makes it trap, or reserve more memory than the frame justifies.
    init(_ frame: RawSpan, _ at: inout Int) throws(WireError)

    /// The exact number of bytes that `write` will write.
    var size: Int { get }

    /// Writes the record into `out` at `at`, and moves `at` behind it. `out` must have room for `size` bytes.
    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int)
}

extension JuteRecord {
    /// The record alone, without header or length, in bytes of its own.
    package var encoded: [UInt8] {
        let byteCount = size
        return [UInt8](unsafeUninitializedCapacity: byteCount) { out, initializedCount in
            var at = 0
            write(UnsafeMutableRawBufferPointer(out), &at)
            invariant(at == byteCount, "\(Self.self) wrote \(at) bytes, but said \(byteCount)")
            initializedCount = at
        }
    }

    /// The record as a frame: its length, then itself.
    package var frame: [UInt8] { makeFrame(bodySize: size) { (out, at) in write(out, &at) } }
}

/// A frame in bytes of its own: an int32 length, then what `write` puts there, which must be `bodySize` bytes.
package func makeFrame(bodySize: Int, _ write: (UnsafeMutableRawBufferPointer, inout Int) -> Void) -> [UInt8]
{
    let byteCount = 4 + bodySize
    return [UInt8](unsafeUninitializedCapacity: byteCount) { out, initializedCount in
        var at = 0
        writeInt32(Int32(truncatingIfNeeded: bodySize), UnsafeMutableRawBufferPointer(out), &at)
        write(UnsafeMutableRawBufferPointer(out), &at)
        invariant(at == byteCount, "a frame of \(at) bytes, but \(byteCount) were said")
        initializedCount = at
    }
}
