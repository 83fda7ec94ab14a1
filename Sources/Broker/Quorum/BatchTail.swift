import Vocabulary

/// The last batches of the quorum's log, in memory.
///
/// Pieces as they were appended: a piece is one batch or several, and is given whole or not at all.
struct BatchTail {
    private struct Piece {
        let from: Offset
        let end: Offset
        let bytes: [UInt8]
    }
    private var pieces: [Piece] = []
    private var first = 0  // Those before it are dropped already.
    private var byteCount = 0
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    mutating func add(_ bytes: [UInt8], from: Offset, end: Offset) {
        invariant(pieces.last.map { $0.end == from } ?? true, "a gap before \(from)")
        pieces.append(Piece(from: from, end: end, bytes: bytes))
        byteCount += bytes.count
        while byteCount > bytesMax, first < pieces.count - 1 {
            byteCount -= pieces[first].bytes.count
            pieces[first] = Piece(from: pieces[first].from, end: pieces[first].end, bytes: [])
            first += 1
        }
        // Moved down once in a while, so that adding costs a constant.
        if first > 1024, first * 2 > pieces.count {
            pieces.removeFirst(first)
            first = 0
        }
    }

    mutating func truncate(to offset: Offset) {
        while pieces.count > first, let last = pieces.last, last.end > offset {
            byteCount -= last.bytes.count
            pieces.removeLast()
            // The cut fell into a piece of several batches: what is left of it is on disk.
            if last.from < offset { return removeAll() }
        }
        if pieces.count == first { removeAll() }
    }

    mutating func removeAll() {
        pieces.removeAll()
        first = 0
        byteCount = 0
    }

    /// Where pieces of about `bytesMax` from `from` on end; nil when `from` is no border in here.
    func end(from: Offset, bytesMax: Int) -> Offset? {
        guard let start = index(from) else { return nil }
        var end = pieces[start].end
        var bytes = pieces[start].bytes.count
        for piece in pieces[(start + 1)...] {
            bytes += piece.bytes.count
            if bytes > bytesMax { break }
            end = piece.end
        }
        return end
    }

    /// - Returns: nil when both are not borders in here.
    func read(from: Offset, end: Offset) -> [UInt8]? {
        guard let start = index(from) else { return nil }
        if pieces[start].end == end { return pieces[start].bytes }
        var bytes: [UInt8] = []
        for piece in pieces[start...] {
            bytes += piece.bytes
            if piece.end == end { return bytes }
            if piece.end > end { return nil }
        }
        return nil
    }

    /// The piece that begins at `from`.
    private func index(_ from: Offset) -> Int? {
        var low = first
        var high = pieces.count
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].from < from { low = middle + 1 } else { high = middle }
        }
        return low < pieces.count && pieces[low].from == from ? low : nil
    }
}
