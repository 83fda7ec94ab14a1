import Records
import Vocabulary

/// A record in full, to compare with.
struct SampleRecord: Equatable {
    var offset: Int64
    var timestamp: Int64
    var key: [UInt8]?
    var value: [UInt8]?
    var headerKeys: [[UInt8]] = []
    var headerValues: [[UInt8]?] = []

    var headers: [BatchBuilder.Header] { zip(headerKeys, headerValues).map { (key: $0, value: $1) } }
}

extension SeededGenerator {
    mutating func bytes(_ counts: ClosedRange<Int>, compressible: Bool = false) -> [UInt8] {
        let count = Int.random(in: counts, using: &self)
        if compressible {
            return [UInt8](repeating: UInt8.random(in: 97...122, using: &self), count: count)
        }
        return [UInt8](unsafeUninitializedCapacity: count + 8) { bytes, used in
            for at in stride(from: 0, to: count, by: 8) {
                UnsafeMutableRawPointer(bytes.baseAddress! + at).storeBytes(of: next(), as: UInt64.self)
            }
            used = count
        }
    }

    mutating func optionalBytes(_ counts: ClosedRange<Int>) -> [UInt8]? {
        Int.random(in: 0..<5, using: &self) == 0
            ? nil : bytes(counts, compressible: Bool.random(using: &self))
    }

    mutating func records(_ counts: ClosedRange<Int>, timestamps: ClosedRange<Int64>) -> [SampleRecord] {
        (0..<Int.random(in: counts, using: &self)).map { index in
            let headers = Int.random(in: 0..<4, using: &self) == 0 ? Int.random(in: 1...3, using: &self) : 0
            return SampleRecord(
                offset: Int64(index), timestamp: Int64.random(in: timestamps, using: &self),
                key: optionalBytes(0...40), value: optionalBytes(0...700),
                headerKeys: (0..<headers).map { _ in bytes(0...10) },
                headerValues: (0..<headers).map { _ in optionalBytes(0...200) })
        }
    }
}

func makeBatch(
    _ records: [SampleRecord], codec: Codec = .none, level: Int32? = nil,
    configure: (inout BatchBuilder) -> Void = { _ in }
) -> [UInt8] {
    var builder = BatchBuilder(codec: codec, level: level)
    configure(&builder)
    for record in records {
        builder.append(
            timestamp: record.timestamp, key: record.key, value: record.value, headers: record.headers)
    }
    return builder.finish()
}

/// `count` records with key `k`, value `v`, and times from `from` on, one a millisecond.
func plainRecords(_ count: Int, from: Int64 = 1_700_000_000_000, key: [UInt8]? = [107]) -> [SampleRecord] {
    (0..<count).map { SampleRecord(offset: Int64($0), timestamp: from + Int64($0), key: key, value: [118]) }
}

func readRecords(_ batch: [UInt8], limit: Int = 1 << 26) throws -> [SampleRecord] {
    let header = try BatchHeader(batch.span.bytes)
    let payload = try decompressedPayload(of: batch.span.bytes, header: header, limit: limit)
    var records: [SampleRecord] = []
    try forEachRecord(in: payload.span.bytes, count: header.recordCount) { view throws(RecordError) in
        var record = SampleRecord(
            offset: header.offset(of: view), timestamp: header.timestamp(of: view),
            key: view.key.map { Array(payload[$0]) }, value: view.value.map { Array(payload[$0]) })
        try forEachHeader(of: view, in: payload.span.bytes) { key, value in
            record.headerKeys.append(Array(payload[key]))
            record.headerValues.append(value.map { Array(payload[$0]) })
        }
        records.append(record)
    }
    return records
}

/// The batch with its header changed and its checksum and length right for that.
func patched(_ batch: [UInt8], _ change: (inout BatchHeader) -> Void = { _ in }) throws -> [UInt8] {
    var batch = batch
    var header = try BatchHeader(batch.span.bytes)
    header.batchLength = Int32(batch.count - BatchHeader.lengthEnd)
    change(&header)
    batch.withUnsafeMutableBytes { header.write($0) }
    header.crc = crc32c(batch.span.bytes.extracting(BatchHeader.checksummedFrom..<batch.count))
    batch.withUnsafeMutableBytes { header.write($0) }
    return batch
}

/// A sealed batch that says its payload is compressed with `codec`.
func batch(payload: [UInt8], codec: Codec, count: Int32) throws -> [UInt8] {
    try patched(Array(makeBatch(plainRecords(1))[..<BatchHeader.byteCount]) + payload) { header in
        header.attributes = Int16(codec.rawValue)
        header.recordCount = count
        header.lastOffsetDelta = count - 1
    }
}

/// Bytes as one bare snappy block, all of it literals.
func snappyBlock(_ bytes: [UInt8]) -> [UInt8] {
    var block: [UInt8] = []
    var count = bytes.count
    while count >= 0x80 {
        block.append(UInt8(count & 0x7F) | 0x80)
        count >>= 7
    }
    block.append(UInt8(count))
    for start in stride(from: 0, to: bytes.count, by: 60) {
        let part = bytes[start..<min(start + 60, bytes.count)]
        block.append(UInt8(part.count - 1) << 2)
        block += part
    }
    return block
}

func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

// The same over arrays: `#expect` does not take a call with a span.

extension BatchHeader {
    init(_ bytes: [UInt8]) throws { try self.init(bytes.span.bytes) }
}

func crc32c(_ bytes: [UInt8]) -> UInt32 { crc32c(bytes.span.bytes) }

func batchChecksumHolds(_ batch: [UInt8], header: BatchHeader) -> Bool {
    batchChecksumHolds(batch.span.bytes, header: header)
}

func decompressedPayload(of batch: [UInt8], header: BatchHeader, limit: Int) throws -> [UInt8] {
    try decompressedPayload(of: batch.span.bytes, header: header, limit: limit)
}

func firstRecord(
    atOrAfter timestamp: Timestamp, in batch: [UInt8], header: BatchHeader, limit: Int
) throws -> (offset: Offset, timestamp: Timestamp)? {
    try firstRecord(atOrAfter: timestamp, in: batch.span.bytes, header: header, limit: limit)
}

func maxTimestampRecord(
    in batch: [UInt8], header: BatchHeader, limit: Int
) throws -> (offset: Offset, timestamp: Timestamp)? {
    try maxTimestampRecord(in: batch.span.bytes, header: header, limit: limit)
}
