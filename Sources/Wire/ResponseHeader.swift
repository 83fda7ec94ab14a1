/// What stands before every response: which request it answers. Version 1 adds tagged fields (KIP-482); answers
/// to ApiVersions have version 0 always, since the client cannot know yet what we speak (KIP-511).
package struct ResponseHeader: Equatable, Sendable {
    package var correlationID: Int32

    package init(correlationID: Int32) { self.correlationID = correlationID }

    package init(_ frame: RawSpan, _ at: inout Int, version: Int16) throws(WireError) {
        correlationID = try readInt32(frame, &at, "ResponseHeader.correlationId")
        if version >= 1 { try skipTags(frame, &at, "ResponseHeader") }
    }

    package func size(version: Int16) -> Int { version >= 1 ? 5 : 4 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16) {
        writeInt32(correlationID, out, &at)
        if version >= 1 { writeUVarint(0, out, &at) }
    }
}
