import Client
import Testing

struct Murmur2Tests {
    /// Values other Kafka clients publish in their own tests, so that a key lands where they put it.
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func `hashes as other clients do`(key: String, hash: Int32) {
        #expect(Int32(bitPattern: murmur2(Array(key.utf8))) == hash)
    }

    @Test(
        arguments: [
            ("kafka", 0xd067_cf64), ("giberish123456789", 0x8f55_2b0c), ("1234", 0x9fc9_7b14),
            ("234", 0xe7c0_09ca),
            ("34", 0x8739_30da), ("4", 0x5a4b_5ca1), ("", 0x106e_08d9),
        ] as [(String, UInt32)])
    func `every length of the tail is right`(key: String, hash: UInt32) {
        #expect(murmur2(Array(key.utf8)) == hash)
    }

    @Test func `a partition is never negative`() {
        for number in 0..<1000 {
            #expect((0..<7).contains(partition(ofKey: Array("key \(number)".utf8), count: 7)))
        }
    }
}
