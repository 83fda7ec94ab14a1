package import Wire

/// Before every request but the connect request.
package struct ZooKeeperRequestHeader: JuteRecord {
    /// The client's number for the request; comes back in the reply. See `Xid` for those with a meaning.
    package var xid: Int32
    /// An `OpCode`; raw, because clients may ask for what is not known here.
    package var type: Int32

    package init(xid: Int32, type: Int32) {
        self.xid = xid
        self.type = type
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        xid = try readInt32(frame, &at, "RequestHeader.xid")
        type = try readInt32(frame, &at, "RequestHeader.type")
    }

    package var size: Int { 8 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(xid, out, &at)
        writeInt32(type, out, &at)
    }
}

/// Before everything a server sends, but the connect response.
package struct ZooKeeperReplyHeader: JuteRecord {
    package var xid: Int32
    /// For a write its own transaction; else the last one that the server had applied.
    package var zxid: Int64
    package var code: ResultCode

    package init(xid: Int32, zxid: Int64, code: ResultCode) {
        self.xid = xid
        self.zxid = zxid
        self.code = code
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        xid = try readInt32(frame, &at, "ReplyHeader.xid")
        zxid = try readInt64(frame, &at, "ReplyHeader.zxid")
        code = ResultCode(rawValue: try readInt32(frame, &at, "ReplyHeader.err"))
    }

    package var size: Int { 16 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(xid, out, &at)
        writeInt64(zxid, out, &at)
        writeInt32(code.rawValue, out, &at)
    }
}

/// Before every operation of a multi, and every result; one with `isDone` ends them.
struct MultiHeader: JuteRecord {
    var type: Int32
    var isDone: Bool
    var code: Int32

    /// The type of a result that is an error, and of the header that ends the list.
    static let noType: Int32 = -1
    static let end = MultiHeader(type: noType, isDone: true, code: -1)
    static let byteCount = 9

    init(type: Int32, isDone: Bool, code: Int32) {
        self.type = type
        self.isDone = isDone
        self.code = code
    }

    init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        type = try readInt32(frame, &at, "MultiHeader.type")
        isDone = try readBool(frame, &at, "MultiHeader.done")
        code = try readInt32(frame, &at, "MultiHeader.err")
    }

    var size: Int { Self.byteCount }

    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(type, out, &at)
        writeBool(isDone, out, &at)
        writeInt32(code, out, &at)
    }
}
