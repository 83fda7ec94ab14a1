import CommitLog
import Messages
import Ports
import Vocabulary
import Wire

/// The answers to Fetch, written by hand: header bytes between regions of the log's files.
extension BrokerLoop {
    func replyFetch(_ wait: FetchWait, _ found: Found) {
        if wait.connection.isClosed { return }
        let parts = wait.isIncremental ? found.parts.filter { isNews($0, wait.session!) } : found.parts
        let flexible = wait.version >= 12
        beginFetchFrame(wait.correlationID, wait.version, .none, sessionID: wait.session?.id ?? 0)
        var regions: [(at: Int, region: FileRegion)] = []
        let runs = Self.runsByTopic(parts, wait)
        writer.arrayCount(runs.count, flexible: flexible)
        var bytes = 0
        for run in runs {
            write(wait.wanted[parts[run.lowerBound].place].topic, flexible)
            writer.arrayCount(run.count, flexible: flexible)
            for part in parts[run] {
                write(part, wait)
                if let slice = part.read.slice, let partition = part.partition {
                    regions.append((
                        writer.count,
                        FileRegion(
                            disk: partition.disk.disk, file: slice.file, position: slice.position,
                            byteCount: slice.byteCount)
                    ))
                    bytes += slice.byteCount
                }
                writeTags(part.read, flexible)
                wait.session?.told(
                    part.place, highWatermark: part.read.highWatermark, startOffset: part.read.startOffset,
                    error: part.read.error != .none)
                if part.read.error != .none { counters.fetchErrors += 1 }
            }
            writer.noTags(flexible: flexible)
        }
        writer.noTags(flexible: flexible)
        if let session = wait.session { session.start += 1 }
        counters.fetchBytes += UInt64(bytes)
        endFetchFrame(wait.connection, wait.sequence, wait.receivedAt, regions, regionBytes: bytes)
    }

    func replyFetchError(_ context: RequestContext, _ error: ErrorCode, sessionID: Int32) {
        let flexible = context.version >= 12
        counters.fetchErrors += 1
        beginFetchFrame(context.correlationID, context.version, error, sessionID: sessionID)
        writer.arrayCount(0, flexible: flexible)
        writer.noTags(flexible: flexible)
        endFetchFrame(context.connection, context.sequence, context.receivedAt, [], regionBytes: 0)
    }

    private func beginFetchFrame(_ correlationID: Int32, _ version: Int16, _ error: ErrorCode, sessionID: Int32) {
        writer.reset()
        writer.int32(0)  // The frame's length, patched below.
        writer.int32(correlationID)
        writer.noTags(flexible: version >= 12)
        writer.int32(0)  // Throttle time.
        if version >= 7 {
            writer.int16(error.rawValue)
            writer.int32(sessionID)
        }
    }

    /// Puts bytes and regions into the connection's queue, in their order.
    private func endFetchFrame(
        _ connection: BrokerConnection, _ sequence: UInt64, _ receivedAt: Instant,
        _ regions: [(at: Int, region: FileRegion)], regionBytes: Int
    ) {
        writer.patchInt32(Int32(writer.count - 4 + regionBytes), at: 0)
        let queue = connection.queue(for: sequence)
        var sent = 0
        for (at, region) in regions {
            queue.append(UnsafeRawBufferPointer(rebasing: writer.bytes[sent..<at]))
            queue.append(region)
            sent = at
        }
        queue.append(UnsafeRawBufferPointer(rebasing: writer.bytes[sent...]))
        replyWritten(connection, sequence, apiKey: ApiKey.fetch.rawValue, receivedAt: receivedAt)
    }

    /// An incremental answer holds only what the client does not know yet.
    private func isNews(_ part: Found.Part, _ session: FetchSession) -> Bool {
        let entry = session.entries[part.place]
        return part.read.slice != nil || part.read.error != .none || part.read.diverging != nil || entry.toldError
            || entry.toldHighWatermark != part.read.highWatermark || entry.toldStartOffset != part.read.startOffset
    }

    /// Neighbours of one topic share its head in the answer.
    private static func runsByTopic(_ parts: [Found.Part], _ wait: FetchWait) -> [Range<Int>] {
        let wanted = wait.wanted
        var runs: [Range<Int>] = []
        var start = 0
        for index in parts.indices where index > start && wanted[parts[index].place].topic != wanted[parts[start].place].topic {
            runs.append(start..<index)
            start = index
        }
        if start < parts.count { runs.append(start..<parts.count) }
        return runs
    }

    private func write(_ topic: FetchRequestFrame.TopicKey, _ flexible: Bool) {
        switch topic {
        case .name(let name): writer.string(name, flexible: flexible)
        case .id(let id): writer.uuid(id)
        }
    }

    private func writeTags(_ read: Partition.Read, _ flexible: Bool) {
        guard flexible, let diverging = read.diverging else { return writer.noTags(flexible: flexible) }
        writer.uvarint(1)
        writer.uvarint(0)  // Tag 0, `divergingEpoch`: 13 bytes.
        writer.uvarint(13)
        writer.int32(diverging.epoch.value)
        writer.int64(diverging.endOffset.value)
        writer.uvarint(0)
    }

    /// All of a partition's answer but its records' bytes and what follows them.
    private func write(_ part: Found.Part, _ wait: FetchWait) {
        let version = wait.version
        let flexible = version >= 12
        let read = part.read
        writer.int32(wait.wanted[part.place].index)
        // Clients of these versions do not know KAFKA_STORAGE_ERROR; this makes them look for another leader.
        let error = read.error == .kafkaStorageError && version < 6 ? .notLeaderOrFollower : read.error
        writer.int16(error.rawValue)
        writer.int64(read.highWatermark.value)
        writer.int64(read.lastStableOffset.value)
        if version >= 5 { writer.int64(read.startOffset.value) }
        // Aborted transactions: none, which read_committed consumers are told as an empty list.
        if wait.isolation == .readCommitted {
            writer.arrayCount(0, flexible: flexible)
        } else if flexible {
            writer.uvarint(0)
        } else {
            writer.int32(-1)
        }
        if version >= 11 { writer.int32(-1) }  // Preferred read replica.
        // What is not there is null where there is an error, and empty otherwise, as in Kafka.
        let count = read.slice?.byteCount ?? 0
        if flexible { writer.uvarint(count + 1) } else { writer.int32(Int32(count)) }
    }
}
