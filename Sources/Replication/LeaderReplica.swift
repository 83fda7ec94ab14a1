package import Vocabulary

/// The leader's view of one partition: how far the log is committed, and who is in sync.
///
/// A record is committed once it is on stable storage of every in-sync replica (in their page caches, where the topic asks for
/// `write.caching`); only then may a consumer read it or a producer that asked for acks=all be answered.
/// The leader's own disk counts like a follower's: its position is the durable offset.
package struct LeaderReplica: Sendable {
    package enum Event: Sendable {
        case appended(endOffset: Offset)
        /// Everything below is on this broker's stable storage.
        case synced(upTo: Offset)
        /// The topic's `write.caching` changed.
        case writeCachingSet(Bool)
        /// A follower asked for records from there: it holds every record below.
        case fetched(by: BrokerID, from: Offset)
        case isrCommitted([BrokerID])
        /// The log was cut; what was committed stands.
        case truncated(endOffset: Offset)
        /// The log begins later now (DeleteRecords, retention).
        case startMoved(to: Offset)
    }

    package enum Effect: Equatable, Sendable {
        case advanceHighWatermark(to: Offset)
        case proposeISR([BrokerID])
    }

    /// `joining` is proposed, not yet answered. It holds the high watermark back all the same: the controller may already have
    /// agreed, and may elect it. Source: KIP-497.
    private enum Standing { case out, joining, inSync }

    private struct Follower {
        let id: BrokerID
        var endOffset: Offset
        var standing: Standing
    }

    package private(set) var highWatermark: Offset
    private var endOffset: Offset
    private var durableOffset: Offset
    private var writeCaching: Bool
    private var followers: [Follower]  // Sorted by id, so that effects come in one order.

    package init(
        endOffset: Offset, durableOffset: Offset, highWatermark: Offset, writeCaching: Bool,
        followers: [BrokerID] = []
    ) {
        invariant(highWatermark <= endOffset, "high watermark \(highWatermark) above the log end \(endOffset)")
        self.endOffset = endOffset
        self.durableOffset = durableOffset
        self.highWatermark = highWatermark
        self.writeCaching = writeCaching
        self.followers = followers.sorted().map { Follower(id: $0, endOffset: 0, standing: .out) }
    }

    package mutating func step(_ event: Event) -> [Effect] {
        switch event {
        case .appended(let end):
            invariant(end >= endOffset, "log end went back: \(endOffset) -> \(end)")
            endOffset = end
        case .synced(let upTo):
            invariant(upTo <= endOffset, "synced up to \(upTo), the log ends at \(endOffset)")
            durableOffset = max(durableOffset, upTo)
        case .writeCachingSet(let on):
            writeCaching = on
        case .fetched(let id, let from):
            return fetched(by: id, from: from)
        case .isrCommitted(let ids):
            for i in followers.indices { followers[i].standing = ids.contains(followers[i].id) ? .inSync : .out }
        case .truncated(let end):
            invariant(end >= highWatermark, "cut to \(end), below the high watermark \(highWatermark)")
            endOffset = end
            durableOffset = min(durableOffset, end)
        case .startMoved(let start):
            if start > highWatermark {
                invariant(start <= endOffset, "log start \(start) behind the log end \(endOffset)")
                highWatermark = start
                return [.advanceHighWatermark(to: start)]
            }
        }
        return advanceHighWatermark()
    }

    private mutating func fetched(by id: BrokerID, from: Offset) -> [Effect] {
        guard let i = followers.firstIndex(where: { $0.id == id }) else { return [] }  // Moved away.
        followers[i].endOffset = from
        let joins = followers[i].standing == .out && from >= highWatermark
        if joins { followers[i].standing = .joining }
        return advanceHighWatermark() + (joins ? [.proposeISR(counted)] : [])
    }

    /// Who holds the high watermark back, this broker aside.
    private var counted: [BrokerID] { followers.filter { $0.standing != .out }.map(\.id) }

    private mutating func advanceHighWatermark() -> [Effect] {
        var lowest = writeCaching ? endOffset : durableOffset
        for follower in followers where follower.standing != .out { lowest = min(lowest, follower.endOffset) }
        guard lowest > highWatermark else { return [] }
        invariant(lowest <= endOffset, "high watermark \(lowest) above the log end \(endOffset)")
        highWatermark = lowest
        return [.advanceHighWatermark(to: lowest)]
    }
}
