import HashTreeCollections

/// Whether a node is one that goes by itself, as it stands now: a container that is empty, a time to live that runs.
enum Mortality: Hashable, Sendable {
    /// Had children, has none. One that never had a child stays: its maker may be about to give it one.
    case emptyContainer
    /// Without children, and over at this time, in milliseconds since 1970, if nobody touches it.
    case expires(at: Int64)
}

extension Znode {
    var mortality: Mortality? {
        if head.owner.bits == 0 || !children.isEmpty { return nil }
        if head.owner.isContainer { return head.childrenCreated == 0 ? nil : .emptyContainer }
        guard let ttl = head.owner.ttl else { return nil }
        return .expires(at: head.mtime.addingReportingOverflow(ttl).partialValue)
    }
}

/// The nodes that go by themselves, by when: so that finding those which are due does not walk the tree.
struct MortalNodes: Hashable, Sendable {
    private(set) var emptyContainers: TreeSet<ExactText> = []
    /// Sorted by time; none is empty.
    private var slots: [Slot] = []

    /// Nodes that expire within the same four seconds.
    private struct Slot: Hashable, Sendable {
        let number: Int64
        var paths: TreeSet<ExactText>
    }

    mutating func replace(_ before: Mortality?, by after: Mortality?, _ path: ZnodePath) {
        if before == after { return }
        switch before {
        case nil: break
        case .emptyContainer: emptyContainers.remove(path.key)
        case .expires(let time):
            let (index, isThere) = find(time)
            guard isThere else { break }
            slots[index].paths.remove(path.key)
            if slots[index].paths.isEmpty { slots.remove(at: index) }
        }
        switch after {
        case nil: break
        case .emptyContainer: emptyContainers.insert(path.key)
        case .expires(let time):
            let (index, isThere) = find(time)
            if !isThere { slots.insert(Slot(number: Self.slot(time), paths: []), at: index) }
            slots[index].paths.insert(path.key)
        }
    }

    /// Nodes that may have expired at `time`; some are up to four seconds early.
    func expiring(upTo time: Int64) -> some Sequence<ExactText> {
        slots.prefix { $0.number <= Self.slot(time) }.lazy.flatMap(\.paths)
    }

    private static func slot(_ time: Int64) -> Int64 { time >> 12 }

    private func find(_ time: Int64) -> (index: Int, isThere: Bool) {
        let number = Self.slot(time)
        var (low, high) = (0, slots.count)
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return (low, low < slots.count && slots[low].number == number)
    }
}
