package import Wire

/// A connection's first frame: asks for a new session (`sessionID` 0), or for one that it had.
package struct ConnectRequest: JuteRecord {
    package var protocolVersion: Int32 = 0
    /// The last transaction this client has seen the effects of. A server behind it must refuse the client.
    package var lastZxidSeen: Int64 = 0
    package var timeoutMs: Int32 = 0
    package var sessionID: Int64 = 0
    /// 16 bytes; zeros for a new session.
    package var password = [UInt8](repeating: 0, count: 16)
    /// Whether a server without a quorum will do. Clients before ZooKeeper 3.4 do not send it: nil.
    package var isReadOnly: Bool?

    package init() {}

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        protocolVersion = try readInt32(frame, &at, "ConnectRequest.protocolVersion")
        lastZxidSeen = try readInt64(frame, &at, "ConnectRequest.lastZxidSeen")
        timeoutMs = try readInt32(frame, &at, "ConnectRequest.timeOut")
        sessionID = try readInt64(frame, &at, "ConnectRequest.sessionId")
        password = try readNullableBytes(frame, &at, flexible: false, "ConnectRequest.passwd") ?? []
        isReadOnly = at < frame.byteCount ? try readBool(frame, &at, "ConnectRequest.readOnly") : nil
    }

    package var size: Int { 24 + bytesSize(password, flexible: false) + (isReadOnly == nil ? 0 : 1) }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(protocolVersion, out, &at)
        writeInt64(lastZxidSeen, out, &at)
        writeInt32(timeoutMs, out, &at)
        writeInt64(sessionID, out, &at)
        writeBytes(password, out, &at, flexible: false)
        if let isReadOnly { writeBool(isReadOnly, out, &at) }
    }
}

/// The answer to it.
package struct ConnectResponse: JuteRecord {
    package var protocolVersion: Int32 = 0
    /// The timeout agreed on. Zero or less: the session has expired, and with it all that hung on it.
    package var timeoutMs: Int32 = 0
    package var sessionID: Int64 = 0
    package var password = [UInt8](repeating: 0, count: 16)
    /// Whether this server is without a quorum. Only clients that sent theirs are answered with one.
    package var isReadOnly: Bool?

    package init() {}

    /// The session `sessionID` is no more, or `password` is not its own.
    package static func expired(isReadOnly: Bool?) -> ConnectResponse {
        var response = ConnectResponse()
        response.isReadOnly = isReadOnly
        return response
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        protocolVersion = try readInt32(frame, &at, "ConnectResponse.protocolVersion")
        timeoutMs = try readInt32(frame, &at, "ConnectResponse.timeOut")
        sessionID = try readInt64(frame, &at, "ConnectResponse.sessionId")
        password = try readNullableBytes(frame, &at, flexible: false, "ConnectResponse.passwd") ?? []
        isReadOnly = at < frame.byteCount ? try readBool(frame, &at, "ConnectResponse.readOnly") : nil
    }

    package var size: Int { 16 + bytesSize(password, flexible: false) + (isReadOnly == nil ? 0 : 1) }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(protocolVersion, out, &at)
        writeInt32(timeoutMs, out, &at)
        writeInt64(sessionID, out, &at)
        writeBytes(password, out, &at, flexible: false)
        if let isReadOnly { writeBool(isReadOnly, out, &at) }
    }
}
