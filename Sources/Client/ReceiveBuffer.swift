/// Where a connection's bytes arrive and frames are read in place.
///
/// Grown to the frame in hand. The bytes not yet read are moved to the front only when the space behind them is
/// short, so a stream of small frames is moved rarely and a stream of large ones by less than a frame each.
package final class ReceiveBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private let frameBytesMax: Int

    package init(capacity: Int = 64 * 1024, frameBytesMax: Int = 1 << 30) {
        memory = .allocate(byteCount: capacity, alignment: 16)
        self.frameBytesMax = frameBytesMax
    }

    deinit { memory.deallocate() }

    package var isEmpty: Bool { start == end }

    /// Lets `body` fill free space and say how many bytes it wrote.
    package func fill<E>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int) throws(E) {
        makeSpace()
        let count = try body(UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
        end += max(0, count)
    }

    package func append(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            fill { space in
                let count = min(space.count, rest.count)
                space.copyBytes(from: rest.prefix(count))
                rest = rest.dropFirst(count)
                return count
            }
        }
    }

    /// Hands the next whole frame, without its length, to `body`.
    /// - Returns: nil when no whole frame is here yet.
    /// - Throws: `.malformed` when the length is impossible; the connection must be closed.
    package func nextFrame<R>(_ body: (RawSpan) -> R) throws(ClientError) -> R? {
        guard let length = try frameLength(), end - start >= 4 + length else { return nil }
        let frame = UnsafeRawBufferPointer(rebasing: memory[start + 4..<start + 4 + length])
        defer {
            start += 4 + length
            if start == end { (start, end) = (0, 0) }
        }
        return body(frame.bytes)
    }

    private func frameLength() throws(ClientError) -> Int? {
        guard end - start >= 4 else { return nil }
        let length = Int(Int32(bigEndian: memory.loadUnaligned(fromByteOffset: start, as: Int32.self)))
        guard length >= 4, length <= frameBytesMax else { throw .malformed("a frame of \(length) bytes") }
        return length
    }

    private func makeSpace() {
        let wanted: Int
        if let length = try? frameLength() { wanted = 4 + length - (end - start) } else { wanted = 1 }
        let enough = max(1, min(wanted, 1 << 20))  // A large frame's buffer grows as its bytes come.
        if memory.count - end >= max(enough, memory.count / 4) { return }
        let count = end - start
        if start > 0, memory.count - count >= enough {
            memory.baseAddress!.copyMemory(from: memory.baseAddress! + start, byteCount: count)
        } else if memory.count - end < enough {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(memory.count * 2, count + wanted.clamped(to: 1...(1 << 22))), alignment: 16)
            larger.baseAddress!.copyMemory(from: memory.baseAddress! + start, byteCount: count)
            memory.deallocate()
            memory = larger
        } else {
            return
        }
        (start, end) = (0, count)
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
