import Consensus
import Vocabulary

/// Who waits for an answer of the leader's.
enum Asker {
    /// A request of a client here: its connection, and its place in the row of that client's requests.
    case client(connection: UInt64, request: UInt64)
    /// A command of this broker's control loop.
    case control(id: UInt64)
    /// This broker itself, coming up.
    case join
    /// This broker itself, which listens elsewhere than the quorum thinks.
    case correction
    /// This broker itself, on its way out.
    case leave
    /// This broker itself, which told who was heard from.
    case heard
    /// A Kafka client of this broker, about the quorum itself.
    case kafka(ControlRequest)
    /// An operator's wish, by this broker's HTTP.
    case admin(id: UInt64)
    /// Another broker, which asked us since we lead: on which connection, and what it calls the question.
    case peer(connection: UInt64, id: UInt64)
    /// The leader itself, which waits for nothing: an expiry, the znode of the controller.
    case nobody
}

/// Questions on their way to the leader, and answers that wait until this broker has applied what they rest on.
struct PendingAsks {
    /// Begins anywhere: the leader may still answer what this broker asked before it was restarted, and that must find nobody.
    private var nextID: UInt64
    private var underWay: [UInt64: Asker] = [:]
    /// Answered; by the offset up to which must be applied. Mostly in order.
    private var early: [(index: Offset, asker: Asker, answer: PeerAnswer)] = []
    /// Asked while no leader was known, with when they give up.
    private(set) var unsent: [(question: PeerQuestion, asker: Asker, until: Instant)] = []

    init(firstID: UInt64) { nextID = firstID }

    var count: Int { underWay.count + early.count + unsent.count }

    mutating func begin(_ asker: Asker) -> UInt64 {
        defer { nextID &+= 1 }
        underWay[nextID] = asker
        return nextID
    }

    mutating func end(_ id: UInt64) -> Asker? { underWay.removeValue(forKey: id) }

    mutating func wait(_ asker: Asker, _ answer: PeerAnswer) { early.append((answer.index, asker, answer)) }

    /// Answers whose state is applied.
    mutating func takeReady(applied: Offset) -> [(asker: Asker, answer: PeerAnswer)] {
        if early.isEmpty { return [] }
        let ready = early.filter { $0.index <= applied }
        if !ready.isEmpty { early.removeAll { $0.index <= applied } }
        return ready.map { ($0.asker, $0.answer) }
    }

    mutating func keep(_ question: PeerQuestion, _ asker: Asker, until: Instant) {
        unsent.append((question, asker, until))
    }

    mutating func takeUnsent() -> [(question: PeerQuestion, asker: Asker, until: Instant)] {
        defer { unsent.removeAll() }
        return unsent
    }

    mutating func takeExpired(at now: Instant) -> [Asker] {
        guard unsent.contains(where: { $0.until <= now }) else { return [] }
        let expired = unsent.filter { $0.until <= now }.map(\.asker)
        unsent.removeAll { $0.until <= now }
        return expired
    }

    var nextExpiry: Instant? { unsent.map(\.until).min() }

    /// The leader they were sent to is no more, or cannot be reached. In the order in which they were asked.
    mutating func takeUnderWay() -> [Asker] {
        defer { underWay.removeAll() }
        return underWay.sorted { $0.key < $1.key }.map(\.value)
    }
}
