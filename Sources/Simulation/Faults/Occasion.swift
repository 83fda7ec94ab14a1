import Vocabulary

/// Something that a broker just did and that others now rest on: a moment at which a fault is worth more than at any other.
enum Occasion: Hashable, Sendable {
    /// It stands for election in a new term.
    case stood(broker: Int)
    /// It gave its vote to another.
    case voted(broker: Int)
    /// It leads a new term.
    case elected(broker: Int)
    /// It leads, and knows that more is committed: clients are about to be told. `isAll`: nothing in its log waits for that now.
    case committed(broker: Int, isAll: Bool)
}

/// Finds the occasions, by what each broker shows after a turn and what it showed before.
struct OccasionWatch {
    private struct Standing {
        var life: Int
        var term: LeaderEpoch
        var votedFor: BrokerID?
        var isLeader: Bool
        var committed: Offset
    }
    private var last: [Int: Standing] = [:]

    mutating func look(at node: SimulatedNode, _ probe: any ReplicaProbe) -> [Occasion] {
        let broker = node.number
        let now = Standing(
            life: node.life, term: probe.term, votedFor: probe.votedFor, isLeader: probe.isLeader,
            committed: probe.committedOffset)
        defer { last[broker] = now }
        guard let before = last[broker], before.life == now.life else { return [] }
        var occasions: [Occasion] = []
        let isVoteNew = now.votedFor != before.votedFor || now.term != before.term
        if isVoteNew, let votedFor = now.votedFor {
            let isOwn = Int(votedFor.value) == broker
            occasions.append(isOwn ? .stood(broker: broker) : .voted(broker: broker))
        }
        if now.isLeader {
            let isNew = !before.isLeader || before.term != now.term
            if isNew {
                occasions.append(.elected(broker: broker))
            } else if now.committed > before.committed {
                let isAll = now.committed == probe.logEndOffset
                occasions.append(.committed(broker: broker, isAll: isAll))
            }
        }
        return occasions
    }
}
