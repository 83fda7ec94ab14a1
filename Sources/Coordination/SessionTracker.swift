package import Vocabulary

/// When each session's client was last heard of: the leader's alone, never replicated.
///
/// Hearing of one only moves its deadline; sessions stand in slots of time by the deadline they had when last looked at, and
/// a slot that is over hands those on that were heard of since. So each costs a look once in its timeout.
package struct SessionTracker: Sendable {
    private struct Entry: Sendable {
        var timeoutMs: Int32
        var deadline: Instant
        var slot: Int64
    }

    private var entries: [Int64: Entry] = [:]
    private var slots: [Int64: Set<Int64>] = [:]

    package init() {}

    /// All sessions are as if just heard of: what a new leader begins with.
    package init(_ sessions: some Sequence<Session>, at now: Instant) {
        for session in sessions { add(session.id, timeoutMs: session.timeoutMs, at: now) }
    }

    package var count: Int { entries.count }

    /// A session is created, or its timeout changed.
    package mutating func add(_ id: Int64, timeoutMs: Int32, at now: Instant) {
        remove(id)
        let deadline = now.adding(milliseconds: Int64(timeoutMs))
        let slot = Self.slot(deadline)
        entries[id] = Entry(timeoutMs: timeoutMs, deadline: deadline, slot: slot)
        slots[slot, default: []].insert(id)
    }

    package mutating func remove(_ id: Int64) {
        if let entry = entries.removeValue(forKey: id) { leave(entry.slot, id) }
    }

    /// Anything came from its client. One that is not known has expired, or is not decided yet.
    package mutating func heard(_ id: Int64, at now: Instant) {
        guard let entry = entries[id] else { return }
        let deadline = now.adding(milliseconds: Int64(entry.timeoutMs))
        if deadline > entry.deadline { entries[id]?.deadline = deadline }  // News may come late.
    }

    /// Everyone gets a fresh timeout.
    package mutating func restart(at now: Instant) {
        let timeouts = entries.map { ($0.key, $0.value.timeoutMs) }
        self = SessionTracker()
        for (id, timeoutMs) in timeouts { add(id, timeoutMs: timeoutMs, at: now) }
    }

    /// Those whose time is over, sorted; they are not tracked any more. Called at `nextDeadline`, it is never early, and
    /// late by an eighth of a second at most.
    package mutating func takeExpired(at now: Instant) -> [Int64] {
        var expired: [Int64] = []
        for slot in slots.keys.filter({ Self.end(of: $0) <= now }) {
            for id in slots.removeValue(forKey: slot) ?? [] {
                guard let entry = entries[id] else { continue }
                if entry.deadline <= now {
                    entries[id] = nil
                    expired.append(id)
                } else {
                    let next = Self.slot(entry.deadline)
                    entries[id]?.slot = next
                    slots[next, default: []].insert(id)
                }
            }
        }
        return expired.sorted()
    }

    /// When to look again; nil while nobody is tracked.
    package var nextDeadline: Instant? { slots.keys.min().map(Self.end) }

    private mutating func leave(_ slot: Int64, _ id: Int64) {
        slots[slot]?.remove(id)
        if slots[slot]?.isEmpty == true { slots[slot] = nil }
    }

    /// 2^27 nanoseconds, 134 ms.
    private static let slotBits: Int64 = 27
    private static func slot(_ time: Instant) -> Int64 { time.nanoseconds >> slotBits }
    private static func end(of slot: Int64) -> Instant {
        let next = slot + 1
        return next > Int64.max >> slotBits ? .distantFuture : Instant(nanoseconds: next << slotBits)
    }
}
