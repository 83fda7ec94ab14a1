import Vocabulary

/// Happenings by time; those of one time in the order in which they came.
struct EventQueue<Element> {
    private var heap: [(time: Instant, sequence: Int, element: Element)] = []
    private var sequence = 0

    var nextTime: Instant? { heap.first?.time }

    mutating func push(_ element: Element, at time: Instant) {
        sequence += 1
        heap.append((time, sequence, element))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (Instant, Element)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.time, first.element)
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        heap[a].time == heap[b].time ? heap[a].sequence < heap[b].sequence : heap[a].time < heap[b].time
    }
}
