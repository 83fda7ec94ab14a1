import CommitLog
import Messages
import Vocabulary
import Wire

/// A Fetch request that waits for bytes, or is being answered.
final class FetchWait {
    let connection: BrokerConnection
    let sequence: UInt64
    let correlationID: Int32
    let version: Int16
    let receivedAt: Instant
    let minBytes: Int
    let maxBytes: Int
    let isolation: Partition.Isolation
    let session: FetchSession?
    let isIncremental: Bool
    /// What to read when there is no session; else the session's entries are.
    let entries: [FetchSession.Entry]
    var places: [WaitLists<FetchWait>.Place] = []
    var timer: TimerWheel<BrokerLoop.Timer>.Handle = .none
    var isAnswered = false

    init(_ context: RequestContext, _ request: FetchRequestFrame, _ session: FetchSession?, isIncremental: Bool, maxBytes: Int) {
        connection = context.connection
        sequence = context.sequence
        correlationID = context.correlationID
        version = context.version
        receivedAt = context.receivedAt
        // A frame's length is an Int32: the most that `fetch.max.bytes` may say leaves no room for the frame's head.
        self.maxBytes = min(Int(max(0, request.maxBytes)), maxBytes, 1 << 30)
        minBytes = min(Int(max(0, request.minBytes)), self.maxBytes)
        isolation = request.readCommitted ? .readCommitted : .readUncommitted
        self.session = session
        self.isIncremental = isIncremental
        entries = session == nil ? request.partitions.map(FetchSession.entry) : []
    }

    var wanted: [FetchSession.Entry] { session?.entries ?? entries }
}

/// Fetch (1): sessions, long polls, and answers made of regions of the log's files.
extension BrokerLoop {
    func handleFetch(_ frame: RawSpan, _ at: inout Int, _ context: RequestContext) throws(WireError) {
        let request = try FetchRequestFrame(frame, &at, version: context.version)
        if request.replicaID >= 0 { return refuseFollower(request, context) }
        let session: FetchSession?
        let isIncremental: Bool
        do throws(ErrorCode) {
            (session, isIncremental) = try openSession(request, usesIDs: context.version >= 13)
        } catch {
            return replyFetchError(context, error, sessionID: 0)
        }
        let wait = FetchWait(
            context, request, session, isIncremental: isIncremental, maxBytes: broker.config.fetchMaxBytes)
        let found = look(for: wait)
        if found.isDue || request.maxWaitMs <= 0 || wait.wanted.isEmpty {
            return replyFetch(wait, found)
        }
        timers(wait, maxWaitMs: request.maxWaitMs, found)
    }

    /// There are no followers yet; each partition says so, because the oldest versions have no error of the whole.
    private func refuseFollower(_ request: FetchRequestFrame, _ context: RequestContext) {
        let wait = FetchWait(context, request, nil, isIncremental: false, maxBytes: broker.config.fetchMaxBytes)
        var found = Found()
        found.parts = wait.entries.indices.map { place in
            Found.Part(
                place: place, topic: nil, partition: nil, read: Partition.Read(error: .notLeaderOrFollower))
        }
        replyFetch(wait, found)
    }

    /// Source: KIP-227, the table of session ids and epochs.
    private func openSession(
        _ request: FetchRequestFrame, usesIDs: Bool
    ) throws(ErrorCode) -> (FetchSession?, isIncremental: Bool) {
        if request.sessionEpoch <= 0 {
            if request.sessionID != 0 { fetchSessions.remove(request.sessionID) }
            guard request.sessionEpoch == 0, !request.partitions.isEmpty,
                let session = fetchSessions.create(usesIDs: usesIDs, now: now.instant, using: &random)
            else { return (nil, false) }
            for partition in request.partitions { session.set(partition) }
            return (session, false)
        }
        guard let session = fetchSessions.session(request.sessionID) else { throw .fetchSessionIdNotFound }
        guard request.sessionEpoch == session.nextEpoch else { throw .invalidFetchSessionEpoch }
        guard session.usesIDs == usesIDs else { throw .fetchSessionTopicIdError }
        session.nextEpoch = session.nextEpoch == .max ? 1 : session.nextEpoch + 1
        session.lastUsed = now.instant
        for partition in request.partitions { session.set(partition) }
        for (topic, index) in request.forgotten { session.forget(topic, index) }
        if session.entries.isEmpty {
            fetchSessions.remove(session.id)
            return (nil, false)
        }
        return (session, true)
    }

    // MARK: - Looking

    /// What a fetch would be answered now.
    struct Found {
        struct Part {
            /// Its place among what the session, or the request, names.
            let place: Int
            let topic: Topic?
            let partition: Partition?
            var read: Partition.Read
        }
        var parts: [Part] = []
        var byteCount = 0
        /// What counts for `minBytes`: what is cut for want of room fills that room, though batches stay whole.
        var filledBytes = 0
        /// Enough bytes, or something the client must know at once.
        var isDue = false
    }

    func look(for wait: FetchWait) -> Found {
        var found = Found()
        let wanted = wait.wanted
        found.parts.reserveCapacity(wanted.count)
        let start = wanted.isEmpty ? 0 : (wait.session?.start ?? 0) % wanted.count
        var needsReply = false
        for step in 0..<wanted.count {
            let place = start + step < wanted.count ? start + step : start + step - wanted.count
            let entry = wanted[place]
            let topic = topic(entry.topic)
            let partition = topic?.partition(entry.index)
            var read: Partition.Read
            var left = 0
            if let partition {
                left = max(0, min(wait.maxBytes - found.byteCount, Int(entry.maxBytes)))
                read = partition.read(
                    from: entry.fetchOffset, maxBytes: left, minOneBatch: found.byteCount == 0,
                    isolation: wait.isolation, currentEpoch: entry.currentLeaderEpoch,
                    lastFetchedEpoch: entry.lastFetchedEpoch)
                if wait.version < 10, read.error == .none, topic?.isStoredInZstd ?? false {
                    read = Partition.Read(error: .unsupportedCompressionType)
                }
            } else {
                read = Partition.Read(error: missing(entry.topic))
            }
            found.byteCount += read.slice?.byteCount ?? 0
            let isCut = read.slice?.isCut ?? (read.error == .none && entry.fetchOffset < read.highWatermark)
            found.filledBytes += isCut ? max(left, read.slice?.byteCount ?? 0) : read.slice?.byteCount ?? 0
            if read.error != .none || read.diverging != nil { needsReply = true }
            // A reader that is behind by a segment gets what there is: the rest of this one will not grow.
            if read.slice?.hasSuccessor ?? false { needsReply = true }
            found.parts.append(Found.Part(place: place, topic: topic, partition: partition, read: read))
        }
        found.isDue = needsReply || found.filledBytes >= wait.minBytes
        return found
    }

    private func topic(_ key: FetchRequestFrame.TopicKey) -> Topic? {
        switch key {
        case .name(let name): topology.topic(named: name)
        case .id(let id): topology.topic(id: id)
        }
    }

    private func missing(_ key: FetchRequestFrame.TopicKey) -> ErrorCode {
        if case .id(let id) = key, topology.topic(id: id) == nil { return .unknownTopicId }
        return .unknownTopicOrPartition
    }

    // MARK: - Waiting

    private func timers(_ wait: FetchWait, maxWaitMs: Int32, _ found: Found) {
        var moved = false
        for part in found.parts {
            guard let partition = part.partition else { continue }
            wait.places.append(fetches.add(wait, for: partition))
            // Nil, when it went offline meanwhile, is a change too.
            if partition.await(by: id) != part.read.highWatermark { moved = true }
        }
        wait.timer = timers.set(now.instant.adding(milliseconds: Int64(maxWaitMs)), .fetchTimeout(wait))
        wait.connection.waitingFetches[wait.sequence] = wait
        if moved { retry(wait) }  // Between the look and the note that we wait.
    }

    /// What waits for that partition is looked at again.
    func retryFetches(of partition: Partition) {
        for wait in fetches.all(for: partition) where !wait.isAnswered { retry(wait) }
    }

    private func retry(_ wait: FetchWait) {
        let found = look(for: wait)
        if found.isDue {
            end(wait)
            replyFetch(wait, found)
        }
    }

    func fetchTimedOut(_ wait: FetchWait) {
        wait.timer = .none
        end(wait)
        replyFetch(wait, look(for: wait))
    }

    func dropFetches(of connection: BrokerConnection) {
        for wait in connection.waitingFetches.values { end(wait) }
    }

    private func end(_ wait: FetchWait) {
        wait.isAnswered = true
        for place in wait.places { fetches.remove(place) }
        wait.places.removeAll()
        timers.cancel(wait.timer)
        wait.timer = .none
        wait.connection.waitingFetches[wait.sequence] = nil
    }
}
