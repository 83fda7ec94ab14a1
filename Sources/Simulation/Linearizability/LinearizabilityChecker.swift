package import Vocabulary

/// An object as if one client at a time used it.
package protocol SequentialModel {
    associatedtype State: Hashable
    associatedtype Operation
    var initial: State { get }
    /// The state after the operation, when its recorded outcome fits `state`; nil when it could not have answered so.
    ///
    /// For one whose outcome is unknown: the state after it if it would have changed anything, else nil.
    func apply(_ operation: Operation, to state: State) -> State?
}

/// One operation of a history: somewhere between the two moments it took effect.
package struct Interval<Operation> {
    package let operation: Operation
    package let invoked: Instant
    /// Nil: nobody knows what became of it. It may have taken effect at any time since, or never.
    package let returned: Instant?

    package init(_ operation: Operation, invoked: Instant, returned: Instant?) {
        self.operation = operation
        self.invoked = invoked
        self.returned = returned
    }
}

package enum LinearizabilityVerdict: Equatable, Sendable {
    case linearizable
    /// No order fits. `stuckAt`: the operation that found no place in the longest order that was found.
    case violated(stuckAt: Int, placed: Int)
    /// The search was given up after so many steps.
    case undecided
}

/// Whether there is an order of all operations that keeps to real time and in which each one's outcome is right.
///
/// Wing and Gong's search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of configurations that led
/// nowhere ("Testing for linearizability", 2017). A configuration is the set of operations placed and the state; of the set
/// only a 128-bit fingerprint is kept, so a step costs the same in a history of any length.
package struct LinearizabilityChecker<Model: SequentialModel> {
    private let model: Model
    private let history: [Interval<Model.Operation>]
    /// Calls and returns in order of time, as a doubly linked list in arrays: index 0 is the head.
    private var next: [Int] = []
    private var previous: [Int] = []
    private var entries: [Entry] = []

    private enum Entry {
        case head
        case call(Int)
        case `return`(Int)
    }
    private struct Configuration: Hashable {
        let high: UInt64
        let low: UInt64
        let state: Model.State
    }
    private struct Placed {
        let entry: Int
        let stateBefore: Model.State
    }

    package init(_ model: Model, _ history: [Interval<Model.Operation>]) {
        self.model = model
        self.history = history
    }

    /// - Parameter stepsMax: how many placements are tried before it gives up.
    package mutating func check(stepsMax: Int = 20_000_000) -> LinearizabilityVerdict {
        let (callOf, returnOf) = link()
        let marks = Self.marks(history.count)
        var unreturned = history.reduce(0) { $0 + ($1.returned == nil ? 0 : 1) }
        var seen: Set<Configuration> = []
        var placed: [Placed] = []
        var state = model.initial
        var high: UInt64 = 0
        var low: UInt64 = 0
        var entry = next[0]
        var best = (placed: -1, stuckAt: 0)
        var steps = 0
        while unreturned > 0 {
            if case .call(let operation) = entries[entry] {
                steps += 1
                if steps > stepsMax { return .undecided }
                if let after = model.apply(history[operation].operation, to: state) {
                    let mark = marks[operation]
                    let configuration = Configuration(
                        high: high ^ mark.high, low: low ^ mark.low, state: after)
                    if seen.insert(configuration).inserted {
                        placed.append(Placed(entry: entry, stateBefore: state))
                        state = after
                        high = configuration.high
                        low = configuration.low
                        unlink(callOf[operation])
                        if let entry = returnOf[operation] {
                            unlink(entry)
                            unreturned -= 1
                        }
                        entry = next[0]
                        continue
                    }
                }
                entry = next[entry]
                continue
            }
            // A return whose call is not placed yet, or the end: what was placed last was wrong there.
            if case .return(let operation) = entries[entry], placed.count > best.placed {
                best = (placed.count, operation)
            }
            guard let last = placed.popLast(), case .call(let operation) = entries[last.entry] else {
                return .violated(stuckAt: best.stuckAt, placed: max(0, best.placed))
            }
            state = last.stateBefore
            high ^= marks[operation].high
            low ^= marks[operation].low
            if let entry = returnOf[operation] {
                relink(entry)
                unreturned += 1
            }
            relink(callOf[operation])
            entry = next[last.entry]
        }
        return .linearizable
    }

    /// Calls go before returns of the same moment: then they may overlap.
    private mutating func link() -> (callOf: [Int], returnOf: [Int?]) {
        var moments: [(at: Instant, isReturn: Bool, operation: Int)] = []
        for (index, interval) in history.enumerated() {
            moments.append((interval.invoked, false, index))
            if let returned = interval.returned { moments.append((returned, true, index)) }
        }
        moments.sort { a, b in
            if a.at != b.at { return a.at < b.at }
            return a.isReturn != b.isReturn ? !a.isReturn : a.operation < b.operation
        }
        entries = [.head]
        var callOf = [Int](repeating: 0, count: history.count)
        var returnOf = [Int?](repeating: nil, count: history.count)
        for moment in moments {
            if moment.isReturn {
                returnOf[moment.operation] = entries.count
            } else {
                callOf[moment.operation] = entries.count
            }
            entries.append(moment.isReturn ? .return(moment.operation) : .call(moment.operation))
        }
        // The list is a ring: the head stands for the end too.
        let count = entries.count
        next = (0..<count).map { ($0 + 1) % count }
        previous = (0..<count).map { ($0 + count - 1) % count }
        return (callOf, returnOf)
    }

    private mutating func unlink(_ entry: Int) {
        next[previous[entry]] = next[entry]
        previous[next[entry]] = previous[entry]
    }

    /// Undoes `unlink`; in the opposite order of the unlinking.
    private mutating func relink(_ entry: Int) {
        next[previous[entry]] = entry
        previous[next[entry]] = entry
    }

    private static func marks(_ count: Int) -> [(high: UInt64, low: UInt64)] {
        var generator = SeededGenerator(seed: 0x11EA_12AB_1E00_0001)
        return (0..<count).map { _ in (generator.next(), generator.next()) }
    }
}
