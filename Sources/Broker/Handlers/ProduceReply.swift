import Messages
import Vocabulary
import Wire

/// The answers to Produce, written by hand: they are as hot as the requests.
extension BrokerLoop {
    func replyProduce(_ pending: PendingProduce) {
        countErrors(of: pending)
        if pending.connection.isClosed { return }
        let flexible = pending.version >= 9
        writer.reset()
        writer.int32(0)  // The frame's length, patched below.
        writer.int32(pending.correlationID)
        writer.noTags(flexible: flexible)
        writer.arrayCount(pending.topics.count, flexible: flexible)
        var next = 0
        for topic in pending.topics {
            if pending.version >= 13 { writer.uuid(topic.id) } else { writer.string(topic.name, flexible: flexible) }
            writer.arrayCount(topic.end - next, flexible: flexible)
            for result in pending.results[next..<topic.end] { write(result, pending.version, flexible) }
            next = topic.end
            writer.noTags(flexible: flexible)
        }
        if pending.version >= 1 { writer.int32(pending.throttleMs) }
        writer.noTags(flexible: flexible)
        writer.patchInt32(Int32(writer.count - 4), at: 0)
        pending.connection.queue(for: pending.sequence).append(writer.bytes)
        replyWritten(
            pending.connection, pending.sequence, apiKey: ApiKey.produce.rawValue, receivedAt: pending.receivedAt)
        if pending.throttleMs > 0 { throttle(pending.connection, milliseconds: pending.throttleMs) }
    }

    func countErrors(of pending: PendingProduce) {
        for result in pending.results where result.error != .none { counters.produceErrors += 1 }
    }

    private func write(_ result: PendingProduce.PartitionResult, _ version: Int16, _ flexible: Bool) {
        writer.int32(result.index)
        writer.int16(result.error.rawValue)
        writer.int64(result.baseOffset.value)
        if version >= 2 { writer.int64(result.appendTime.milliseconds) }
        if version >= 5 { writer.int64(result.startOffset.value) }
        if version >= 8 {
            writer.arrayCount(result.badRecords.count, flexible: flexible)
            for record in result.badRecords {
                writer.int32(record.index)
                writer.nullableString(record.message, flexible: flexible)
                writer.noTags(flexible: flexible)
            }
            writer.nullableString(result.message, flexible: flexible)
        }
        writer.noTags(flexible: flexible)
    }

    /// The client was told to wait; we do not read it before that either (KIP-219).
    private func throttle(_ connection: BrokerConnection, milliseconds: Int32) {
        if connection.throttledUntil != nil { return }
        let until = now.instant.adding(milliseconds: Int64(milliseconds))
        connection.throttledUntil = until
        _ = timers.set(until, .throttleEnds(connection.id))
    }

    /// Versions 0 to 2 carry the message formats that Kafka 4 no longer takes: each partition is answered UNSUPPORTED_VERSION.
    func handleOldProduce(
        _ frame: UnsafeMutableRawBufferPointer, _ context: RequestContext
    ) throws(WireError) {
        flushProduce()
        var at = 8
        _ = try readStringRange(frame.bytes, &at, flexible: false, "clientId")
        let acks = try readInt16(frame.bytes, &at, "acks")
        let pending = PendingProduce(context: context, acks: acks, timeoutMs: try readInt32(frame.bytes, &at, "timeoutMs"))
        for _ in 0..<(try readArrayCount(frame.bytes, &at, flexible: false, elementSizeMin: 6, "topicData") ?? 0) {
            let name = try readString(frame.bytes, &at, flexible: false, "name")
            for _ in 0..<(try readArrayCount(frame.bytes, &at, flexible: false, elementSizeMin: 8, "partitionData") ?? 0) {
                pending.results.append(PendingProduce.PartitionResult(index: try readInt32(frame.bytes, &at, "index")))
                pending.fail(pending.results.count - 1, .unsupportedVersion)
                _ = try readByteRange(frame.bytes, &at, flexible: false, "records")
            }
            pending.topics.append(PendingProduce.TopicResult(name: name, id: .zero, end: pending.results.count))
        }
        if acks == 0 {
            countErrors(of: pending)
            return refuse(context.connection, "Closed a connection that produced in an old format.")
        }
        replyProduce(pending)
    }
}
