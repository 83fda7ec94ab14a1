import Vocabulary

/// Deadlines by the thousand: set and taken back in constant time, since nearly all are taken back.
///
/// A hashed wheel of 4,096 slots of 1 ms; a deadline further off goes round more than once. Fires at or after the
/// deadline, never before. Source: Varghese and Lauck, "Hashed and hierarchical timing wheels" (1987), scheme 6.
struct TimerWheel<Payload> {
    /// Names a timer that is set; `none` names nothing.
    struct Handle: Equatable {
        fileprivate let index: Int32
        static var none: Handle { Handle(index: -1) }
    }

    private struct Node {
        var deadline: Instant
        var payload: Payload?
        var next: Int32
        var previous: Int32  // -1: first of its slot.
    }

    private var nodes: [Node] = []
    private var free: Int32 = -1
    private var slots = [Int32](repeating: -1, count: slotCount)
    private var occupied = [UInt64](repeating: 0, count: slotCount / 64)
    private var tick: Int64  // Every slot up to and including this tick has fired.
    private(set) var count = 0

    private static var slotCount: Int { 4096 }
    private static var tickNanoseconds: Int64 { 1_000_000 }

    init(now: Instant) { tick = now.nanoseconds / Self.tickNanoseconds }

    mutating func set(_ deadline: Instant, _ payload: Payload) -> Handle {
        // Rounded up: never early. A deadline that has passed fires at the next tick.
        let due = max(tick + 1, Self.tick(atOrAfter: deadline))
        let slot = Int(due) & (Self.slotCount - 1)
        let node = Node(deadline: deadline, payload: payload, next: slots[slot], previous: -1)
        let index: Int32
        if free >= 0 {
            index = free
            free = nodes[Int(index)].next
            nodes[Int(index)] = node
        } else {
            index = Int32(nodes.count)
            nodes.append(node)
        }
        if node.next >= 0 { nodes[Int(node.next)].previous = index }
        slots[slot] = index
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
        count += 1
        return Handle(index: index)
    }

    mutating func cancel(_ handle: Handle) {
        guard handle.index >= 0 else { return }
        let node = nodes[Int(handle.index)]
        invariant(node.payload != nil, "a timer was cancelled twice")
        if node.previous >= 0 {
            nodes[Int(node.previous)].next = node.next
        } else {
            // The head of one of the slots its deadline can lie in: the one that names it.
            let slot = slotHeaded(by: handle.index, deadline: node.deadline)
            slots[slot] = node.next
            if node.next < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
        }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        release(handle.index)
    }

    /// Takes out what is due at `now`, in the order of the ticks.
    mutating func fire(at now: Instant) -> [Payload] {
        let target = now.nanoseconds / Self.tickNanoseconds
        guard target > tick else { return [] }
        var fired: [Payload] = []
        if count > 0 {
            let span = min(target - tick, Int64(Self.slotCount))
            for step in 1...span { takeDue(slot: Int(tick + step) & (Self.slotCount - 1), now: now, into: &fired) }
        }
        tick = target
        return fired
    }

    /// When to look again: at or before the next deadline; nil when no timer is set.
    var nextWake: Instant? {
        guard count > 0 else { return nil }
        let start = Int(tick + 1) & (Self.slotCount - 1)
        var word = start >> 6
        var bits = occupied[word] & (~0 << UInt64(start & 63))
        for _ in 0...occupied.count {
            if bits != 0 {
                let slot = word << 6 | bits.trailingZeroBitCount
                let ahead = (slot - start) & (Self.slotCount - 1)
                return Instant(nanoseconds: (tick + 1 + Int64(ahead)) * Self.tickNanoseconds)
            }
            word = (word + 1) & (occupied.count - 1)
            bits = occupied[word]
        }
        return nil
    }

    private mutating func takeDue(slot: Int, now: Instant, into fired: inout [Payload]) {
        var index = slots[slot]
        while index >= 0 {
            let node = nodes[Int(index)]
            if node.deadline <= now {
                fired.append(node.payload!)
                if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { slots[slot] = node.next }
                if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
                release(index)
            }
            index = node.next
        }
        if slots[slot] < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }

    private mutating func release(_ index: Int32) {
        nodes[Int(index)].payload = nil
        nodes[Int(index)].next = free
        free = index
        count -= 1
    }

    private func slotHeaded(by index: Int32, deadline: Instant) -> Int {
        let slot = Int(Self.tick(atOrAfter: deadline)) & (Self.slotCount - 1)
        if slots[slot] == index { return slot }
        // It was late when it was set, and so lies in the slot of the tick that followed.
        return slots.firstIndex(of: index)!
    }

    private static func tick(atOrAfter deadline: Instant) -> Int64 {
        let (rounded, overflow) = deadline.nanoseconds.addingReportingOverflow(tickNanoseconds - 1)
        return (overflow ? Int64.max : rounded) / tickNanoseconds
    }
}
