/// What stands before every request: whose it is and what follows.
///
/// Hand-written because it is odd: its own version follows from the API and version that it names (1 before
/// KIP-482, 2 since; 0, without a client id, only for an API that is gone), and the client id keeps its int16
/// length in version 2.
package struct RequestHeader: Equatable, Sendable {
    package var apiKey: Int16
    package var apiVersion: Int16
    package var correlationID: Int32
    package var clientID: String?

    package init(apiKey: Int16, apiVersion: Int16, correlationID: Int32, clientID: String?) {
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.correlationID = correlationID
        self.clientID = clientID
    }

    /// - Parameter version: of the header, which the caller knows from `peek`.
    package init(_ frame: RawSpan, _ at: inout Int, version: Int16) throws(WireError) {
        apiKey = try readInt16(frame, &at, "RequestHeader.requestApiKey")
        apiVersion = try readInt16(frame, &at, "RequestHeader.requestApiVersion")
        correlationID = try readInt32(frame, &at, "RequestHeader.correlationId")
        clientID = nil
        if version >= 1 {
            clientID = try readNullableString(frame, &at, flexible: false, "RequestHeader.clientId")
        }
        if version >= 2 { try skipTags(frame, &at, "RequestHeader") }
    }

    /// The part that is the same in all versions: API, its version, and the correlation id.
    package static func peek(
        _ frame: RawSpan, at start: Int
    ) throws(WireError) -> (apiKey: Int16, apiVersion: Int16, correlationID: Int32) {
        var at = start
        let apiKey = try readInt16(frame, &at, "RequestHeader.requestApiKey")
        let apiVersion = try readInt16(frame, &at, "RequestHeader.requestApiVersion")
        let correlationID = try readInt32(frame, &at, "RequestHeader.correlationId")
        return (apiKey, apiVersion, correlationID)
    }

    package func size(version: Int16) -> Int {
        var size = 8
        if version >= 1 { size += nullableStringSize(clientID, flexible: false) }
        if version >= 2 { size += 1 }
        return size
    }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16) {
        writeInt16(apiKey, out, &at)
        writeInt16(apiVersion, out, &at)
        writeInt32(correlationID, out, &at)
        if version >= 1 { writeNullableString(clientID, out, &at, flexible: false) }
        if version >= 2 { writeUVarint(0, out, &at) }
    }
}
