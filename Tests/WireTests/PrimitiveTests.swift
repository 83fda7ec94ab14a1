import Testing
import Vocabulary

@testable import Wire

/// Writes with `body` into `count` bytes, and checks that it wrote them all.
func written(_ count: Int, _ body: (UnsafeMutableRawBufferPointer, inout Int) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xAA, count: count)
    var at = 0
    bytes.withUnsafeMutableBytes { body($0, &at) }
    #expect(at == count)
    return bytes
}

struct NumberTests {
    @Test func `numbers are big-endian`() throws {
        let bytes = written(45) { out, at in
            writeInt8(-2, out, &at)
            writeInt16(-3, out, &at)
            writeInt32(0x0102_0304, out, &at)
            writeInt64(.min, out, &at)
            writeUInt16(.max, out, &at)
            writeUInt32(0xFFFF_FFFE, out, &at)
            writeFloat64(-2.25, out, &at)
            writeUUID(UUID128(high: 1, low: 2), out, &at)
        }
        #expect(Array(bytes[3..<7]) == [1, 2, 3, 4])
        let frame = bytes.span.bytes
        var at = 0
        #expect(try readInt8(frame, &at) == -2)
        #expect(try readInt16(frame, &at) == -3)
        #expect(try readInt32(frame, &at) == 0x0102_0304)
        #expect(try readInt64(frame, &at) == .min)
        #expect(try readUInt16(frame, &at) == .max)
        #expect(try readUInt32(frame, &at) == 0xFFFF_FFFE)
        #expect(try readFloat64(frame, &at) == -2.25)
        #expect(try readUUID(frame, &at) == UUID128(high: 1, low: 2))
        #expect(at == bytes.count)
    }

    @Test func `any byte but zero is true`() throws {
        let bytes: [UInt8] = [0, 1, 2, 255]
        var at = 0
        var values: [Bool] = []
        for _ in bytes { values.append(try readBool(bytes.span.bytes, &at)) }
        #expect(values == [false, true, true, true])
    }

    @Test func `an error names field and place and leaves the cursor`() {
        let bytes: [UInt8] = [1, 2, 3]
        var at = 1
        let error = #expect(throws: WireError.self) { try readInt32(bytes.span.bytes, &at, "Example.field") }
        #expect(error?.reason == .truncated(wanted: 4))
        #expect(error?.position == 1)
        #expect(error?.field == "Example.field")
        #expect(error?.description == "Example.field at byte 1: 4 bytes wanted, but the frame ends")
        #expect(at == 1)
    }
}

struct VarintTests {
    @Test(
        arguments: [
            (0, [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 1]), (300, [0xAC, 2]), (16383, [0xFF, 0x7F]),
            (16384, [0x80, 0x80, 1]), (UInt32.max, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        ] as [(UInt32, [UInt8])])
    func `an unsigned varint takes seven bits a byte`(value: UInt32, bytes: [UInt8]) throws {
        #expect(uvarintSize(value) == bytes.count)
        #expect(written(bytes.count) { writeUVarint(value, $0, &$1) } == bytes)
        var at = 0
        #expect(try readUVarint(bytes.span.bytes, &at) == value)
        #expect(at == bytes.count)
    }

    @Test func `sizes agree with what is written, at every power of two`() throws {
        for bit in 0..<64 {
            for value in [UInt64(1) << UInt64(bit), (UInt64(1) << UInt64(bit)) - 1] {
                let bytes = written(uvarlongSize(value)) { writeUVarlong(value, $0, &$1) }
                var at = 0
                #expect(try readUVarlong(bytes.span.bytes, &at) == value)
                let signed = Int64(bitPattern: value)
                let zigzag = written(varlongSize(signed)) { writeVarlong(signed, $0, &$1) }
                at = 0
                #expect(try readVarlong(zigzag.span.bytes, &at) == signed)
                let short = Int32(truncatingIfNeeded: signed)
                let shortZigzag = written(varintSize(short)) { writeVarint(short, $0, &$1) }
                at = 0
                #expect(try readVarint(shortZigzag.span.bytes, &at) == short)
            }
        }
    }

    @Test(
        arguments: [(0, 0), (1, -1), (2, 1), (3, -2), (4_294_967_294, Int32.max), (4_294_967_295, Int32.min)]
            as [(UInt32, Int32)])
    func `signed varints are zigzag`(raw: UInt32, value: Int32) throws {
        let bytes = written(uvarintSize(raw)) { writeUVarint(raw, $0, &$1) }
        #expect(written(varintSize(value)) { writeVarint(value, $0, &$1) } == bytes)
        var at = 0
        #expect(try readVarint(bytes.span.bytes, &at) == value)
    }

    @Test(
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF, 0x10], [0x80, 0x80, 0x80, 0x80, 0x80, 0],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        ] as [[UInt8]])
    func `a varint beyond 32 bits is an error`(bytes: [UInt8]) {
        var at = 0
        let error = #expect(throws: WireError.self) { try readUVarint(bytes.span.bytes, &at) }
        #expect(error?.reason == .varintTooLong)
    }

    @Test func `a varint beyond 64 bits is an error`() {
        let over: [UInt8] = Array(repeating: 0xFF, count: 9) + [0x02]
        let endless = [UInt8](repeating: 0x80, count: 100)
        for bytes in [over, endless] {
            var at = 0
            let error = #expect(throws: WireError.self) { try readUVarlong(bytes.span.bytes, &at) }
            #expect(error?.reason == .varintTooLong)
        }
    }

    @Test func `a varint that the frame cuts off is an error`() {
        for count in 0..<5 {
            let bytes = [UInt8](repeating: 0x80, count: count)
            var at = 0
            let error = #expect(throws: WireError.self) { try readUVarint(bytes.span.bytes, &at) }
            #expect(error?.reason == .truncated(wanted: 1))
        }
    }
}
