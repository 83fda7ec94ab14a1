import CChecksums
import Records
import Testing
import Vocabulary

struct CRC32CTests {
    /// The dumb way: a bit at a time into a table, a byte at a time over the input.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }

    private func slowly(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        Self.table.withUnsafeBufferPointer { table in
            var crc = ~seed
            var at = 0
            while at < bytes.count {
                crc = table[Int((crc ^ UInt32(bytes[at])) & 255)] ^ crc >> 8
                at &+= 1
            }
            return ~crc
        }
    }

    private func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test func `the check value is the one that the CRC catalogues give`() {
        let digits = Array("123456789".utf8)
        #expect(crc32c(digits) == 0xE306_9283)
        #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)  // RFC 3720, B.4.
        #expect(crc32c([UInt8]()) == 0)
    }

    @Test func `every length up to 3000 agrees with a table`() {
        let bytes = randomBytes(3008, seed: 1)
        bytes.withUnsafeBytes { bytes in
            for count in 0...3000 {
                let part = UnsafeRawBufferPointer(rebasing: bytes[(count % 8)..<(count % 8 + count)])
                let expected = slowly(part)
                #expect(crc32c(part) == expected, "\(count) bytes")
                #expect(
                    checksums_crc32c_portable(0, part.baseAddress, part.count) == expected, "\(count) bytes")
            }
        }
    }

    @Test(arguments: UInt64(0)..<20)
    func `random stretches with random seeds agree with a table`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        randomBytes(70_016, seed: seed).withUnsafeBytes { bytes in
            for _ in 0..<5 {
                let count = Int.random(in: 0...70_000, using: &generator)
                let start = Int.random(in: 0...16, using: &generator)
                let before = UInt32.random(in: 0...(.max), using: &generator)
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
                let expected = slowly(part, seed: before)
                #expect(crc32c(part, seed: before) == expected, "\(count) bytes from \(start)")
                #expect(checksums_crc32c_portable(before, part.baseAddress, part.count) == expected)
            }
        }
    }

    @Test func `a checksum goes on where another ended`() {
        randomBytes(20_000, seed: 7).withUnsafeBytes { bytes in
            let whole = crc32c(bytes)
            for cut in stride(from: 0, through: 20_000, by: 613) {
                let head = crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
                #expect(crc32c(UnsafeRawBufferPointer(rebasing: bytes[cut...]), seed: head) == whole)
            }
        }
    }
}
