import Ports
import Records
import Vocabulary

extension Segment {
    /// Batches behind `position` whose checksum holds, found at any byte: where each begins and ends, and the offset behind it.
    func soundBatches(
        _ disk: any Disk, behind position: Int64, expected: Offset
    ) throws(DiskError) -> [(position: Int64, next: Int64, end: Offset)] {
        var found: [(position: Int64, next: Int64, end: Offset)] = []
        var scanner = BatchScanner(disk: disk, file: log, end: size, chunk: 256 << 10)
        var at = position + 1
        var expected = expected.value
        while at + Int64(BatchHeader.byteCount) <= size {
            let window = Int(min(size - at, 64 << 10))
            guard let bytes = try scanner.bytes(at: at, count: window) else { break }
            // Nearly every byte is dismissed by its offset's first byte and the magic: gigabytes may have to be passed.
            let last = window - BatchHeader.byteCount
            var index = 0
            while index <= last, bytes[index] != 0 || bytes[index + 16] != 2 { index += 1 }
            at += Int64(index)
            guard index <= last else { continue }
            if case .batch(let header) = try scanner.header(at: at), header.baseOffset >= expected,
                canHold(header.lastOffset), case .batch = try scanner.checkedHeader(at: at)
            {
                let next = at + Int64(header.sizeInBytes)
                found.append((at, next, Offset(header.nextOffset)))
                at = next
                expected = header.nextOffset
            } else {
                at += 1
            }
        }
        return found
    }

    /// No offset beyond this one can have been in use, whatever stood behind `position`, where offset `expected` was due: what no
    /// sound batch tells may have been as many records as its bytes have room for.
    func endMax(_ disk: any Disk, behind position: Int64, expected: Offset) throws(DiskError) -> Offset {
        let last = try soundBatches(disk, behind: position, expected: expected).last
        var at = last?.next ?? max(position, 0)
        let restStart = at
        var restEnd = at  // Zeros at the end were nothing.
        var scanner = BatchScanner(disk: disk, file: log, end: size, chunk: 64 << 10)
        while at < size {
            let count = Int(min(size - at, 64 << 10))
            guard let bytes = try scanner.bytes(at: at, count: count) else { break }
            if let index = bytes.lastIndex(where: { $0 != 0 }) { restEnd = at + Int64(index) + 1 }
            at += Int64(count)
        }
        let rest = restEnd - restStart
        return (last?.end ?? expected) + (rest + Int64(recordBytesMin) - 1) / Int64(recordBytesMin)
    }
}
