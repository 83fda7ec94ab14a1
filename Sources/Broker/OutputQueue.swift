package import Ports
import Vocabulary

/// What a connection still has to send, in order: bytes and regions of files.
///
/// The bytes lie in one buffer that is reused, so that a whole burst of answers leaves in one send. Positions are
/// counted from the connection's first byte, so a region knows its place without a list of pieces. Confined to
/// the connection's loop.
package final class OutputQueue {
    package enum Piece {
        /// Valid until the next change of the queue.
        case bytes(UnsafeRawBufferPointer)
        case region(FileRegion)
    }

    private struct PlacedRegion {
        let at: Int  // Written bytes before it.
        var region: FileRegion
    }

    private var storage: UnsafeMutableRawBufferPointer
    private var head = 0  // First byte not sent, in storage.
    private var tail = 0  // First free byte, in storage.
    private var written = 0  // Bytes ever appended (regions aside).
    private var regions: [PlacedRegion] = []
    private var regionsSent = 0  // Leading entries of `regions` that are done with.

    /// Bytes of memory that wait, regions aside.
    package var byteCount: Int { tail - head }
    package var isEmpty: Bool { head == tail && regionsSent == regions.count }
    /// Whether files are still to be read for it.
    package var hasRegions: Bool { regionsSent < regions.count }

    package init() { storage = UnsafeMutableRawBufferPointer(start: nil, count: 0) }

    deinit { storage.deallocate() }

    /// Room for `count` bytes at the end, which the caller fills before anything else happens to the queue.
    package func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if storage.count - tail < count { grow(by: count) }
        let room = UnsafeMutableRawBufferPointer(rebasing: storage[tail..<tail + count])
        tail += count
        written += count
        return room
    }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count).copyMemory(from: bytes)
    }

    package func append(_ region: FileRegion) {
        if region.byteCount > 0 { regions.append(PlacedRegion(at: written, region: region)) }
    }

    /// Moves all of `other` behind what is here.
    package func append(contentsOf other: OutputQueue) {
        let base = written - (other.written - other.byteCount)
        append(UnsafeRawBufferPointer(rebasing: other.storage[other.head..<other.tail]))
        for placed in other.regions[other.regionsSent...] {
            regions.append(PlacedRegion(at: placed.at + base, region: placed.region))
        }
        other.clear()
    }

    /// What is to be sent first; nil when all is sent. `isLast` tells whether anything follows it.
    package func first() -> (piece: Piece, isLast: Bool)? {
        let sent = written - byteCount
        if regionsSent < regions.count {
            let next = regions[regionsSent]
            if next.at == sent {
                return (.region(next.region), regionsSent + 1 == regions.count && byteCount == 0)
            }
            return (.bytes(UnsafeRawBufferPointer(rebasing: storage[head..<head + next.at - sent])), false)
        }
        if head == tail { return nil }
        return (.bytes(UnsafeRawBufferPointer(rebasing: storage[head..<tail])), true)
    }

    /// The pieces in order, until `body` says no: for sends that gather several.
    package func forEachPiece(_ body: (Piece) -> Bool) {
        var at = head
        var sent = written - byteCount
        for placed in regions[regionsSent...] {
            if placed.at > sent {
                let count = placed.at - sent
                guard body(.bytes(UnsafeRawBufferPointer(rebasing: storage[at..<at + count]))) else { return }
                at += count
                sent = placed.at
            }
            guard body(.region(placed.region)) else { return }
        }
        if at < tail { _ = body(.bytes(UnsafeRawBufferPointer(rebasing: storage[at..<tail]))) }
    }

    /// Drops the first `count` bytes, of as many pieces as they are: they were sent.
    package func consume(_ count: Int) {
        var left = count
        while left > 0 {
            let sent = written - byteCount
            if regionsSent < regions.count, regions[regionsSent].at == sent {
                let taken = min(left, regions[regionsSent].region.byteCount)
                regions[regionsSent].region.dropFirst(taken)
                if regions[regionsSent].region.byteCount == 0 { regionsSent += 1 }
                left -= taken
            } else {
                let end = regionsSent < regions.count ? regions[regionsSent].at - sent : byteCount
                invariant(end > 0, "more bytes were sent than there were: \(left) of \(count)")
                let taken = min(left, end)
                head += taken
                left -= taken
            }
        }
        if isEmpty { clear() }
    }

    private func clear() {
        head = 0
        tail = 0
        regions.removeAll(keepingCapacity: regions.count <= 64)
        regionsSent = 0
        if storage.count > Self.keptCapacityMax {
            storage.deallocate()
            storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
    }

    private func grow(by count: Int) {
        let live = tail - head
        if live + count <= storage.count, head >= live {
            storage.baseAddress!.copyMemory(from: storage.baseAddress! + head, byteCount: live)
        } else {
            let capacity = max(256, (live + count).nextPowerOf2)
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
            if live > 0 { larger.baseAddress!.copyMemory(from: storage.baseAddress! + head, byteCount: live) }
            storage.deallocate()
            storage = larger
        }
        head = 0
        tail = live
    }

    /// An idle connection keeps no more than this.
    private static let keptCapacityMax = 16 * 1024
}

/// Bytes of a file that are sent as they lie there.
package struct FileRegion {
    package let disk: any Disk
    package let file: FileID
    package private(set) var position: Int64
    package private(set) var byteCount: Int

    package init(disk: any Disk, file: FileID, position: Int64, byteCount: Int) {
        self.disk = disk
        self.file = file
        self.position = position
        self.byteCount = byteCount
    }

    package mutating func dropFirst(_ count: Int) {
        position += Int64(count)
        byteCount -= count
    }
}

extension Int {
    /// The least power of two that is not below it.
    var nextPowerOf2: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
