import Ports
import Records
import Vocabulary

extension Segment {
    /// Batches behind `position` whose checksum holds, found at any byte: where each begins, and the offset behind it.
    func soundBatches(
        _ disk: any Disk, behind position: Int64, expected: Offset
    ) throws(DiskError) -> [(position: Int64, end: Offset)] {
        var found: [(position: Int64, end: Offset)] = []
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
                found.append((at, Offset(header.nextOffset)))
                at += Int64(header.sizeInBytes)
                expected = header.nextOffset
            } else {
                at += 1
            }
        }
        return found
    }
}
