import Vocabulary

/// A linearizable read on its way.
struct PendingRead: Sendable {
    let id: UInt64
    /// What was committed when it came; nil: nobody knows yet, see `hasCommittedInTerm`.
    var index: Offset?
    /// The round that proves that we still led then; nil: one to come.
    var round: UInt64?
}

/// Linearizable reads without writing to the log: thesis §6.4, §8 of the paper.
extension Raft {
    mutating func readRequested(_ id: UInt64) {
        guard role == .leader else {
            effects.append(.readRefused(id: id))
            return
        }
        office.reads.append(PendingRead(id: id, index: hasCommittedInTerm ? committed : nil))
        proveReads()
    }

    /// The leader's first entry is committed: reads that waited for it know their index.
    mutating func answerWaitingReads() {
        guard hasCommittedInTerm else { return }
        for i in office.reads.indices where office.reads[i].index == nil { office.reads[i].index = committed }
        proveReads()
    }

    /// Answers the reads whose round a majority has answered. The others share one round, begun after the last one came: so
    /// reads cost a round trip, however many there are.
    mutating func proveReads() {
        guard role == .leader, !office.reads.isEmpty else { return }
        let proven = voters.reachedByMajority { key in
            if key == me { return UInt64.max }
            return office.index(of: key).map { office.replicas[$0].round } ?? 0
        }
        // Alone, or with a majority of one: nobody else can have been elected.
        let isAlone = proven == .max || Canary.readsWithoutProof.isChosen
        var waiting: [PendingRead] = []
        for read in office.reads {
            if let index = read.index, isAlone || read.round.map({ $0 <= proven ?? 0 }) ?? false {
                effects.append(.readReady(id: read.id, index: index))
            } else {
                waiting.append(read)
            }
        }
        office.reads = waiting
        let isRoundOpen = waiting.contains { $0.round != nil }
        if !isRoundOpen, waiting.contains(where: { $0.index != nil }) { heartbeat() }
    }
}
