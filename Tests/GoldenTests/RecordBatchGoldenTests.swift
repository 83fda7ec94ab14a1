import Foundation
import Records
import Testing

/// Batches made by Apache Kafka, with what they hold.
struct RecordBatchGoldenTests {
    private struct Line: Decodable {
        let what: String
        let hex: String
        let batches: [Batch]
    }

    private struct Batch: Decodable {
        let baseOffset: Int64
        let lastOffset: Int64
        let sizeInBytes: Int
        let crc: UInt32
        let magic: Int8
        let compression: String
        let timestampType: String
        let producerId: Int64
        let producerEpoch: Int16
        let baseSequence: Int32
        let leaderEpoch: Int32
        let transactional: Bool
        let control: Bool
        let maxTimestamp: Int64
        let records: [Record]
    }

    private struct Record: Decodable, Equatable {
        let offset: Int64
        let timestamp: Int64
        let key: String?
        let value: String?
        let headers: [[String?]]
    }

    @Test func `Kafka's batches decode to the listed records`() throws {
        var checked = 0
        try forEachBatch { what, bytes, header, batch in
            #expect(header.baseOffset == batch.baseOffset, "\(what)")
            #expect(header.lastOffset == batch.lastOffset, "\(what)")
            #expect(header.sizeInBytes == batch.sizeInBytes, "\(what)")
            #expect(header.crc == batch.crc, "\(what)")
            #expect(header.magic == batch.magic, "\(what)")
            #expect(header.codec.name == batch.compression, "\(what)")
            #expect(header.timestampType.name == batch.timestampType, "\(what)")
            #expect(header.producerID == batch.producerId, "\(what)")
            #expect(header.producerEpoch == batch.producerEpoch, "\(what)")
            #expect(header.baseSequence == batch.baseSequence, "\(what)")
            #expect(header.partitionLeaderEpoch == batch.leaderEpoch, "\(what)")
            #expect(header.isTransactional == batch.transactional, "\(what)")
            #expect(header.isControl == batch.control, "\(what)")
            #expect(header.maxTimestamp == batch.maxTimestamp, "\(what)")
            let holds = batchChecksumHolds(bytes.span.bytes, header: header)
            #expect(holds, "\(what)")
            let decoded = try records(of: bytes)
            #expect(decoded == batch.records, "\(what)")
            checked += 1
        }
        #expect(checked > 0)
    }

    @Test func `uncompressed batches are built to the same bytes`() throws {
        var checked = 0
        try forEachBatch { what, bytes, header, _ in
            guard header.codec == .none else { return }
            let again = try rebuilt(bytes, codec: .none)
            #expect(again == bytes, "\(what)")
            checked += 1
        }
        #expect(checked > 0)
    }

    @Test(arguments: Codec.allCases)
    func `what our compressors make decodes to the listed records`(codec: Codec) throws {
        var checked = 0
        try forEachBatch { what, bytes, header, batch in
            let again = try rebuilt(bytes, codec: codec)
            let header = try BatchHeader(again.span.bytes)
            #expect(header.codec == codec, "\(what)")
            let holds = batchChecksumHolds(again.span.bytes, header: header)
            #expect(holds, "\(what)")
            #expect(try records(of: again) == batch.records, "\(what)")
            checked += 1
        }
        #expect(checked > 0)
    }

    private func forEachBatch(_ body: (String, [UInt8], BatchHeader, Batch) throws -> Void) throws {
        let file = GoldenDirectory.url.appending(path: "record-batches.jsonl")
        let text = try String(contentsOf: file, encoding: .utf8)
        for row in text.split(separator: "\n") {
            let line = try JSONDecoder().decode(Line.self, from: Data(row.utf8))
            let bytes = try #require(GoldenMessage.bytes(line.hex))
            var at = 0
            for batch in line.batches {
                let header = try BatchHeader(bytes.span.bytes, at: at)
                try #require(header.sizeInBytes <= bytes.count - at)
                try body(line.what, Array(bytes[at..<at + header.sizeInBytes]), header, batch)
                at += header.sizeInBytes
            }
            #expect(at == bytes.count, "\(line.what)")
        }
    }

    private func records(of batch: [UInt8]) throws -> [Record] {
        let header = try BatchHeader(batch.span.bytes)
        let payload = try decompressedPayload(of: batch.span.bytes, header: header, limit: 1 << 24)
        var records: [Record] = []
        try forEachRecord(in: payload.span.bytes, count: header.recordCount) { record throws(RecordError) in
            var headers: [[String?]] = []
            try forEachHeader(of: record, in: payload.span.bytes) { key, value in
                headers.append([
                    String(decoding: payload[key], as: UTF8.self), value.map { hex(payload[$0]) },
                ])
            }
            records.append(
                Record(
                    offset: header.offset(of: record), timestamp: header.timestamp(of: record),
                    key: record.key.map { hex(payload[$0]) }, value: record.value.map { hex(payload[$0]) },
                    headers: headers))
        }
        return records
    }

    private func rebuilt(_ batch: [UInt8], codec: Codec) throws -> [UInt8] {
        let header = try BatchHeader(batch.span.bytes)
        let payload = try decompressedPayload(of: batch.span.bytes, header: header, limit: 1 << 24)
        var builder = BatchBuilder(codec: codec)
        builder.timestampType = header.timestampType
        builder.logAppendTime = header.maxTimestamp
        builder.producerID = header.producerID
        builder.producerEpoch = header.producerEpoch
        builder.baseSequence = header.baseSequence
        builder.leaderEpoch = header.partitionLeaderEpoch
        builder.isTransactional = header.isTransactional
        builder.isControl = header.isControl
        try forEachRecord(in: payload.span.bytes, count: header.recordCount) { record throws(RecordError) in
            var headers: [BatchBuilder.Header] = []
            try forEachHeader(of: record, in: payload.span.bytes) { key, value in
                headers.append((Array(payload[key]), value.map { Array(payload[$0]) }))
            }
            builder.append(
                timestamp: header.baseTimestamp + record.timestampDelta,
                key: record.key.map { Array(payload[$0]) },
                value: record.value.map { Array(payload[$0]) }, headers: headers)
        }
        return builder.finish(baseOffset: header.baseOffset)
    }
}

private func hex(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
