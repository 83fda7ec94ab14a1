import Ports
import Records
import Vocabulary

/// Walks the batches of a segment's file, reading ahead in chunks.
struct BatchScanner: ~Copyable {
    enum Found {
        case batch(BatchHeader)
        /// Exactly where the last batch ended.
        case end
        /// No whole batch stands here, and why not.
        case damaged(String)
    }

    let disk: any Disk
    let file: FileID
    /// Bytes from here on are not looked at.
    let end: Int64
    private let chunk: Int
    private var buffer: UnsafeMutableRawBufferPointer
    private var start: Int64 = 0
    private var filled = 0

    /// - Parameter chunk: how much to read at a time; small when one or two headers are wanted.
    init(disk: any Disk, file: FileID, end: Int64, chunk: Int = 8192) {
        self.disk = disk
        self.file = file
        self.end = end
        self.chunk = max(chunk, BatchHeader.byteCount)
        buffer = .allocate(byteCount: self.chunk, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// The header of the batch at `position`, which lies whole below `end`; its records are not looked at.
    mutating func header(at position: Int64) throws(DiskError) -> Found {
        if position == end { return .end }
        guard position >= 0, end - position >= Int64(BatchHeader.byteCount) else {
            return .damaged("\(end - position) bytes are no header")
        }
        guard let bytes = try bytes(at: position, count: BatchHeader.byteCount) else {
            return .damaged("the file is shorter than its size says")
        }
        do {
            let header = try BatchHeader(bytes.bytes, at: 0)
            guard Int64(header.sizeInBytes) <= end - position else {
                return .damaged("a batch of \(header.sizeInBytes) bytes reaches beyond the end")
            }
            guard header.baseOffset >= 0, header.lastOffsetDelta >= 0 else {
                return .damaged("offsets \(header.baseOffset) + \(header.lastOffsetDelta)")
            }
            return .batch(header)
        } catch {
            return .damaged("\(error)")
        }
    }

    /// The same, with the checksum over all of the batch.
    mutating func checkedHeader(at position: Int64) throws(DiskError) -> Found {
        let found = try header(at: position)
        guard case .batch(let header) = found else { return found }
        guard let bytes = try bytes(at: position, count: header.sizeInBytes) else {
            return .damaged("the file is shorter than its size says")
        }
        return batchChecksumHolds(bytes, header: header) ? found : .damaged("its checksum does not hold")
    }

    /// Exactly `count` bytes, valid until the next call; nil when the file ends before.
    mutating func bytes(at position: Int64, count: Int) throws(DiskError) -> UnsafeRawBufferPointer? {
        if position < start || position + Int64(count) > start + Int64(filled) {
            if count > buffer.count {
                buffer.deallocate()
                buffer = .allocate(byteCount: max(count, chunk), alignment: 16)
            }
            let wanted = Int(min(Int64(max(count, chunk)), end - position))
            filled = 0
            filled = try disk.read(
                file, at: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
            start = position
            guard count <= filled else { return nil }
        }
        let from = Int(position - start)
        return UnsafeRawBufferPointer(rebasing: buffer[from..<from + count])
    }
}
