import Glibc
import Records

/// `.index`, `.timeindex` and `.txnindex` files, checked against the segment beside them.
struct IndexDump {
    let dump: Dump
    let path: String

    /// A batch of the segment, as far as indexes speak of it.
    private struct Place {
        let position: Int64
        let base: Int64
        let last: Int64
        let maxTimestamp: Int64
    }

    func run(_ suffix: String) {
        guard let base = segmentBase(path) else { return dump.problem(path, "is not named for an offset") }
        guard let bytes = readBytes(path) else {
            return dump.problem(path, "cannot be read: \(describe(errno))")
        }
        switch suffix {
        case ".index": offsets(bytes, base)
        case ".timeindex": times(bytes, base)
        default: aborted(bytes)
        }
    }

    /// Whole entries, without the zeros at the end that are only set aside.
    private func entryCount(_ bytes: [UInt8], _ size: Int) -> Int {
        if bytes.count % size != 0 { dump.problem(path, "\(bytes.count) bytes are no multiple of \(size)") }
        var count = bytes.count / size
        while count > 1, bytes[(count - 1) * size..<count * size].allSatisfy({ $0 == 0 }) { count -= 1 }
        if count == 1, bytes.count > size, bytes[..<size].allSatisfy({ $0 == 0 }) { count = 0 }
        let spare = bytes.count / size - count
        dump.line("  \(count) entries\(spare > 0 ? ", room for \(spare) more" : "")")
        return count
    }

    private func load<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8], _ at: Int, as type: T.Type)
        -> T
    {
        bytes.withUnsafeBytes { T(bigEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
    }

    /// The batches of the segment; nil when it is not there or damaged, which its own check says.
    private func places() -> [Place]? {
        let dot = path.lastIndex(of: ".")!
        guard let reader = SegmentReader(path[..<dot] + ".log") else { return nil }
        var places: [Place] = []
        while true {
            let position = reader.position
            guard case .batch(let header, _) = reader.next() else { return places }
            places.append(
                Place(
                    position: position, base: header.baseOffset, last: header.lastOffset,
                    maxTimestamp: header.maxTimestamp))
        }
    }

    private func offsets(_ bytes: [UInt8], _ base: Int64) {
        let places = places()
        if places == nil { dump.problem(path, "has no segment beside it") }
        var last: (offset: Int64, position: Int64) = (-1, -1)
        for index in 0..<entryCount(bytes, 8) {
            let offset = base + Int64(load(bytes, index * 8, as: Int32.self))
            let position = Int64(load(bytes, index * 8 + 4, as: Int32.self))
            if dump.printsEntries { dump.line("  offset \(offset) position \(position)") }
            if offset <= last.offset || position <= last.position, index > 0 {
                dump.problem(path, "entry \(index) (offset \(offset), position \(position)) does not rise")
            }
            last = (offset, position)
            guard let places else { continue }
            let at = lowerBound(places.count) { places[$0].position < position }
            if at == places.count || places[at].position != position {
                dump.problem(path, "entry \(index): no batch begins at position \(position)")
            } else if offset < places[at].base || at > 0 && places[at - 1].last >= offset {
                dump.problem(
                    path, "entry \(index): offset \(offset) is not to be found from position \(position) on")
            }
        }
    }

    private func times(_ bytes: [UInt8], _ base: Int64) {
        let places = places()
        var last: (time: Int64, offset: Int64) = (-1, -1)
        var (at, reach) = (0, 0)
        var (largest, known): (Int64, Int64) = (-1, -1)
        for index in 0..<entryCount(bytes, 12) {
            let time = load(bytes, index * 12, as: Int64.self)
            let offset = base + Int64(load(bytes, index * 12 + 8, as: Int32.self))
            if dump.printsEntries { dump.line("  time \(time) offset \(offset)") }
            if time < last.time || offset < last.offset {
                dump.problem(path, "entry \(index) (time \(time), offset \(offset)) does not rise")
            }
            last = (time, offset)
            guard let places else { continue }
            // Some record up to that offset is as young, and none is younger.
            while reach < places.count, places[reach].base <= offset {
                known = max(known, places[reach].maxTimestamp)
                reach += 1
            }
            if time > known {
                dump.problem(path, "entry \(index): no record up to offset \(offset) has time \(time), only \(known)")
            }
            while at < places.count, places[at].last <= offset {
                largest = max(largest, places[at].maxTimestamp)
                at += 1
            }
            if largest > time {
                dump.problem(
                    path, "entry \(index): a record before offset \(offset) has time \(largest) > \(time)")
            }
        }
    }

    private func aborted(_ bytes: [UInt8]) {
        for index in 0..<entryCount(bytes, 34) {
            let at = index * 34
            let producer = load(bytes, at + 2, as: Int64.self)
            let first = load(bytes, at + 10, as: Int64.self)
            let last = load(bytes, at + 18, as: Int64.self)
            let stable = load(bytes, at + 26, as: Int64.self)
            dump.line("  producer \(producer) aborted offsets \(first)-\(last) last stable offset \(stable)")
            if first > last { dump.problem(path, "entry \(index) ends before it begins") }
        }
    }

    /// The first of `count` for which `isBefore` is false.
    private func lowerBound(_ count: Int, _ isBefore: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
