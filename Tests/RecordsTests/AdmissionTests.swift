import Records
import Testing
import Vocabulary

struct AdmissionTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    private enum Outcome: Equatable {
        case asIs(BatchHeader)
        case rebuilt([UInt8], BatchHeader)
        case refused(ErrorCode, badRecords: [Int32])
    }

    /// Admits a copy, and holds the header of the verdict against the bytes.
    private func admitted(
        _ batch: [UInt8], _ rules: ProduceRules = ProduceRules(), version: Int16 = 9,
        after bytes: inout [UInt8]
    ) throws -> Outcome {
        bytes = batch
        let verdict = bytes.withUnsafeMutableBytes {
            admit($0, rules: rules, produceVersion: version, now: now)
        }
        switch verdict {
        case .asIs(let header):
            #expect(try BatchHeader(bytes) == header)
            #expect(batchChecksumHolds(bytes, header: header))
            return .asIs(header)
        case .rebuilt(let batch, let header):
            #expect(try BatchHeader(batch) == header)
            #expect(batchChecksumHolds(batch, header: header))
            #expect(header.sizeInBytes == batch.count)
            return .rebuilt(batch, header)
        case .refused(let code, let message, let badRecords):
            #expect(!message.isEmpty)
            return .refused(code, badRecords: badRecords.map(\.index))
        }
    }

    private func admitted(
        _ batch: [UInt8], _ rules: ProduceRules = ProduceRules(), version: Int16 = 9
    ) throws -> Outcome {
        var bytes: [UInt8] = []
        return try admitted(batch, rules, version: version, after: &bytes)
    }

    private func refusal(
        _ batch: [UInt8], _ rules: ProduceRules = ProduceRules(), version: Int16 = 9
    ) throws -> ErrorCode? {
        guard case .refused(let code, _) = try admitted(batch, rules, version: version) else { return nil }
        return code
    }

    @Test(arguments: Codec.allCases)
    func `a good batch is appended as it is`(codec: Codec) throws {
        let batch = makeBatch(plainRecords(10), codec: codec)
        var bytes: [UInt8] = []
        #expect(try admitted(batch, after: &bytes) == .asIs(BatchHeader(batch)))
        #expect(bytes == batch)
    }

    @Test func `a produce request holds exactly one batch of version 2 in each partition`() throws {
        let batch = makeBatch(plainRecords(2))
        #expect(try refusal([]) == .invalidRecord)
        #expect(try refusal(batch + batch) == .invalidRecord)
        #expect(try refusal(batch + [0]) == .invalidRecord)
        for count in 0..<batch.count { #expect(try refusal(Array(batch[..<count])) == .invalidRecord) }
        for (magic, code) in [
            (0, .invalidRecord), (1, .invalidRecord), (3, .corruptMessage), (255, .corruptMessage),
        ]
            as [(UInt8, ErrorCode)]
        {
            var other = batch
            other[16] = magic
            #expect(try refusal(other) == code)
        }
    }

    @Test func `a batch whose checksum does not hold is corrupt`() throws {
        let batch = makeBatch(plainRecords(2))
        for at in 17..<batch.count where !(21...22).contains(at) {
            var damaged = batch
            damaged[at] ^= 0x40
            #expect(try refusal(damaged) == .corruptMessage, "byte \(at)")
        }
    }

    @Test func `zstd needs version 7, and no codec has the numbers above`() throws {
        let batch = makeBatch(plainRecords(2), codec: .zstd)
        #expect(try refusal(batch, version: 6) == .unsupportedCompressionType)
        #expect(try refusal(batch, version: 7) == nil)
        #expect(
            try refusal(patched(makeBatch(plainRecords(2)), { $0.attributes = 6 }))
                == .unsupportedCompressionType)
    }

    @Test func `size is bounded as received and as stored`() throws {
        let batch = makeBatch(plainRecords(2))
        #expect(try refusal(batch, ProduceRules(maxMessageBytes: batch.count)) == nil)
        #expect(try refusal(batch, ProduceRules(maxMessageBytes: batch.count - 1)) == .messageTooLarge)

        let value = [UInt8](repeating: 1, count: 100_000)
        let small = makeBatch([SampleRecord(offset: 0, timestamp: 1, key: nil, value: value)], codec: .zstd)
        let plain = TopicCompression.codec(.none, level: 0)
        #expect(try refusal(small, ProduceRules(maxMessageBytes: 100_000)) == nil)
        #expect(
            try refusal(small, ProduceRules(maxMessageBytes: 100_000, compression: plain)) == .messageTooLarge
        )
        #expect(try refusal(small, ProduceRules(decompressedBytesMax: 50_000)) == .messageTooLarge)
    }

    private static let impossibleHeaders: [(what: String, change: @Sendable (inout BatchHeader) -> Void)] = [
        ("a control batch", { $0.attributes |= 0x20 }),
        ("a negative last offset", { $0.lastOffsetDelta = -1 }),
        ("no records", { $0.recordCount = 0 }),
        (
            "no records at all",
            {
                $0.recordCount = 0; $0.lastOffsetDelta = -1
            }
        ),
        ("more offsets than records", { $0.lastOffsetDelta = 5 }),
        ("more records than offsets", { $0.recordCount = 5 }),
        (
            "the most records",
            {
                $0.recordCount = .max; $0.lastOffsetDelta = .max - 1
            }
        ),
        (
            "the least records",
            {
                $0.recordCount = .min; $0.lastOffsetDelta = .max
            }
        ),
        (
            "a producer without sequence",
            {
                $0.producerID = 5; $0.producerEpoch = 0
            }
        ),
        ("a transaction without producer", { $0.attributes |= 0x10 }),
    ]

    @Test(arguments: Self.impossibleHeaders)
    func `a header that cannot be is refused`(what: String, change: @Sendable (inout BatchHeader) -> Void)
        throws
    {
        for codec in [Codec.none, .lz4] {
            let batch = try patched(makeBatch(plainRecords(3), codec: codec), change)
            #expect(try refusal(batch) == .invalidRecord, "\(what), \(codec)")
        }
    }

    @Test func `compressed records have the offsets 0, 1, 2 and so on`() throws {
        let payload = Array(makeBatch(plainRecords(3))[BatchHeader.byteCount...])
        var wrong = payload
        wrong[payload.count / 3 + 3] = 4  // The second record's offset delta: 2, as a varint.
        for (bytes, bad) in [(payload, []), (wrong, [1])] as [([UInt8], [Int32])] {
            let batch = try batch(payload: snappyBlock(bytes), codec: .snappy, count: 3)
            let outcome = try admitted(batch)
            if bad.isEmpty {
                guard case .asIs = outcome else { return #expect(Bool(false), "\(outcome)") }
            } else {
                #expect(outcome == .refused(.invalidRecord, badRecords: bad))
            }
        }
        let uncompressed = try patched(Array(makeBatch(plainRecords(3))[..<BatchHeader.byteCount]) + wrong)
        #expect(try refusal(uncompressed) == nil)
        #expect(try refusal(uncompressed, ProduceRules(checks: .all)) == .invalidRecord)
        #expect(
            try refusal(uncompressed, ProduceRules(compression: .codec(.gzip, level: 1))) == .invalidRecord)
    }

    @Test(arguments: [Codec.gzip, .snappy, .lz4, .zstd])
    func `compressed bytes that do not unpack are refused for good`(codec: Codec) throws {
        #expect(
            try refusal(batch(payload: [1, 2, 3, 4, 5, 6, 7, 8], codec: codec, count: 1)) == .invalidRecord)
        #expect(try refusal(batch(payload: [], codec: codec, count: 1)) == .invalidRecord)
        let compressed = Array(makeBatch(plainRecords(3), codec: codec)[BatchHeader.byteCount...])
        #expect(try refusal(batch(payload: compressed, codec: codec, count: 2)) == .invalidRecord)
        #expect(try refusal(batch(payload: compressed, codec: codec, count: 4)) == .invalidRecord)
        #expect(try refusal(batch(payload: compressed, codec: codec, count: .max)) == .invalidRecord)
    }

    @Test(arguments: Codec.allCases)
    func `records too early or too late are named`(codec: Codec) throws {
        let times = [0, -1001, 1000, 1001, -1000].map { now.milliseconds + $0 } + [-1]
        let batch = makeBatch(
            times.map { SampleRecord(offset: 0, timestamp: $0, key: nil, value: nil) }, codec: codec)
        func outcome(before: Int64, after: Int64, type: TimestampType = .createTime) throws -> [Int32] {
            let rules = ProduceRules(timestampType: type, beforeMaxMs: before, afterMaxMs: after)
            guard case .refused(let code, let bad) = try admitted(batch, rules) else { return [] }
            #expect(code == .invalidTimestamp)
            return bad
        }
        #expect(try outcome(before: 1000, after: 1000) == [1, 3])
        #expect(try outcome(before: .max, after: 1000) == [3])
        #expect(try outcome(before: 1000, after: .max) == [1])
        #expect(try outcome(before: .max, after: .max) == [])
        #expect(try outcome(before: 0, after: 0) == [1, 2, 3, 4])
        #expect(try outcome(before: 0, after: 0, type: .logAppendTime) == [])
    }

    @Test func `times at the ends of their range do not overflow`() throws {
        for time in [Int64.min, .min + 1, -2, .max - 1, .max] {
            let batch = makeBatch([SampleRecord(offset: 0, timestamp: time, key: nil, value: nil)])
            let rules = ProduceRules(beforeMaxMs: 1000, afterMaxMs: 1000)
            #expect(try refusal(batch, rules) == .invalidTimestamp)
            #expect(try refusal(batch) == (time > now.milliseconds ? .invalidTimestamp : nil))
        }
    }

    @Test(arguments: Codec.allCases)
    func `a compacted topic needs keys`(codec: Codec) throws {
        var records = plainRecords(4)
        records[1].key = nil
        records[3].key = nil
        let rules = ProduceRules(isCompacted: true)
        #expect(
            try admitted(makeBatch(records, codec: codec), rules)
                == .refused(.invalidRecord, badRecords: [1, 3]))
        #expect(try refusal(makeBatch(plainRecords(4), codec: codec), rules) == nil)
    }

    @Test func `one record out of time decides the code, whatever else is wrong before it`() throws {
        let batch = makeBatch([
            SampleRecord(offset: 0, timestamp: now.milliseconds, key: nil, value: nil),
            SampleRecord(offset: 1, timestamp: now.milliseconds + 2000, key: [1], value: nil),
        ])
        #expect(
            try admitted(batch, ProduceRules(afterMaxMs: 1000, isCompacted: true))
                == .refused(.invalidTimestamp, badRecords: [0, 1]))
    }

    @Test func `no more than a thousand records are named`() throws {
        let batch = makeBatch(plainRecords(5000, key: nil))
        guard case .refused(_, let bad) = try admitted(batch, ProduceRules(isCompacted: true)) else {
            return #expect(Bool(false))
        }
        #expect(bad == Array(0..<1000))
    }

    @Test(arguments: Codec.allCases)
    func `LogAppendTime is set in place, without compressing again`(codec: Codec) throws {
        let batch = makeBatch(plainRecords(4, from: 5), codec: codec)
        var bytes: [UInt8] = []
        let outcome = try admitted(batch, ProduceRules(timestampType: .logAppendTime), after: &bytes)
        guard case .asIs(let header) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(header.timestampType == .logAppendTime && header.maxTimestamp == now.milliseconds)
        #expect(bytes[BatchHeader.byteCount...] == batch[BatchHeader.byteCount...])
        #expect(try readRecords(bytes).map(\.timestamp) == Array(repeating: now.milliseconds, count: 4))
        // A producer may not say so itself.
        #expect(try refusal(bytes) == .invalidTimestamp)
    }

    @Test func `a maximum timestamp that no record has is set right where records are walked`() throws {
        let batch = try patched(makeBatch(plainRecords(4, from: 5), codec: .gzip)) { $0.maxTimestamp = 7_000 }
        guard case .asIs(let header) = try admitted(batch) else { return #expect(Bool(false)) }
        #expect(header.maxTimestamp == 8)
        let ahead = try patched(makeBatch(plainRecords(4, from: 5))) { $0.maxTimestamp = .max }
        guard case .asIs(let header) = try admitted(ahead) else { return #expect(Bool(false)) }
        #expect(header.maxTimestamp == 8)
    }

    @Test(arguments: Codec.allCases, Codec.allCases)
    func `a topic's codec replaces the producer's`(source: Codec, target: Codec) throws {
        var generator = SeededGenerator(seed: 11)
        let records = generator.records(20...20, timestamps: 0...now.milliseconds)
        let batch = makeBatch(records, codec: source) { builder in
            builder.producerID = 7
            builder.producerEpoch = 1
            builder.baseSequence = 3
        }
        for type in [TimestampType.createTime, .logAppendTime] {
            let rules = ProduceRules(
                compression: .codec(target, level: target.defaultLevel), timestampType: type)
            switch try admitted(batch, rules) {
            case .asIs: #expect(source == target)
            case .rebuilt(let bytes, let header):
                #expect(source != target && header.codec == target)
                #expect(header.producerID == 7 && header.producerEpoch == 1 && header.baseSequence == 3)
                #expect(header.timestampType == type)
                var expected = records
                if type == .logAppendTime {
                    for index in expected.indices { expected[index].timestamp = now.milliseconds }
                }
                #expect(try readRecords(bytes) == expected)
            case .refused(let code, _): #expect(Bool(false), "\(code)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<100)
    func `hostile batches with a valid checksum are judged, never a trap`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let codec = Codec.allCases.randomElement(using: &generator) ?? .none
        var bytes = makeBatch(generator.records(1...20, timestamps: 0...1000), codec: codec)
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let at = Int.random(in: BatchHeader.checksummedFrom..<bytes.count, using: &generator)
            bytes[at] = UInt8.random(in: 0...255, using: &generator)
        }
        bytes[22] &= 0x07
        if bytes[22] > 4 { bytes[22] = 0 }
        let target = Codec.allCases.randomElement(using: &generator) ?? .none
        let batch = try patched(bytes)
        for compression in [TopicCompression.producer, .codec(target, level: target.defaultLevel)] {
            _ = try admitted(batch, ProduceRules(compression: compression, isCompacted: true, checks: .all))
        }
    }
}
