import Vocabulary

/// Who waits for which partition, on one loop: put in and taken out in constant time, told first come, first served.
///
/// An idle connection's waits cost nothing but their nodes; a partition nobody waits for has no entry.
struct WaitLists<Wait> {
    /// A place in a list. Valid until it is removed.
    struct Place: Equatable {
        fileprivate let index: Int32
    }

    private struct Node {
        var wait: Wait?
        var partition: Partition?
        var next: Int32
        var previous: Int32
    }

    private struct Ends {
        var first: Int32
        var last: Int32
    }

    private var nodes: [Node] = []
    private var free: Int32 = -1
    private var lists: [ObjectIdentifier: Ends] = [:]
    private(set) var count = 0

    mutating func add(_ wait: Wait, for partition: Partition) -> Place {
        let key = ObjectIdentifier(partition)
        let last = lists[key]?.last ?? -1
        let node = Node(wait: wait, partition: partition, next: -1, previous: last)
        let index: Int32
        if free >= 0 {
            index = free
            free = nodes[Int(index)].next
            nodes[Int(index)] = node
        } else {
            index = Int32(nodes.count)
            nodes.append(node)
        }
        if last >= 0 {
            nodes[Int(last)].next = index
            lists[key]!.last = index
        } else {
            lists[key] = Ends(first: index, last: index)
        }
        count += 1
        return Place(index: index)
    }

    mutating func remove(_ place: Place) {
        let node = nodes[Int(place.index)]
        guard let partition = node.partition else { invariantFailed("a wait was removed twice") }
        let key = ObjectIdentifier(partition)
        if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { lists[key]!.first = node.next }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous } else { lists[key]!.last = node.previous }
        if lists[key]!.first < 0 { lists[key] = nil }
        nodes[Int(place.index)] = Node(wait: nil, partition: nil, next: free, previous: -1)
        free = place.index
        count -= 1
    }

    func isEmpty(for partition: Partition) -> Bool { lists[ObjectIdentifier(partition)] == nil }

    /// The one that waits longest.
    func first(for partition: Partition) -> (place: Place, wait: Wait)? {
        guard let ends = lists[ObjectIdentifier(partition)] else { return nil }
        return (Place(index: ends.first), nodes[Int(ends.first)].wait!)
    }

    /// All that wait for it, longest first.
    func all(for partition: Partition) -> [Wait] {
        var index = lists[ObjectIdentifier(partition)]?.first ?? -1
        var waits: [Wait] = []
        while index >= 0 {
            waits.append(nodes[Int(index)].wait!)
            index = nodes[Int(index)].next
        }
        return waits
    }
}
