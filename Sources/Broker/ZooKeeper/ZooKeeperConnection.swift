import Coordination
import Vocabulary
import ZooKeeper

/// One ZooKeeper client's connection: its session, and its requests in the order in which they came.
///
/// Writes go to the leader as they come, many at a time; a read waits until the writes before it are applied here, and holds back
/// those behind it, which it must not see. Answers leave in the order of the requests.
final class ZooKeeperConnection {
    ///     greeting -> opening -> open -> closing
    enum State {
        /// Nothing but a connect request, or a four-letter word, may come.
        case greeting
        /// The leader is asked for the session; later requests wait.
        case opening(ConnectRequest)
        case open
        /// The last answer is on its way.
        case closing
    }

    /// A request that waits for its turn, or for the leader.
    struct Slot {
        let id: UInt64
        let xid: Int32
        let request: ZooKeeperRequest
        let arrived: Instant
        /// It is the leader's to answer.
        let isAsked: Bool
        /// What the leader is to be asked, once the reads before it are answered.
        var held: PeerQuestion?
        /// The leader's answer to it.
        var reply: ZooKeeperReply?
        var zxid: Int64 = 0

        /// It is answered from the tree as it stands when its turn comes.
        var isRead: Bool { !isAsked && reply == nil }
    }

    let connection: BrokerConnection
    var state = State.greeting
    /// 0 until it is open; of a client that is only read for, a number of this broker's own below zero.
    var session: Int64 = 0
    var timeoutMs: Int32 = 0
    /// When the leader was asked for the session: it knows that its client lived then.
    var askedForSessionAt = Instant(nanoseconds: 0)
    /// The highest zxid that it was told.
    var seenZxid: Int64 = 0
    /// What it has shown to be: its address, and whom it proved.
    var identities: [Identity]
    /// Served without a quorum; writes are refused.
    var isReadOnly = false
    var statistics = ClientStatistics()

    private var slots: [Slot] = []
    private var first = 0
    /// Among `slots`: reads, which take their answer when their turn comes.
    private var readsWaiting = 0
    /// Among `slots`: requests that are held back.
    private var heldCount = 0
    private var nextSlot: UInt64 = 1

    init(_ connection: BrokerConnection, now: Moment) {
        self.connection = connection
        identities = [Identity(scheme: "ip", id: connection.peer)]
        statistics.established = now.timestamp
    }

    var isIdle: Bool { first == slots.count }
    var outstanding: Int { slots.count - first }
    /// It asked for the end of its session.
    var isClosingSession: Bool {
        slots[first...].contains { if case .closeSession = $0.request { $0.held == nil } else { false } }
    }
    /// What comes now must not take effect before a read has been answered.
    var isReadWaiting: Bool { readsWaiting > 0 }

    func takeID() -> UInt64 {
        defer { nextSlot += 1 }
        return nextSlot
    }

    func wait(_ slot: Slot) {
        if slot.isRead { readsWaiting += 1 }
        if slot.held != nil { heldCount += 1 }
        slots.append(slot)
    }

    /// The leader's answer to a request that waits.
    func answered(_ id: UInt64, _ reply: ZooKeeperReply, zxid: Int64) {
        guard let index = slots[first...].firstIndex(where: { $0.id == id }) else { return }
        slots[index].reply = reply
        slots[index].zxid = zxid
    }

    subscript(id: UInt64) -> Slot? { slots[first...].first { $0.id == id } }

    /// The next request that can be answered now.
    func takeReady() -> Slot? {
        guard first < slots.count, slots[first].reply != nil || !slots[first].isAsked else { return nil }
        let slot = slots[first]
        if slot.isRead { readsWaiting -= 1 }
        first += 1
        if first == slots.count {
            slots.removeAll(keepingCapacity: slots.count <= 256)
            first = 0
        } else if first >= 256, first * 2 >= slots.count {
            // A client that always has something under way never empties the row.
            slots.removeFirst(first)
            first = 0
        }
        return slot
    }

    /// The next request that was held back and has no read before it any more; it counts as asked from now on.
    func takeHeld() -> (question: PeerQuestion, id: UInt64)? {
        guard heldCount > 0 else { return nil }
        var index = first
        while index < slots.count, !slots[index].isRead {
            if let question = slots[index].held {
                slots[index].held = nil
                heldCount -= 1
                return (question, slots[index].id)
            }
            index += 1
        }
        return nil
    }
}

/// What `cons` and `stat` tell of a client, and `srvr` of all.
struct ClientStatistics {
    var established: Timestamp = 0
    var received: Int64 = 0
    var sent: Int64 = 0
    var lastOperation = "NA"
    var lastXid: Int32 = 0
    var lastZxid: Int64 = 0
    var latency = LatencyStatistics()
}

/// In milliseconds.
struct LatencyStatistics {
    private(set) var min: Int64 = 0
    private(set) var max: Int64 = 0
    private(set) var last: Int64 = 0
    private var total: Int64 = 0
    private var count: Int64 = 0

    var average: Double { count == 0 ? 0 : Double(total) / Double(count) }

    mutating func note(nanoseconds: Int64) {
        last = Swift.max(0, nanoseconds / 1_000_000)
        min = count == 0 ? last : Swift.min(min, last)
        max = Swift.max(max, last)
        total += last
        count += 1
    }
}
