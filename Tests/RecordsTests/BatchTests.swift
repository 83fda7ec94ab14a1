import Records
import Testing
import Vocabulary

struct BatchTests {
    @Test(arguments: Codec.allCases, UInt64(0)..<12)
    func `random batches come back from every codec as they were`(codec: Codec, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let records = generator.records(1...200, timestamps: 0...2_000_000_000_000)
        let bytes = makeBatch(records, codec: codec) { builder in
            builder.producerID = 4711
            builder.producerEpoch = 3
            builder.baseSequence = 99
            builder.isTransactional = true
            builder.leaderEpoch = 12
        }
        let header = try BatchHeader(bytes)
        #expect(header.sizeInBytes == bytes.count)
        #expect(header.recordCount == Int32(records.count))
        #expect(header.lastOffset == Int64(records.count) - 1)
        #expect(header.nextOffset == Int64(records.count))
        #expect(header.codec == codec)
        #expect(header.isIdempotent && header.isTransactional && !header.isControl)
        #expect(header.producerID == 4711 && header.producerEpoch == 3 && header.baseSequence == 99)
        #expect(header.partitionLeaderEpoch == 12)
        #expect(header.baseTimestamp == records[0].timestamp)
        #expect(header.maxTimestamp == records.map(\.timestamp).max())
        #expect(batchChecksumHolds(bytes, header: header))
        #expect(try readRecords(bytes) == records)
    }

    @Test func `a builder foretells its size, and starts anew after each batch`() {
        var generator = SeededGenerator(seed: 5)
        var builder = BatchBuilder(capacity: 0)
        for _ in 0..<5 {
            let records = generator.records(1...50, timestamps: 0...1_000_000)
            var expected = BatchHeader.byteCount
            for record in records {
                expected += builder.sizeIncrease(
                    timestamp: record.timestamp, key: record.key, value: record.value, headers: record.headers
                )
                builder.append(
                    timestamp: record.timestamp, key: record.key, value: record.value, headers: record.headers
                )
                #expect(builder.sizeInBytes == expected)
            }
            let bytes = builder.finish()
            #expect(bytes.count == expected)
            #expect(bytes == makeBatch(records))
            #expect(builder.isEmpty)
        }
    }

    @Test func `every cut of a batch is an error`() throws {
        for codec in Codec.allCases {
            let bytes = makeBatch(plainRecords(5), codec: codec)
            let header = try BatchHeader(bytes)
            for count in 0..<bytes.count {
                let cut = Array(bytes[..<count])
                if count < BatchHeader.byteCount {
                    #expect(throws: RecordError.self) { try BatchHeader(cut) }
                }
                #expect(!batchChecksumHolds(cut, header: header))
                #expect(throws: RecordError.self) {
                    try decompressedPayload(of: cut, header: header, limit: 1 << 20)
                }
            }
        }
    }

    @Test func `every cut of the compressed bytes is an error, though length and checksum fit`() throws {
        let records = (0..<40).map {
            SampleRecord(offset: $0, timestamp: $0, key: [1], value: [UInt8($0), 2, 3])
        }
        for codec in Codec.allCases {
            let bytes = makeBatch(records, codec: codec)
            for count in BatchHeader.byteCount..<bytes.count {
                let cut = try patched(Array(bytes[..<count]))
                #expect(throws: RecordError.self, "\(codec), \(count) bytes") { try readRecords(cut) }
            }
        }
    }

    @Test func `a flipped bit behind the checksum is noticed`() throws {
        let bytes = makeBatch(plainRecords(3), codec: .none)
        let header = try BatchHeader(bytes)
        for bit in 0..<bytes.count * 8 where bit / 8 >= 17 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            let again = (try? BatchHeader(flipped)) ?? header
            #expect(!batchChecksumHolds(flipped, header: again), "bit \(bit)")
        }
    }

    @Test(arguments: UInt64(0)..<200)
    func `records of random damage are read or refused, never a trap`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let codec = Codec.allCases.randomElement(using: &generator) ?? .none
        var bytes = makeBatch(generator.records(1...30, timestamps: 0...1000), codec: codec)
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let at = Int.random(in: BatchHeader.byteCount..<bytes.count, using: &generator)
            bytes[at] = UInt8.random(in: 0...255, using: &generator)
        }
        _ = try? readRecords(bytes)
        _ = try? readRecords(try batch(payload: generator.bytes(0...300), codec: codec, count: 10))
    }

    @Test func `a count that the bytes cannot hold allocates nothing and is refused`() throws {
        let bytes = try batch(payload: [UInt8](repeating: 0, count: 10), codec: .none, count: .max)
        #expect(throws: RecordError.badCount(.max)) { try readRecords(bytes) }
        let fewer = try patched(makeBatch(plainRecords(3))) { $0.recordCount = 2 }
        #expect(throws: RecordError.badCount(2)) { try readRecords(fewer) }
        let negative = try patched(makeBatch(plainRecords(3))) { $0.recordCount = -1 }
        #expect(throws: RecordError.badCount(-1)) { try readRecords(negative) }
    }

    @Test(
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0],  // A length of more than five bytes.
            [0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0, 0],  // 2^31 - 1.
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0, 0],  // -2^31.
            [0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0],  // -1.
            [12, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0],  // A key of 2^31 - 1 bytes.
            [18, 0, 0, 0, 0x03, 0x01, 0, 0, 0, 0],  // A key of -2.
            [18, 0, 0, 0, 1, 1, 0xFE, 0xFF, 0xFF, 0x7F],  // Many headers.
            [18, 0, 0, 0, 1, 1, 2, 1, 1, 0],  // A header whose key is null.
            [18, 0, 0, 0, 1, 1, 0, 0, 0, 0],  // Bytes behind the headers.
            [14, 0, 0, 0, 1, 1, 0],  // One byte short.
        ] as [[UInt8]])
    func `a record with an impossible length is refused`(payload: [UInt8]) {
        #expect(throws: RecordError.self) {
            try forEachRecord(in: payload.span.bytes, count: 1) { _ in }
        }
    }

    @Test func `older formats and false headers are told apart`() throws {
        var bytes = makeBatch(plainRecords(1))
        bytes[16] = 1
        #expect(throws: RecordError.badMagic(1)) { try BatchHeader(bytes) }
        bytes[16] = 2
        bytes[22] = 5
        #expect(throws: RecordError.unknownCodec(5)) { try BatchHeader(bytes) }
        bytes[22] = 0
        bytes.replaceSubrange(8..<12, with: bigEndian(48))
        #expect(throws: RecordError.badLength(48)) { try BatchHeader(bytes) }
        bytes.replaceSubrange(8..<12, with: bigEndian(.max))
        #expect(throws: RecordError.badLength(-1)) { try BatchHeader(bytes) }
    }

    @Test func `sequence numbers start again behind the largest`() throws {
        let bytes = try patched(makeBatch(plainRecords(5))) { $0.baseSequence = .max - 1 }
        #expect(try BatchHeader(bytes).lastSequence == 2)
        #expect(try BatchHeader(makeBatch(plainRecords(5))).lastSequence == -1)
    }

    @Test func `a stamp leaves the checksum valid`() throws {
        var bytes = makeBatch(plainRecords(5))
        bytes.withUnsafeMutableBytes { stamp($0, baseOffset: 1 << 40, leaderEpoch: 77) }
        let header = try BatchHeader(bytes)
        #expect(header.baseOffset == 1 << 40 && header.partitionLeaderEpoch == 77)
        #expect(batchChecksumHolds(bytes, header: header))
    }

    @Test(arguments: Codec.allCases)
    func `the first record at or after a time is found, and that of the latest time`(codec: Codec) throws {
        let times: [Int64] = [50, 40, 70, 70, 60]
        let records = times.map { SampleRecord(offset: 0, timestamp: $0, key: nil, value: [1]) }
        var bytes = makeBatch(records, codec: codec)
        bytes.withUnsafeMutableBytes { stamp($0, baseOffset: 1000, leaderEpoch: 0) }
        let header = try BatchHeader(bytes)
        for (time, index) in [(0, 0), (50, 0), (51, 2), (70, 2)] as [(Int64, Int)] {
            let found = try firstRecord(
                atOrAfter: Timestamp(milliseconds: time), in: bytes, header: header, limit: 1 << 20)
            #expect(found?.offset == Offset(Int64(1000 + index)))
            #expect(found?.timestamp.milliseconds == times[index])
        }
        #expect(try firstRecord(atOrAfter: 71, in: bytes, header: header, limit: 1 << 20) == nil)
        #expect(try maxTimestampRecord(in: bytes, header: header, limit: 1 << 20)?.offset == 1002)

        let appended = try patched(bytes) { header in
            header.attributes |= 8
            header.maxTimestamp = 500
        }
        let appendedHeader = try BatchHeader(appended)
        let found = try firstRecord(atOrAfter: 100, in: appended, header: appendedHeader, limit: 1 << 20)
        #expect(found?.offset == 1000 && found?.timestamp == 500)
    }
}
