import Client
import Records
import Testing
import Vocabulary

struct ChecksumShiftTests {
    @Test(arguments: [0, 1, 7, 40, 255, 4096, 262_083])
    func `checksums of two parts join to that of the whole`(count: Int) {
        var chance = SeededGenerator(seed: UInt64(count))
        let a = (0..<40).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
        let b = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
        let shift = ChecksumShift(byteCount: count)
        #expect(shift.join(crc32c(a.span.bytes), crc32c(b.span.bytes)) == crc32c((a + b).span.bytes))
    }
}
