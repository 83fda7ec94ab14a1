import CLinux
import Glibc
import Records

/// A `.log` file: its batches in order.
struct SegmentDump {
    let dump: Dump
    let path: String
    let base: Int64

    func run() {
        var next = base
        var batches = 0
        var records = 0
        guard let reader = SegmentReader(path) else {
            return dump.problem(path, "cannot be read: \(describe(errno))")
        }
        while true {
            let position = reader.position
            switch reader.next() {
            case .batch(let header, let bytes):
                batches += 1
                records += Int(header.recordCount)
                dump.line("  " + summary(header, at: position))
                check(header, bytes, at: position, next: &next)
                if dump.printsRecords { printRecords(header, bytes) }
                continue
            case .end: break
            case .zeros(let count):
                dump.line("  \(count) bytes of zeros at the end: set aside, not yet written")
            case .bad(let reason): dump.problem(path, "at position \(position): \(reason)")
            }
            break
        }
        dump.counted(batches: batches, records: records)
    }

    private func summary(_ header: BatchHeader, at position: Int64) -> String {
        var text =
            "offsets \(header.baseOffset)-\(header.lastOffset) records \(header.recordCount) position \(position)"
        text += " size \(header.sizeInBytes) epoch \(header.partitionLeaderEpoch)"
        text +=
            " \(header.timestampType == .createTime ? "createTime" : "logAppendTime") \(time(header.maxTimestamp))"
        text += " codec \(header.codec.name)"
        if header.isIdempotent {
            text +=
                " producer \(header.producerID)/\(header.producerEpoch) sequence \(header.baseSequence)-\(header.lastSequence)"
        }
        if header.isTransactional { text += " transactional" }
        if header.isControl { text += " control" }
        if header.hasDeleteHorizon { text += " deleteHorizon \(header.baseTimestamp)" }
        return text
    }

    private func check(_ header: BatchHeader, _ bytes: [UInt8], at position: Int64, next: inout Int64) {
        if !batchChecksumHolds(bytes.span.bytes, header: header) {
            dump.problem(
                path,
                "at position \(position): the checksum of offsets \(header.baseOffset)-\(header.lastOffset) is wrong"
            )
        }
        if header.baseOffset < next {
            dump.problem(
                path, "at position \(position): offset \(header.baseOffset) where \(next) or more was due")
        }
        if header.lastOffsetDelta < 0 || header.recordCount < 0
            || header.recordCount > header.lastOffsetDelta &+ 1
        {
            dump.problem(
                path,
                "at position \(position): \(header.recordCount) records in \(header.lastOffsetDelta &+ 1) offsets"
            )
        }
        next = max(next, header.nextOffset)
    }

    private func printRecords(_ header: BatchHeader, _ bytes: [UInt8]) {
        do throws(RecordError) {
            let payload = try decompressedPayload(of: bytes.span.bytes, header: header, limit: 1 << 30)
            var at = 0
            for _ in 0..<header.recordCount {
                let record = try readRecord(payload.span.bytes, &at)
                dump.line(
                    "    \(header.offset(of: record)) \(time(header.timestamp(of: record))) key \(show(record.key, payload))"
                        + " value \(show(record.value, payload))\(headers(record, payload))")
            }
        } catch {
            dump.problem(path, "records of offsets \(header.baseOffset)-\(header.lastOffset): \(error)")
        }
    }

    private func headers(_ record: RecordView, _ payload: [UInt8]) -> String {
        var text = ""
        try? forEachHeader(of: record, in: payload.span.bytes) { key, value in
            text += " \(show(key, payload))=\(show(value, payload))"
        }
        return text
    }

    private func show(_ range: Range<Int>?, _ payload: [UInt8]) -> String {
        guard let range else { return "null" }
        guard let text = JSON.text(payload[range]) else { return "base64:" + base64(payload[range]) }
        return "\(JSON.string(text))"
    }

    private func time(_ milliseconds: Int64) -> String {
        guard milliseconds >= 0, milliseconds < 253_402_300_800_000 else { return "\(milliseconds)" }
        return String(
            decoding: withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer -> [UInt8] in
                nt_format_time(milliseconds, buffer.baseAddress!)
                return buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            }, as: UTF8.self)
    }
}

/// Reads a segment batch by batch, whatever its size.
final class SegmentReader {
    enum Step { case batch(BatchHeader, [UInt8]), end, zeros(Int64), bad(String) }
    private(set) var position: Int64 = 0
    private let fd: Int32
    private let size: Int64

    init?(_ path: String) {
        fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        size = Int64(lseek(fd, 0, SEEK_END))
    }

    deinit { if fd >= 0 { close(fd) } }

    /// The batch at `position`; moves behind it.
    func next() -> Step {
        let left = size - position
        if left == 0 { return .end }
        let head = read(min(Int(left), BatchHeader.byteCount))
        if head.allSatisfy({ $0 == 0 }), restIsZero() { return .zeros(left) }
        let header: BatchHeader
        do throws(RecordError) { header = try BatchHeader(head.span.bytes, at: 0) } catch {
            return .bad("no batch begins here (\(error)); \(left) bytes are left")
        }
        guard Int64(header.sizeInBytes) <= left else {
            return .bad(
                "a batch of \(header.sizeInBytes) bytes (offset \(header.baseOffset)), and \(left) bytes are left"
            )
        }
        let bytes = read(header.sizeInBytes)
        position += Int64(header.sizeInBytes)
        return .batch(header, bytes)
    }

    private func read(_ count: Int) -> [UInt8] { read(count, at: position) }

    private func read(_ count: Int, at start: Int64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(fd, buffer.baseAddress! + filled, count - filled, off_t(start) + filled)
                if got <= 0 { return }
                filled += got
            }
        }
    }

    private func restIsZero() -> Bool {
        var at = position
        while at < size {
            let chunk = read(min(1 << 20, Int(size - at)), at: at)
            if chunk.isEmpty || chunk.contains(where: { $0 != 0 }) { return false }
            at += Int64(chunk.count)
        }
        return true
    }
}
