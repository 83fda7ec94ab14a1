import Messages
import Ports
import Records
package import Vocabulary
import Wire

/// One data loop of a broker: its connections, what waits on them, and the requests' way through the handlers.
///
/// Confined to one thread, which the host owns. It never blocks on a sync and never asks a clock: time comes with each call, work for
/// others leaves in `takeOutbound`, bytes for peers in the connections named by `takeDirty`. After each call the host drains both.
///
/// `received` takes a whole read burst: the record batches of all Produce requests in it are staged, and appended per
/// partition with one write when the burst ends or another kind of request comes between (`flushProduce`).
package final class BrokerLoop {
    package let id: LoopID
    package let broker: Broker
    package private(set) var connectionCount = 0

    // What handlers use; each aspect's file says how.
    private(set) var now: Moment
    var topology: Topology
    var staging = ProduceStaging()
    var acks = WaitLists<AckWait>()
    var fetches = WaitLists<FetchWait>()
    var writer = FrameWriter()
    let codecs = CodecScratch()
    var timers: TimerWheel<Timer>
    var fetchSessions: FetchSessionCache
    var counters = LoopCounters()
    var random: SeededGenerator

    private var connections: [UInt64: BrokerConnection] = [:]
    private var nextConnectionID: UInt64 = 0
    private var dirty: [BrokerConnection] = []
    private var outbound: [LoopEffect] = []
    private var advancedElsewhere: [LoopID: [Partition]] = [:]
    /// Requests answered since the host last said what time it is. Only then is it known how long they took.
    private var answered: [(apiKey: Int16, receivedAt: Instant)] = []
    private var countersPublished: Instant
    private var changesPublished: UInt64 = 0

    enum Timer {
        case produceTimeout(PendingProduce)
        case fetchTimeout(FetchWait)
        case throttleEnds(UInt64)
    }

    package init(id: LoopID, broker: Broker, now: Moment, seed: UInt64) {
        self.id = id
        self.broker = broker
        self.now = now
        random = SeededGenerator(seed: seed)
        timers = TimerWheel(now: now.instant)
        topology = broker.topology.current()
        fetchSessions = FetchSessionCache(slots: broker.config.fetchSessionSlots / max(1, broker.config.dataLoops))
        countersPublished = now.instant
    }

    // MARK: - What the host calls

    /// A peer has connected.
    package func open(listener: String, peer: String, now: Moment) -> BrokerConnection {
        turn(to: now)
        nextConnectionID += 1
        let connection = BrokerConnection(id: nextConnectionID, listener: listener, peer: peer)
        connections[connection.id] = connection
        connectionCount += 1
        counters.connectionsOpened += 1
        return connection
    }

    /// Bytes have come in, beginning at the first one not consumed before.
    ///
    /// The buffer may be changed in place (offsets are stamped into record batches); it is not kept.
    /// - Returns: how many bytes were consumed: whole frames. The host keeps the rest and calls again with more behind it.
    package func received(
        _ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment
    ) -> Int {
        turn(to: now)
        topology = broker.topology.current(seen: topology)
        var consumed = 0
        var isUsedUp: Bool
        repeat {
            isUsedUp = handleFrames(connection, bytes, &consumed)
            flushProduce()
            // A connection stopped by its requests in flight goes on at once where they wanted no answer: no answer
            // that is sent will call the host back to what is left here.
        } while !isUsedUp && connection.wantsRead
        finishTurn()
        return consumed
    }

    /// - Returns: whether it was for want of a whole frame that it stopped, and not for the connection's sake.
    private func handleFrames(
        _ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, _ consumed: inout Int
    ) -> Bool {
        while connection.wantsRead {
            guard bytes.count - consumed >= 4 else { return true }
            let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: consumed, as: Int32.self)))
            guard Self.isAcceptable(frameLength: length, max: broker.config.socketRequestMaxBytes) else {
                refuseFrame(connection, length: length)
                return true
            }
            guard bytes.count - consumed - 4 >= length else { return true }
            let frame = UnsafeMutableRawBufferPointer(rebasing: bytes[consumed + 4..<consumed + 4 + length])
            consumed += 4 + length
            handle(connection, frame)
        }
        return false
    }

    /// Whether a frame may announce that length. The host asks before it keeps a byte of it.
    package func isAcceptable(frameLength: Int, on connection: BrokerConnection) -> Bool {
        Self.isAcceptable(frameLength: frameLength, max: broker.config.socketRequestMaxBytes)
    }

    package static func isAcceptable(frameLength: Int, max: Int) -> Bool { frameLength >= 8 && frameLength <= max }

    /// The connection is gone. What waits for it is dropped; what it produced stays.
    package func closed(_ connection: BrokerConnection) {
        guard !connection.isClosed else { return }
        connection.isClosed = true
        connections[connection.id] = nil
        connectionCount -= 1
        counters.connectionsClosed += 1
        dropFetches(of: connection)
    }

    /// A message from another loop or one of the host's pools.
    package func deliver(_ message: LoopMessage, now: Moment) {
        turn(to: now)
        topology = broker.topology.current(seen: topology)
        switch message {
        case .synced(let outcomes): for outcome in outcomes { synced(outcome) }
        case .advanced(let partitions): for partition in partitions { advanced(partition) }
        case .reply(let ticket, let frame): deliverReply(ticket, frame)
        case .control, .diskFailed, .quorum, .quorumNews: invariantFailed("a control message came to data loop \(id.index)")
        }
        finishTurn()
    }

    /// Fires what is due.
    /// - Returns: when to call again at the latest; nil when nothing waits for time.
    package func advance(to now: Moment) -> Instant? {
        turn(to: now)
        for timer in timers.fire(at: now.instant) {
            switch timer {
            case .produceTimeout(let pending): produceTimedOut(pending)
            case .fetchTimeout(let wait): fetchTimedOut(wait)
            case .throttleEnds(let id): throttleEnded(id)
            }
        }
        let published = publishCounters()
        finishTurn()
        return [timers.nextWake, published].compactMap { $0 }.min()
    }

    /// Connections that have bytes to send, are to be closed, or may be read again.
    package func takeDirty() -> [BrokerConnection] {
        if dirty.isEmpty { return [] }
        for connection in dirty { connection.isDirty = false }
        defer { dirty.removeAll(keepingCapacity: true) }
        return dirty
    }

    package func takeOutbound() -> [LoopEffect] {
        if outbound.isEmpty { return [] }
        defer { outbound.removeAll(keepingCapacity: true) }
        return outbound
    }

    // MARK: - What handlers call

    func emit(_ effect: LoopEffect) { outbound.append(effect) }

    func log(_ level: LogLine.Level, _ message: String, _ fields: [(key: String, value: String)] = []) {
        outbound.append(.log(LogLine(level, message, fields)))
    }

    func diskFailed(_ disk: BrokerDisk, _ error: DiskError) {
        outbound.append(.post(.diskFailed(disk, error), to: .control))
    }

    /// The partition moved on, or went offline: what waits for it here is looked at again.
    private func advanced(_ partition: Partition) {
        if let reason = partition.offlineReason {
            failAcks(partition, reason)
            return retryFetches(of: partition)
        }
        var highWatermark = partition.highWatermark
        while true {
            acknowledge(partition, upTo: highWatermark)
            retryFetches(of: partition)
            if acks.isEmpty(for: partition), fetches.isEmpty(for: partition) { return }
            guard let now = partition.await(by: id) else { return advanced(partition) }
            if now == highWatermark { return }
            highWatermark = now
        }
    }

    func markDirty(_ connection: BrokerConnection) {
        if connection.isDirty || connection.isClosed { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    func connection(_ id: UInt64) -> BrokerConnection? { connections[id] }

    /// To be counted, with its time, once the host has handed the answer to the socket and calls again.
    func count(_ apiKey: Int16, receivedAt: Instant) { answered.append((apiKey, receivedAt)) }

    /// Those loops have waiters for the partition, which moved on.
    func wake(_ loops: UInt64, for partition: Partition) {
        var bits = loops
        while bits != 0 {
            let loop = LoopID(bits.trailingZeroBitCount)
            bits &= bits - 1
            if loop == id { advanced(partition) } else { advancedElsewhere[loop, default: []].append(partition) }
        }
    }

    /// The peer broke the protocol: nothing it sends from here on can be trusted.
    func refuse(_ connection: BrokerConnection, _ why: String, _ fields: [(key: String, value: String)] = []) {
        counters.connectionsRefused += 1
        log(.warning, why, fields + [("peer", connection.peer), ("listener", connection.listener)])
        connection.close()
        markDirty(connection)
    }

    // MARK: - Within

    /// The host has come back, and it is later now.
    private func turn(to now: Moment) {
        self.now = now
        if answered.isEmpty { return }
        for request in answered { counters.request(request.apiKey, nanoseconds: now.instant - request.receivedAt) }
        answered.removeAll(keepingCapacity: true)
    }

    private func refuseFrame(_ connection: BrokerConnection, length: Int) {
        refuse(
            connection, "Closed a connection whose frame has a bad length.",
            [("frame.bytes", String(length)), ("frame.bytes.max", String(broker.config.socketRequestMaxBytes))])
    }

    private func deliverReply(_ ticket: ReplyTicket, _ frame: [UInt8]) {
        count(ticket.apiKey, receivedAt: ticket.receivedAt)
        guard let connection = connections[ticket.connection] else { return }
        frame.withUnsafeBytes { connection.queue(for: ticket.sequence).append($0) }
        connection.replyWritten(ticket.sequence)
        markDirty(connection)
    }

    private func throttleEnded(_ id: UInt64) {
        guard let connection = connections[id] else { return }
        connection.throttledUntil = nil
        markDirty(connection)
    }

    private func finishTurn() {
        if advancedElsewhere.isEmpty { return }
        for loop in advancedElsewhere.keys.sorted(by: { $0.index < $1.index }) {
            outbound.append(.post(.advanced(advancedElsewhere[loop]!), to: loop))
        }
        advancedElsewhere.removeAll(keepingCapacity: true)
    }

    /// - Returns: when to do it again, if something has been counted since.
    private func publishCounters() -> Instant? {
        let isQuiet = counters.changes + counters.connectionsOpened + counters.connectionsClosed == changesPublished
        if isQuiet { return nil }
        let due = countersPublished.adding(milliseconds: Self.countersEveryMs)
        guard now.instant >= due else { return due }
        countersPublished = now.instant
        changesPublished = counters.changes + counters.connectionsOpened + counters.connectionsClosed
        broker.metrics.publish(counters, of: id)
        return nil
    }

    private static let countersEveryMs: Int64 = 250
}
