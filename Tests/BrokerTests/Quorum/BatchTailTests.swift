import Testing
import Vocabulary

@testable import Broker

struct BatchTailTests {
    /// Against a plain list: every look-up gives the same bytes, or says that it has them no more.
    @Test(arguments: 0..<20) func `the tail gives what was put in`(seed: Int) {
        var chance = SeededGenerator(seed: UInt64(seed))
        var tail = BatchTail(bytesMax: 200)
        var pieces: [(from: Offset, end: Offset, bytes: [UInt8])] = []
        for _ in 0..<3000 {
            switch Int.random(in: 0..<10, using: &chance) {
            case 0 where !pieces.isEmpty:
                let cut = pieces.randomElement(using: &chance)!.from
                tail.truncate(to: cut)
                pieces.removeAll { $0.end > cut }
            default:
                let from = pieces.last?.end ?? 0
                let end = from + Int64.random(in: 1...3, using: &chance)
                let bytes = [UInt8](repeating: UInt8.random(in: 0...255, using: &chance), count: Int.random(in: 1...40, using: &chance))
                tail.add(bytes, from: from, end: end)
                pieces.append((from, end, bytes))
                #expect(tail.read(from: from, end: end) == bytes, "the newest is always there")
            }
            guard let first = pieces.indices.randomElement(using: &chance) else { continue }
            let last = Int.random(in: first..<pieces.count, using: &chance)
            if let read = tail.read(from: pieces[first].from, end: pieces[last].end) {
                #expect(read == pieces[first...last].flatMap(\.bytes))
            }
            if let end = tail.end(from: pieces[first].from, bytesMax: 30) {
                let taken = pieces[first...].prefix { $0.end <= end }
                #expect(taken.last?.end == end)
                #expect(taken.count == 1 || taken.reduce(0) { $0 + $1.bytes.count } <= 30)
            }
        }
    }
}
