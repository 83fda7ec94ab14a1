package import Records
package import Vocabulary
import Wire

/// Record batches of one partition as a broker sent them, and which of their records were asked for.
package struct FetchedChunk: Sendable {
    package let place: TopicPartition
    /// Whole batches only.
    package let bytes: [UInt8]
    package let from: Offset
    /// Records from here on were not asked for.
    package let before: Offset?
    package let highWatermark: Offset

    package init(place: TopicPartition, bytes: [UInt8], from: Offset, before: Offset?, highWatermark: Offset)
    {
        self.place = place
        self.bytes = bytes
        self.from = from
        self.before = before
        self.highWatermark = highWatermark
    }

    /// One record, its parts as places in `payload`.
    package struct Record {
        package let offset: Offset
        package let timestamp: Timestamp
        package let timestampType: TimestampType
        package let view: RecordView
    }

    /// Walks the records in order; control batches are passed over.
    /// - Parameter body: false stops the walk.
    package func forEachRecord(
        decompressedBytesMax: Int = 1 << 30, _ body: (Record, RawSpan) throws(RecordError) -> Bool
    ) throws(RecordError) {
        let span = bytes.span.bytes
        var at = 0
        while at < span.byteCount {
            let header = try BatchHeader(span, at: at)
            let end = at + header.sizeInBytes
            guard end <= span.byteCount else { throw .truncated(at: span.byteCount) }
            let batch = span.extracting(at..<end)
            at = end
            if header.isControl || header.nextOffset <= from.value { continue }
            guard batchChecksumHolds(batch, header: header) else {
                throw .badChecksum(
                    stored: header.crc, computed: crc32c(batch.extracting(21..<header.sizeInBytes)))
            }
            if header.codec == .none {
                let payload = batch.extracting(BatchHeader.byteCount..<header.sizeInBytes)
                guard try walk(payload, header, body) else { return }
            } else {
                let payload = try decompressedPayload(of: batch, header: header, limit: decompressedBytesMax)
                guard try walk(payload.span.bytes, header, body) else { return }
            }
        }
    }

    private func walk(
        _ payload: RawSpan, _ header: BatchHeader, _ body: (Record, RawSpan) throws(RecordError) -> Bool
    ) throws(RecordError) -> Bool {
        var at = 0
        for _ in 0..<header.recordCount {
            let view = try readRecord(payload, &at)
            let offset = Offset(header.offset(of: view))
            if offset < from { continue }
            if let before, offset >= before { return false }
            let record = Record(
                offset: offset, timestamp: Timestamp(milliseconds: header.timestamp(of: view)),
                timestampType: header.timestampType, view: view)
            guard try body(record, payload) else { return false }
        }
        return true
    }
}
