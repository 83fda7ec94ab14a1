import Vocabulary

/// Bytes that are nearly right: they lead a decoder further than noise would.
enum RandomBytes {
    /// Mostly small numbers: lengths and counts that fit, booleans, short text.
    static func draw(upTo count: Int, using chance: inout SeededGenerator) -> [UInt8] {
        let kind = Int.random(in: 0...2, using: &chance)
        return (0..<Int.random(in: 0...count, using: &chance)).map { _ in
            switch kind {
            case 0: UInt8.random(in: 0...255, using: &chance)
            case 1: UInt8.random(in: 0...2, using: &chance)
            default: Bool.random(using: &chance) ? 0 : UInt8.random(in: 0...9, using: &chance)
            }
        }
    }

    /// One to three bytes changed, or one lost or added.
    static func spoil(_ bytes: [UInt8], using chance: inout SeededGenerator) -> [UInt8] {
        var wrong = bytes
        let values: [UInt8] = [0x00, 0x01, 0x02, 0x7F, 0x80, 0xFF]
        for _ in 0..<Int.random(in: 1...3, using: &chance) {
            let place = Int.random(in: 0..<wrong.count, using: &chance)
            let value = values[Int.random(in: 0..<values.count, using: &chance)]
            switch Int.random(in: 0...9, using: &chance) {
            case 0 where wrong.count > 1: wrong.remove(at: place)
            case 1: wrong.insert(value, at: place)
            default: wrong[place] = value
            }
        }
        return wrong
    }
}

extension [UInt8] {
    var hex: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }

    /// Where to cut: at every byte, or at a thousand places spread over a long one.
    var cuts: [Int] {
        count <= 1_000 ? Array<Int>(indices) : stride(from: 0, to: count, by: count / 1_000).map { $0 }
    }
}
