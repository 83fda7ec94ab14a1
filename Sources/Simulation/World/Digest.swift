/// A running fingerprint of all that happened, in order: two runs of one seed that differ anywhere differ here.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func mix(_ word: UInt64) {
        var mixed = value ^ word
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        value = (mixed ^ mixed >> 31) &+ 0x9E37_79B9_7F4A_7C15
    }

    package mutating func mix(_ number: Int) { mix(UInt64(bitPattern: Int64(number))) }

    package mutating func mix(_ bytes: some Collection<UInt8>) {
        mix(bytes.count)
        var word: UInt64 = 0
        var filled = 0
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                mix(word)
                word = 0
                filled = 0
            }
        }
        if filled > 0 { mix(word) }
    }

    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
