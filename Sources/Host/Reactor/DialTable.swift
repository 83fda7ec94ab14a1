import Broker
import Vocabulary

/// The connections that a loop is making. Confined to its loop.
///
/// A dial is `resolving` → `connecting`, to one address after the other → gone; or `failed` → gone, in the
/// loop's next turn, so that a logic that dials again at once cannot keep the loop in this one.
struct DialTable {
    struct Entry {
        enum Stage {
            case resolving
            case connecting(descriptor: Int32, address: String)
            case failed
        }

        let dial: Dial
        /// When it fails, whatever is under way.
        let deadline: Instant
        var stage = Stage.resolving
        /// Those not tried yet.
        var addresses: [String] = []
        /// When to stop trying the address in hand.
        var due: Instant
        /// Why the last address failed.
        var reason = "its name was not resolved in time"
    }

    private(set) var entries: [UInt32: Entry] = [:]
    private var last: UInt32 = 0

    subscript(number: UInt32) -> Entry? {
        get { entries[number] }
        set { entries[number] = newValue }
    }

    /// - Returns: its number, which no other dial under way has.
    mutating func begin(_ dial: Dial, deadline: Instant) -> UInt32 {
        repeat { last &+= 1 } while entries[last] != nil
        entries[last] = Entry(dial: dial, deadline: deadline, due: deadline)
        return last
    }

    /// Those whose time is up, oldest first.
    func due(_ now: Instant) -> [UInt32] {
        if entries.isEmpty { return [] }
        return entries.filter { $0.value.due <= now }.map(\.key).sorted()
    }

    var nextDue: Instant { entries.values.map(\.due).min() ?? .distantFuture }
}
