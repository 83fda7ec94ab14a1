import Vocabulary

/// Finds connections that have been idle too long, at no cost while they are: each lies in one bucket and is
/// looked at once per idle time, when its bucket comes round. Coarse: closes up to a sixteenth late.
struct IdleWheel {
    private var buckets: [[ConnectionKey]] = Array(repeating: [], count: 18)
    private let tick: Int64
    private var current: Int64

    init(idleNanoseconds: Int64, now: Instant) {
        tick = max(1_000_000, idleNanoseconds / 16)
        current = now.nanoseconds / tick
    }

    /// Looks at the connection again once `deadline` has passed.
    mutating func insert(_ key: ConnectionKey, deadline: Instant) {
        let due = min(max(current + 1, deadline.nanoseconds / tick + 1), current + Int64(buckets.count) - 1)
        buckets[Int(due % Int64(buckets.count))].append(key)
    }

    /// Takes those to look at now.
    mutating func takeDue(_ now: Instant) -> [ConnectionKey] {
        let target = now.nanoseconds / tick
        guard target > current else { return [] }
        var due: [ConnectionKey] = []
        for step in 1...min(target - current, Int64(buckets.count)) {
            let index = Int((current + step) % Int64(buckets.count))
            due += buckets[index]
            buckets[index].removeAll()
        }
        current = target
        return due
    }

    /// When the next bucket comes round.
    var nextTick: Instant { Instant(nanoseconds: (current + 1) * tick) }
}
