import Wire

/// What stands behind a `MultiHeader`.
protocol MultiEntry {
    init(_ frame: RawSpan, _ at: inout Int, _ header: MultiHeader) throws(WireError)
    var header: MultiHeader { get }
    /// Of the entry itself, without the header.
    var size: Int { get }
    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int)
}

/// Entries up to the header that ends them. Their number is nowhere said: each takes at least a header's bytes.
func readMultiList<Entry: MultiEntry>(_ frame: RawSpan, _ at: inout Int) throws(WireError) -> [Entry] {
    var entries: [Entry] = []
    while true {
        let header = try MultiHeader(frame, &at)
        if header.isDone { return entries }
        entries.append(try Entry(frame, &at, header))
    }
}

func multiListSize<Entry: MultiEntry>(_ entries: [Entry]) -> Int {
    var size = MultiHeader.byteCount
    for entry in entries { size += MultiHeader.byteCount + entry.size }
    return size
}

func writeMultiList<Entry: MultiEntry>(
    _ entries: [Entry], _ out: UnsafeMutableRawBufferPointer, _ at: inout Int
) {
    for entry in entries {
        entry.header.write(out, &at)
        entry.write(out, &at)
    }
    MultiHeader.end.write(out, &at)
}

extension MultiHeader {
    init(_ opCode: OpCode) { self.init(type: opCode.rawValue, isDone: false, code: 0) }

    /// - Parameter at: behind this header.
    func unexpectedType(_ at: Int) -> WireError {
        WireError(.unexpectedValue(Int(type)), at: at - size, "MultiHeader.type")
    }
}
