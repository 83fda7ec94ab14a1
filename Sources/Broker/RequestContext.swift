import Vocabulary
import Wire

/// A request's head, and where its answer goes.
struct RequestContext {
    let connection: BrokerConnection
    let sequence: UInt64
    let apiKey: Int16
    let version: Int16
    let correlationID: Int32
    let clientID: String?
    let receivedAt: Instant

    func ticket(on loop: LoopID) -> ReplyTicket {
        ReplyTicket(
            loop: loop, connection: connection.id, sequence: sequence, correlationID: correlationID,
            apiKey: apiKey, apiVersion: version, receivedAt: receivedAt)
    }
}

extension ReplyTicket {
    /// The whole frame of an answer: length, header, body.
    func frame(_ message: some Message) -> [UInt8] {
        let flexible = ServedAPIs.hasFlexibleResponseHeader(apiKey: apiKey, version: apiVersion)
        let header = 8 + (flexible ? 1 : 0)
        let size = header + message.size(version: apiVersion)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            Self.writeFrame(message, raw, version: apiVersion, correlationID: correlationID, flexible: flexible)
            count = size
        }
    }

    static func writeFrame(
        _ message: some Message, _ out: UnsafeMutableRawBufferPointer, version: Int16, correlationID: Int32,
        flexible: Bool
    ) {
        var at = 0
        writeInt32(Int32(out.count - 4), out, &at)
        writeInt32(correlationID, out, &at)
        if flexible { writeInt8(0, out, &at) }
        message.write(out, &at, version: version)
        invariant(at == out.count, "wrote \(at) of \(out.count) bytes of \(type(of: message)) v\(version)")
    }
}

extension BrokerLoop {
    /// Answers a request now.
    func reply(_ context: RequestContext, _ message: some Message) {
        let flexible = ServedAPIs.hasFlexibleResponseHeader(apiKey: context.apiKey, version: context.version)
        let size = 8 + (flexible ? 1 : 0) + message.size(version: context.version)
        let room = context.connection.queue(for: context.sequence).reserve(size)
        ReplyTicket.writeFrame(
            message, room, version: context.version, correlationID: context.correlationID, flexible: flexible)
        replyWritten(context.connection, context.sequence, apiKey: context.apiKey, receivedAt: context.receivedAt)
    }

    /// An answer is in its queue: counts it and lets it go.
    func replyWritten(
        _ connection: BrokerConnection, _ sequence: UInt64, apiKey: Int16, receivedAt: Instant
    ) {
        connection.replyWritten(sequence)
        markDirty(connection)
        count(apiKey, receivedAt: receivedAt)
    }

    /// Hands a request to another loop; its answer comes back as `LoopMessage.reply`.
    func forward(
        _ message: some Message, _ context: RequestContext, timeoutMs: Int32? = nil, to loop: LoopID = .control
    ) {
        let deadline = timeoutMs.map { now.instant.adding(milliseconds: Int64(max(0, $0))) }
        emit(
            .post(
                .control(
                    ControlRequest(
                        message: message, ticket: context.ticket(on: id), listener: context.connection.listener,
                        clientID: context.clientID, deadline: deadline)), to: loop))
    }
}
