import CommitLog
import Consensus
import Records
import Vocabulary

/// An entry where it stands in the log.
struct LoggedEntry {
    let offset: Offset
    let term: LeaderEpoch
    let timestamp: Timestamp
    let entry: QuorumEntry

    /// The entries of whole batches, which must begin at `first` and follow each other without gaps.
    ///
    /// - Throws: on damage of any kind; checksums are looked at.
    static func decode(_ batches: [UInt8], from first: Offset) throws -> [LoggedEntry] {
        var entries: [LoggedEntry] = []
        var at = 0
        var next = first.value
        let bytes = batches.span.bytes
        while at < bytes.byteCount {
            let header = try BatchHeader(bytes, at: at)
            guard header.sizeInBytes <= bytes.byteCount - at, header.recordCount > 0 else {
                throw QuorumError("the batch at offset \(next) is cut off")
            }
            let batch = bytes.extracting(at..<at + header.sizeInBytes)
            guard header.baseOffset == next, header.codec == .none else {
                throw QuorumError("the batch at offset \(header.baseOffset) does not stand at \(next)")
            }
            guard batchChecksumHolds(batch, header: header) else {
                throw QuorumError("the batch at offset \(next) fails its checksum")
            }
            guard header.baseSequence < 0 || header.baseSequence == header.partitionLeaderEpoch else {
                throw QuorumError("the batch at offset \(next) is of another term than it was written in")
            }
            let payload = batch.extracting(BatchHeader.byteCount..<header.sizeInBytes)
            var cursor = 0
            for _ in 0..<header.recordCount {
                let record = try readRecord(payload, &cursor)
                guard header.offset(of: record) == next, let value = record.value else {
                    throw QuorumError("the record at offset \(next) is none of ours")
                }
                entries.append(
                    LoggedEntry(
                        offset: Offset(next), term: LeaderEpoch(header.partitionLeaderEpoch),
                        timestamp: Timestamp(milliseconds: header.timestamp(of: record)),
                        entry: try QuorumEntry(decoding: [UInt8](copying: payload.extracting(value)))))
                next += 1
            }
            guard header.nextOffset == next else {
                throw QuorumError("the batch at offset \(header.baseOffset) has gaps")
            }
            at += header.sizeInBytes
        }
        return entries
    }

    /// Whether every batch is as it was written, what their checksums do not cover too: offsets follow each other, the first batch holds
    /// `offset`, and terms are those that stand once more where they are covered.
    static func areSound(_ batches: [UInt8], from offset: Offset) -> Bool {
        var at = 0
        var next: Int64?
        let bytes = batches.span.bytes
        while at < bytes.byteCount {
            guard let header = try? BatchHeader(bytes, at: at), header.sizeInBytes <= bytes.byteCount - at,
                batchChecksumHolds(bytes.extracting(at..<at + header.sizeInBytes), header: header),
                header.baseSequence < 0 || header.baseSequence == header.partitionLeaderEpoch
            else { return false }
            let follows = next.map { header.baseOffset == $0 } ?? (header.baseOffset <= offset.value)
            guard follows, header.nextOffset > offset.value else { return false }
            next = header.nextOffset
            at += header.sizeInBytes
        }
        return true
    }

    /// Where whole batches end.
    static func end(of batches: [UInt8]) throws(LogError) -> Offset {
        var at = 0
        var end: Int64 = -1
        let bytes = batches.span.bytes
        while at < bytes.byteCount, let header = try? BatchHeader(bytes, at: at) {
            end = header.nextOffset
            at += header.sizeInBytes
        }
        guard end >= 0, at == bytes.byteCount else { throw .unfitting("a batch in the metadata log is cut off") }
        return Offset(end)
    }
}

/// What is wrong with bytes of the quorum's, for people.
struct QuorumError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension [UInt8] {
    init(copying span: RawSpan) { self = span.withUnsafeBytes { Array($0) } }
}

extension LoggedEntry {
    /// Where the batches `from..<end` lie in `batches`.
    static func range(of batches: [UInt8], from: Offset, end: Offset) throws -> Range<Int> {
        var at = 0
        var start: Int?
        let bytes = batches.span.bytes
        while at < bytes.byteCount {
            let header = try BatchHeader(bytes, at: at)
            if header.baseOffset == from.value { start = at }
            if header.baseOffset == end.value { break }
            at += header.sizeInBytes
        }
        guard let start, at <= bytes.byteCount else { throw QuorumError("no batch begins at offset \(from)") }
        return start..<at
    }
}
