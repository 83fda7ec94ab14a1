import Wire

/// Kafka's requests and answers as frames.
enum KafkaFrame {
    /// Length, header, body.
    static func request(
        _ message: some RequestMessage, version: Int16, correlationID: Int32, clientID: String
    ) -> [UInt8] {
        let isFlexible = version >= type(of: message).flexibleFrom
        let header = RequestHeader(
            apiKey: type(of: message).apiKey, apiVersion: version, correlationID: correlationID,
            clientID: clientID)
        let size = header.size(version: isFlexible ? 2 : 1) + message.size(version: version)
        return [UInt8](unsafeUninitializedCapacity: 4 + size) { out, count in
            let room = UnsafeMutableRawBufferPointer(out)
            var at = 0
            writeInt32(Int32(size), room, &at)
            header.write(room, &at, version: isFlexible ? 2 : 1)
            message.write(room, &at, version: version)
            count = at
        }
    }

    /// - Parameter frame: without its length.
    static func reply<Request: RequestMessage>(
        _ frame: [UInt8], to request: Request.Type, version: Int16
    ) throws(WireError) -> (correlationID: Int32, message: Request.Response) {
        var at = 0
        let isFlexible = version >= Request.flexibleFrom
        let header = try ResponseHeader(frame.span.bytes, &at, version: isFlexible ? 1 : 0)
        return (header.correlationID, try Request.Response(frame.span.bytes, &at, version: version))
    }

    /// How long the frame at the front of `bytes` is, without its length; nil until all of it is there.
    static func length(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        let length = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
        return bytes.count - 4 >= length ? length : nil
    }
}
