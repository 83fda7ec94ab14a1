package import Vocabulary

/// A batch's records, decompressed, in memory of their own.
///
/// - Parameter batch: at least `header.sizeInBytes`, beginning at the header.
/// - Parameter limit: how many bytes the records may take; a batch that claims little and unpacks to more is an error.
/// - Throws: `truncated`, `undecodable`, `tooLarge`.
package func decompressedPayload(
    of batch: RawSpan, header: BatchHeader, limit: Int, scratch: CodecScratch? = nil
) throws(RecordError) -> [UInt8] {
    try withPayload(of: batch, header: header, limit: limit, scratch: scratch) { payload in
        payload.withUnsafeBytes { [UInt8]($0) }
    }
}

/// Lends a batch's records: an uncompressed batch's where they lie, others in the scratch's memory.
///
/// - Throws: as `decompressedPayload`, and what `body` throws.
package func withPayload<R>(
    of batch: RawSpan, header: BatchHeader, limit: Int, scratch: CodecScratch? = nil,
    _ body: (RawSpan) throws(RecordError) -> R
) throws(RecordError) -> R {
    guard batch.byteCount >= header.sizeInBytes else { throw .truncated(at: batch.byteCount) }
    let stored = batch.extracting(BatchHeader.byteCount..<header.sizeInBytes)
    if header.codec == .none { return try body(stored) }
    let scratch = scratch ?? CodecScratch()
    defer { scratch.trim() }
    return try stored.withUnsafeBytes { bytes throws(RecordError) in
        try body(try scratch.decompress(bytes, header.codec, limit: limit).bytes)
    }
}

/// The first record of a batch whose timestamp is `timestamp` or later; nil when all are earlier (KIP-79).
package func firstRecord(
    atOrAfter timestamp: Timestamp, in batch: RawSpan, header: BatchHeader, limit: Int,
    scratch: CodecScratch? = nil
) throws(RecordError) -> (offset: Offset, timestamp: Timestamp)? {
    guard header.maxTimestamp >= timestamp.milliseconds else { return nil }
    return try withPayload(of: batch, header: header, limit: limit, scratch: scratch) {
        payload throws(RecordError) in
        var at = 0
        while at < payload.byteCount {
            let record = try readRecord(payload, &at)
            let time = header.timestamp(of: record)
            if time >= timestamp.milliseconds {
                return (Offset(header.offset(of: record)), Timestamp(milliseconds: time))
            }
        }
        return nil
    }
}

/// The first of a batch's records that has its maximum timestamp (KIP-734); nil when none has what the header says.
package func maxTimestampRecord(
    in batch: RawSpan, header: BatchHeader, limit: Int, scratch: CodecScratch? = nil
) throws(RecordError) -> (offset: Offset, timestamp: Timestamp)? {
    try firstRecord(
        atOrAfter: Timestamp(milliseconds: header.maxTimestamp), in: batch, header: header, limit: limit,
        scratch: scratch)
}
