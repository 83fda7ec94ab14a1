package import Vocabulary

/// What is to happen, earliest first; what falls on the same moment goes in the order it was put in.
///
/// A binary heap in one array: O(log n) in and out.
package struct EventQueue<Event> {
    private struct Entry {
        let at: Instant
        let sequence: UInt64
        let event: Event

        static func isEarlier(_ a: Entry, _ b: Entry) -> Bool {
            a.at == b.at ? a.sequence < b.sequence : a.at < b.at
        }
    }
    private var heap: [Entry] = []
    private var nextSequence: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { heap.isEmpty }
    package var count: Int { heap.count }
    /// When the earliest is due.
    package var nextAt: Instant? { heap.first?.at }

    package mutating func put(_ event: Event, at: Instant) {
        heap.append(Entry(at: at, sequence: nextSequence, event: event))
        nextSequence += 1
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard Entry.isEarlier(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    package mutating func take() -> (at: Instant, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.event)
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if Entry.isEarlier(heap[child], heap[least]) { least = child }
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
