import Client
import Glibc
import Vocabulary

/// Standard input as records: a line each.
struct LineReader {
    private let separator: [UInt8]?
    private let null: [UInt8]?
    private let headers: [RecordToSend.Header]
    private let partition: Int32?
    private var bytes: [UInt8] = []
    private var at = 0
    private(set) var isAtEnd = false
    /// Lines without the separator.
    private(set) var badLines = 0

    init(separator: [UInt8]?, null: [UInt8]?, headers: [RecordToSend.Header], partition: Int32?) {
        self.separator = separator
        self.null = null
        self.headers = headers
        self.partition = partition
    }

    /// Reads what is there, at most 64 KiB.
    mutating func fill() {
        bytes.removeFirst(at)
        at = 0
        let kept = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 64 * 1024))
        let count = bytes.withUnsafeMutableBytes { read(0, $0.baseAddress! + kept, 64 * 1024) }
        bytes.removeLast(64 * 1024 - max(0, count))
        if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { isAtEnd = true }
    }

    /// The next whole line's record; at the end of the input also a last line without its newline.
    mutating func next(at time: Timestamp) -> RecordToSend? {
        while at < bytes.count {
            let line: ArraySlice<UInt8>
            if let newline = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) {
                line = bytes[at..<newline]
                at = newline + 1
            } else if isAtEnd {
                line = bytes[at...]
                at = bytes.count
            } else {
                return nil
            }
            if let record = record(line, at: time) { return record }
            badLines += 1
        }
        return nil
    }

    private func record(_ line: ArraySlice<UInt8>, at time: Timestamp) -> RecordToSend? {
        var record = RecordToSend(value: nil, timestamp: time)
        record.headers = headers
        record.partition = partition
        guard let separator else {
            record.value = field(line)
            return record
        }
        guard let place = find(separator, in: line) else { return nil }
        record.key = field(line[..<place])
        record.value = field(line[(place + separator.count)...])
        return record
    }

    private func field(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        let bytes = Array(bytes)
        return bytes == null ? nil : bytes
    }

    private func find(_ needle: [UInt8], in line: ArraySlice<UInt8>) -> Int? {
        var from = line.startIndex
        while let first = line[from...].firstIndex(of: needle[0]) {
            if line[first...].starts(with: needle) { return first }
            from = first + 1
        }
        return nil
    }
}
