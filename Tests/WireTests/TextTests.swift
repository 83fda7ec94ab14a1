import Testing
import Vocabulary

@testable import Wire

struct TextTests {
    @Test(arguments: ["", "x", "naïve-日本", String(repeating: "a", count: 300)], [true, false])
    func `strings read back`(text: String, flexible: Bool) throws {
        let bytes = written(stringSize(text, flexible: flexible)) {
            writeString(text, $0, &$1, flexible: flexible)
        }
        var at = 0
        #expect(try readString(bytes.span.bytes, &at, flexible: flexible) == text)
        #expect(at == bytes.count)
        at = 0
        #expect(try readNullableString(bytes.span.bytes, &at, flexible: flexible) == text)
    }

    @Test func `null is -1, or zero where lengths are compact`() throws {
        #expect(written(2) { writeNullableString(nil, $0, &$1, flexible: false) } == [0xFF, 0xFF])
        #expect(written(1) { writeNullableString(nil, $0, &$1, flexible: true) } == [0])
        #expect(written(4) { writeNullableBytes(nil, $0, &$1, flexible: false) } == [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(written(1) { writeNullableBytes(nil, $0, &$1, flexible: true) } == [0])
        var at = 0
        #expect(try readNullableString(([0xFF, 0xFF] as [UInt8]).span.bytes, &at, flexible: false) == nil)
        at = 0
        #expect(try readNullableBytes(([0] as [UInt8]).span.bytes, &at, flexible: true) == nil)
        at = 0
        let error = #expect(throws: WireError.self) {
            try readString(([0] as [UInt8]).span.bytes, &at, flexible: true)
        }
        #expect(error?.reason == .unexpectedNull)
    }

    @Test func `lengths that lie are errors`() {
        let negative: [UInt8] = [0xFF, 0xFE, 1, 2]
        let long: [UInt8] = [0x7F, 0xFF, 1, 2]
        let hugeCompact: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2]
        var at = 0
        #expect(throws: WireError(.negativeLength(-2), at: 0, "")) {
            try readString(negative.span.bytes, &at, flexible: false)
        }
        at = 0
        #expect(throws: WireError(.truncated(wanted: 32767), at: 0, "")) {
            try readString(long.span.bytes, &at, flexible: false)
        }
        at = 0
        #expect(throws: WireError(.truncated(wanted: 4_294_967_294), at: 0, "")) {
            try readBytes(hugeCompact.span.bytes, &at, flexible: true)
        }
    }

    @Test func `what is not UTF-8 is an error`() {
        let bytes: [UInt8] = [3, 0xC3, 0x28]
        var at = 0
        #expect(throws: WireError(.invalidUTF8, at: 1, "")) {
            try readString(bytes.span.bytes, &at, flexible: true)
        }
    }

    @Test func `a byte range is a place in the frame`() throws {
        let bytes: [UInt8] = [0, 0, 0, 2, 8, 9]
        var at = 0
        #expect(try readByteRange(bytes.span.bytes, &at, flexible: false) == 4..<6)
        #expect(at == 6)
    }

    /// An old client may ask for a value that a newer one set: the answer is cut, the connection lives.
    @Test func `a string too long for an int16 is cut at a character`() throws {
        let text = String(repeating: "a", count: 32766) + "日本"
        let bytes = written(stringSize(text, flexible: false)) { writeString(text, $0, &$1, flexible: false) }
        var at = 0
        let cut = try readString(bytes.span.bytes, &at, flexible: false)
        #expect(cut == String(repeating: "a", count: 32766))
        #expect(at == bytes.count)
    }
}

struct ArrayTests {
    @Test func `a count that cannot fit is an error, whatever it is`() {
        for count in [3, 1000, Int32.max] as [Int32] {
            let bytes = written(12) { out, at in
                writeInt32(count, out, &at)
                writeInt64(0, out, &at)
            }
            var at = 0
            #expect(throws: WireError(.countTooLarge(Int(count)), at: 0, "")) {
                try readArrayCount(bytes.span.bytes, &at, flexible: false, elementSizeMin: 4)
            }
        }
    }

    @Test func `room is reserved for no more than the frame can hold`() {
        #expect(reservation(for: 5, stride: 200, bytesLeft: 10) == 5)
        #expect(reservation(for: 1_000_000, stride: 200, bytesLeft: 1_000_000) == 5000)
        #expect(reservation(for: 100, stride: 4, bytesLeft: 400) == 100)
        #expect(reservation(for: 17, stride: 1000, bytesLeft: 17) == 16)
    }

    @Test(arguments: [true, false]) func `arrays read back`(flexible: Bool) throws {
        let numbers: [Int32] = [1, -1, .max]
        let names = ["a", "", "日"]
        let ids = [UUID128(high: 1, low: 2)]
        let none: [Int64]? = nil
        let size =
            integersSize(numbers, flexible: flexible) + stringsSize(names, flexible: flexible)
            + uuidsSize(ids, flexible: flexible) + integersSize(none, flexible: flexible)
        let bytes = written(size) { out, at in
            writeIntegers(numbers, out, &at, flexible: flexible)
            writeStrings(names, out, &at, flexible: flexible)
            writeUUIDs(ids, out, &at, flexible: flexible)
            writeIntegers(none, out, &at, flexible: flexible)
        }
        let frame = bytes.span.bytes
        var at = 0
        let readNumbers: [Int32] = try readIntegers(frame, &at, flexible: flexible)
        #expect(readNumbers == numbers)
        #expect(try readStrings(frame, &at, flexible: flexible) == names)
        #expect(try readUUIDs(frame, &at, flexible: flexible) == ids)
        let readNone: [Int64]? = try readNullableIntegers(frame, &at, flexible: flexible)
        #expect(readNone == nil)
        #expect(at == bytes.count)
    }
}

struct TagTests {
    @Test func `unknown tagged fields are skipped`() throws {
        let bytes: [UInt8] = [2, 0, 1, 0xEE, 0x85, 1, 3, 1, 2, 3, 0x77]
        var at = 0
        try skipTags(bytes.span.bytes, &at)
        #expect(at == 10)
    }

    @Test func `a tagged field longer than the frame is an error`() {
        let bytes: [UInt8] = [1, 0, 9, 1]
        var at = 0
        #expect(throws: WireError(.truncated(wanted: 9), at: 2, "")) { try skipTags(bytes.span.bytes, &at) }
    }

    @Test func `more tagged fields than bytes is an error`() {
        let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 1, 0]
        var at = 0
        #expect(throws: WireError.self) { try skipTags(bytes.span.bytes, &at) }
    }
}

struct HeaderTests {
    @Test func `a request header keeps the legacy client id in version 2`() throws {
        let header = RequestHeader(apiKey: 18, apiVersion: 3, correlationID: 7, clientID: "me")
        let bytes = written(header.size(version: 2)) { header.write($0, &$1, version: 2) }
        #expect(bytes == [0, 18, 0, 3, 0, 0, 0, 7, 0, 2, 109, 101, 0])
        var at = 0
        #expect(try RequestHeader(bytes.span.bytes, &at, version: 2) == header)
        #expect(at == bytes.count)
        #expect(try RequestHeader.peek(bytes.span.bytes, at: 0) == (18, 3, 7))
    }
}
