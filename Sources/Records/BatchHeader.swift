import Vocabulary

/// The 61 bytes before a batch's records, version 2 of the format.
///
/// ```
///  0 baseOffset      int64    21 attributes      int16    43 producerID     int64
///  8 batchLength     int32    23 lastOffsetDelta int32    51 producerEpoch  int16
/// 12 leaderEpoch     int32    27 baseTimestamp   int64    53 baseSequence   int32
/// 16 magic           int8     35 maxTimestamp    int64    57 recordCount    int32
/// 17 crc             uint32 (CRC-32C of everything from attributes to the end)
/// ```
/// Base offset, length, leader epoch and magic lie outside the checksum, so that a broker can set the first and the
/// third in place. Source: Kafka's documentation, "Message Format"; KIP-98.
package struct BatchHeader: Equatable, Sendable {
    package static let byteCount = 61
    /// Where the length field ends: `batchLength` counts from here.
    package static let lengthEnd = 12
    /// Where the checksummed bytes begin.
    package static let checksummedFrom = 21

    package var baseOffset: Int64
    package var batchLength: Int32
    package var partitionLeaderEpoch: Int32
    package var magic: Int8
    package var crc: UInt32
    package var attributes: Int16
    package var lastOffsetDelta: Int32
    /// The first record's timestamp, to which all deltas add; or the delete horizon, see `hasDeleteHorizon`.
    package var baseTimestamp: Int64
    package var maxTimestamp: Int64
    package var producerID: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var recordCount: Int32

    /// Reads a header in place. The batch behind it may be cut off: compare `sizeInBytes` with what is at hand.
    ///
    /// - Throws: `truncated`, `badMagic` (also for the shorter headers of versions 0 and 1), `badLength`, `unknownCodec`.
    package init(_ bytes: RawSpan, at: Int = 0) throws(RecordError) {
        guard at >= 0, bytes.byteCount - at > 16 else { throw .truncated(at: bytes.byteCount) }
        magic = bytes.unsafeLoad(fromByteOffset: at + 16, as: Int8.self)
        guard magic == 2 else { throw .badMagic(magic) }
        guard bytes.byteCount - at >= Self.byteCount else { throw .truncated(at: bytes.byteCount) }
        baseOffset = load(bytes, at)
        batchLength = load(bytes, at + 8)
        partitionLeaderEpoch = load(bytes, at + 12)
        crc = load(bytes, at + 17)
        attributes = load(bytes, at + 21)
        lastOffsetDelta = load(bytes, at + 23)
        baseTimestamp = load(bytes, at + 27)
        maxTimestamp = load(bytes, at + 35)
        producerID = load(bytes, at + 43)
        producerEpoch = load(bytes, at + 51)
        baseSequence = load(bytes, at + 53)
        recordCount = load(bytes, at + 57)
        guard Int(batchLength) >= Self.byteCount - Self.lengthEnd else { throw .badLength(batchLength) }
        guard attributes & 7 <= 4 else { throw .unknownCodec(UInt8(attributes & 7)) }
    }

    /// The whole batch, header and records.
    @inlinable package var sizeInBytes: Int { 12 + Int(batchLength) }
    /// Wraps for a hostile base offset; admission refuses one.
    @inlinable package var lastOffset: Int64 { baseOffset &+ Int64(lastOffsetDelta) }
    @inlinable package var nextOffset: Int64 { lastOffset &+ 1 }

    package var codec: Codec {
        guard let codec = Codec(rawValue: UInt8(attributes & 7)) else {
            invariantFailed("codec \(attributes & 7) passed the header's check")
        }
        return codec
    }
    @inlinable package var timestampType: TimestampType {
        attributes & 0x08 == 0 ? .createTime : .logAppendTime
    }
    @inlinable package var isTransactional: Bool { attributes & 0x10 != 0 }
    /// Its records are markers of transactions or of the quorum, not data.
    @inlinable package var isControl: Bool { attributes & 0x20 != 0 }
    /// `baseTimestamp` is the time from which compaction may drop the tombstones inside (KIP-534).
    @inlinable package var hasDeleteHorizon: Bool { attributes & 0x40 != 0 }
    /// From an idempotent producer (KIP-98).
    @inlinable package var isIdempotent: Bool { producerID >= 0 }
    /// The last record's sequence number: they count from 0 again after 2^31 - 1; -1 without a producer id.
    @inlinable package var lastSequence: Int32 {
        baseSequence < 0 ? baseSequence : (baseSequence &+ lastOffsetDelta) & .max
    }

    /// A record's timestamp by the batch's rule.
    @inlinable package func timestamp(of record: RecordView) -> Int64 {
        timestampType == .logAppendTime ? maxTimestamp : baseTimestamp &+ record.timestampDelta
    }
    @inlinable package func offset(of record: RecordView) -> Int64 { baseOffset &+ Int64(record.offsetDelta) }

    /// Writes all 61 bytes, `crc` as it stands.
    package func write(_ out: UnsafeMutableRawBufferPointer) {
        invariant(out.count >= Self.byteCount, "a header needs 61 bytes, not \(out.count)")
        store(baseOffset, out, 0)
        store(batchLength, out, 8)
        store(partitionLeaderEpoch, out, 12)
        store(magic, out, 16)
        store(crc, out, 17)
        store(attributes, out, 21)
        store(lastOffsetDelta, out, 23)
        store(baseTimestamp, out, 27)
        store(maxTimestamp, out, 35)
        store(producerID, out, 43)
        store(producerEpoch, out, 51)
        store(baseSequence, out, 53)
        store(recordCount, out, 57)
    }
}

extension BatchHeader {
    /// A header for a batch still to be made: no length, no checksum.
    init(
        attributes: Int16, recordCount: Int32, baseOffset: Int64, leaderEpoch: Int32, baseTimestamp: Int64,
        maxTimestamp: Int64, producerID: Int64, producerEpoch: Int16, baseSequence: Int32
    ) {
        self.baseOffset = baseOffset
        batchLength = 0
        partitionLeaderEpoch = leaderEpoch
        magic = 2
        crc = 0
        self.attributes = attributes
        lastOffsetDelta = recordCount - 1
        self.baseTimestamp = baseTimestamp
        self.maxTimestamp = maxTimestamp
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.recordCount = recordCount
    }

    /// Sets length and checksum for `batch`, whose records stand behind the header's place, and writes the header.
    mutating func seal(_ batch: UnsafeMutableRawBufferPointer) {
        batchLength = Int32(batch.count - Self.lengthEnd)
        write(batch)
        crc = crc32c(UnsafeRawBufferPointer(rebasing: batch[Self.checksummedFrom...]))
        store(crc, batch, 17)
    }
}

@inline(__always)
func load<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: RawSpan, _ at: Int) -> T {
    T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: T.self))
}

@inline(__always)
func store<T: FixedWidthInteger & BitwiseCopyable>(
    _ value: T, _ out: UnsafeMutableRawBufferPointer, _ at: Int
) {
    out.storeBytes(of: value.bigEndian, toByteOffset: at, as: T.self)
}
