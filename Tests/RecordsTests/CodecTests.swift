import Records
import Testing
import Vocabulary

struct CodecTests {
    private func levels(_ codec: Codec) -> [Int32] {
        switch codec {
        case .none, .snappy: [0]
        case .gzip: [-1, 1, 6, 9]
        case .lz4: [1, 3, 9, 12, 17]
        case .zstd: [-131_072, -5, 1, 3, 22]
        }
    }

    @Test(arguments: Codec.allCases)
    func `every level round-trips, one codec memory serving all batches`(codec: Codec) throws {
        var generator = SeededGenerator(seed: 3)
        let scratch = CodecScratch()
        for level in levels(codec) {
            for size in [0, 1, 1000, 32_768, 65_537, 300_000] {
                for compressible in [false, true] {
                    let value = generator.bytes(size...size, compressible: compressible)
                    var builder = BatchBuilder(codec: codec, level: level)
                    builder.append(timestamp: 1, key: nil, value: value)
                    let bytes = builder.finish(scratch: scratch)
                    let header = try BatchHeader(bytes)
                    let same = try withPayload(
                        of: bytes.span.bytes, header: header, limit: 1 << 20, scratch: scratch
                    ) { payload throws(RecordError) in
                        var at = 0
                        let record = try readRecord(payload, &at)
                        guard let range = record.value else { return false }
                        return payload.extracting(range).withUnsafeBytes { Array($0) } == value
                    }
                    #expect(same, "level \(level), \(size) bytes")
                    // At zstd's lowest levels nothing is found that could be made smaller.
                    if compressible && size >= 1000 && codec != .none && level > -100 {
                        #expect(bytes.count < size / 2)
                    }
                }
            }
        }
    }

    @Test(arguments: Codec.allCases)
    func `names are Kafka's, levels are bounded`(codec: Codec) {
        #expect(Codec(name: codec.name) == codec)
        #expect(codec.admits(level: codec.defaultLevel))
        #expect(!codec.admits(level: 23))
        #expect(Codec(name: "uncompressed") == Codec.none)
        #expect(Codec(name: "brotli") == nil)
        #expect(!Codec.gzip.admits(level: 0))
    }

    @Test(arguments: [Codec.gzip, .snappy, .lz4, .zstd])
    func `a bomb is an error at the limit, not a flood`(codec: Codec) throws {
        var builder = BatchBuilder(codec: codec)
        builder.append(timestamp: 1, key: nil, value: [UInt8](repeating: 0, count: 8 << 20))
        let bytes = builder.finish()
        let header = try BatchHeader(bytes)
        #expect(bytes.count < 1 << 20)
        for limit in [0, 1, 100, 65_536, (8 << 20) - 1] {
            #expect(throws: RecordError.tooLarge(limit: limit)) {
                try decompressedPayload(of: bytes, header: header, limit: limit)
            }
        }
        let size = try decompressedPayload(of: bytes, header: header, limit: 8 << 20 + 64).count
        #expect(try decompressedPayload(of: bytes, header: header, limit: size).count == size)
    }

    @Test func `snappy is read bare, framed, and framed twice over`() throws {
        let records = plainRecords(100)
        let payload = Array(makeBatch(records)[BatchHeader.byteCount...])
        #expect(
            try readRecords(batch(payload: snappyBlock(payload), codec: .snappy, count: 100)).count == 100)

        let magic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1]
        let parts = [payload[..<7], payload[7..<200], payload[200...]].map { snappyBlock(Array($0)) }
        let framed = parts.map { bigEndian(UInt32($0.count)) + $0 }
        let once = magic + framed[0] + framed[1] + framed[2]
        #expect(try readRecords(batch(payload: once, codec: .snappy, count: 100)).count == 100)
        let twice = magic + framed[0] + magic + framed[1] + framed[2]
        #expect(try readRecords(batch(payload: twice, codec: .snappy, count: 100)).count == 100)
    }

    @Test func `snappy's claims are not believed`() throws {
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 65]  // 4 GiB, from seven bytes.
        #expect(throws: RecordError.undecodable(.snappy)) {
            try readRecords(batch(payload: huge, codec: .snappy, count: 1))
        }
        let magic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1]
        for length: UInt32 in [1, 2, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            #expect(throws: RecordError.undecodable(.snappy)) {
                try readRecords(batch(payload: magic + bigEndian(length), codec: .snappy, count: 1))
            }
        }
    }

    @Test(arguments: [Codec.gzip, .lz4, .zstd])
    func `several members or frames are read as one, bytes of no kind behind them refused`(codec: Codec)
        throws
    {
        let records = plainRecords(60)
        let whole = makeBatch(records)
        let compressed = Array(makeBatch(records, codec: codec)[BatchHeader.byteCount...])
        let twice = try batch(payload: compressed + compressed, codec: codec, count: 120)
        let header = try BatchHeader(twice)
        let payload = try decompressedPayload(of: twice, header: header, limit: 1 << 20)
        #expect(payload.count == 2 * (whole.count - BatchHeader.byteCount))
        #expect(throws: RecordError.self) {
            try readRecords(batch(payload: compressed + [1, 2, 3, 4, 5, 6, 7, 8], codec: codec, count: 60))
        }
    }

    @Test func `lz4 frames with checksums and sizes are read`() throws {
        let payload = Array(makeBatch(plainRecords(1))[BatchHeader.byteCount...])
        for flags: UInt8 in [0, 0x10, 0x08, 0x04, 0x1C] {
            let frame = lz4Frame(payload, flags: flags)
            #expect(
                try readRecords(batch(payload: frame, codec: .lz4, count: 1)).count == 1, "flags \(flags)")
            guard flags & 0x14 != 0 else { continue }
            var damaged = frame
            damaged[damaged.count - 9] ^= 1
            #expect(throws: RecordError.undecodable(.lz4)) {
                try readRecords(batch(payload: damaged, codec: .lz4, count: 1))
            }
        }
    }
}

/// A frame of one stored block. `flags`: 0x10 block checksum, 0x08 content size, 0x04 content checksum.
private func lz4Frame(_ bytes: [UInt8], flags: UInt8) -> [UInt8] {
    func littleEndian(_ value: UInt32) -> [UInt8] { bigEndian(value).reversed() }
    var descriptor: [UInt8] = [0x60 | flags, 0x40]  // Version 1, independent blocks, of 64 KiB at most.
    if flags & 0x08 != 0 { descriptor += littleEndian(UInt32(bytes.count)) + [0, 0, 0, 0] }
    var frame: [UInt8] = [0x04, 0x22, 0x4D, 0x18] + descriptor
    frame.append(UInt8(truncatingIfNeeded: shortXXH32(descriptor) >> 8))
    frame += littleEndian(UInt32(bytes.count) | 0x8000_0000) + bytes
    if flags & 0x10 != 0 { frame += littleEndian(shortXXH32(bytes)) }
    frame += [0, 0, 0, 0]
    if flags & 0x04 != 0 { frame += littleEndian(shortXXH32(bytes)) }
    return frame
}

/// xxHash, 32 bits, for less than 16 bytes.
private func shortXXH32(_ bytes: [UInt8]) -> UInt32 {
    func rotated(_ value: UInt32, _ by: UInt32) -> UInt32 { value << by | value >> (32 - by) }
    var hash: UInt32 = 374_761_393 &+ UInt32(bytes.count)
    var at = 0
    while at + 4 <= bytes.count {
        let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
        hash = rotated(hash &+ word &* 3_266_489_917, 17) &* 668_265_263
        at += 4
    }
    for byte in bytes[at...] { hash = rotated(hash &+ UInt32(byte) &* 374_761_393, 11) &* 2_654_435_761 }
    hash = (hash ^ hash >> 15) &* 2_246_822_519
    hash = (hash ^ hash >> 13) &* 3_266_489_917
    return hash ^ hash >> 16
}
