package import Vocabulary

/// The client's half of a fetch session with one broker: after the first request only what changed is sent.
///
/// Source: KIP-227. Epoch 0 opens a session, then epochs rise by one a request, from 2^31 - 1 to 1.
package struct FetchSession: Equatable, Sendable {
    /// What the broker must know of a partition.
    package struct Wish: Equatable, Sendable {
        package let offset: Offset
        package let leaderEpoch: LeaderEpoch
        package let topicID: TopicID
        package let maxBytes: Int32

        package init(offset: Offset, leaderEpoch: LeaderEpoch, topicID: TopicID, maxBytes: Int32) {
            self.offset = offset
            self.leaderEpoch = leaderEpoch
            self.topicID = topicID
            self.maxBytes = maxBytes
        }
    }
    package private(set) var id: Int32 = 0
    package private(set) var epoch: Int32 = 0
    private var told: [TopicPartition: Wish] = [:]

    package init() {}

    /// What the next request must name, in order. Call it once a request; `answered` or `reset` must follow.
    package mutating func plan(
        _ wanted: [TopicPartition: Wish]
    ) -> (changed: [TopicPartition], forgotten: [(place: TopicPartition, topicID: TopicID)]) {
        var forgotten: [(place: TopicPartition, topicID: TopicID)] = []
        if epoch == 0 {
            told = [:]
        } else {
            forgotten = told.filter { wanted[$0.key]?.topicID != $0.value.topicID }
                .map { (place: $0.key, topicID: $0.value.topicID) }
                .sorted { $0.place < $1.place }
        }
        let changed = wanted.filter { told[$0.key] != $0.value }.keys.sorted()
        told = wanted
        return (changed, forgotten)
    }

    /// - Returns: false when the session is gone: the same fetch must be sent again, in full.
    package mutating func answered(_ head: FetchedHead) -> Bool {
        switch head.error {
        case .none:
            if head.sessionID == 0 {
                reset()
            } else {
                id = head.sessionID
                epoch = epoch == .max ? 1 : epoch + 1
            }
            return true
        case .fetchSessionIdNotFound:
            reset()
            return false
        default:
            reopen()
            return false
        }
    }

    /// The connection is lost, or the broker knows no sessions.
    package mutating func reset() {
        id = 0
        reopen()
    }

    /// Closes the broker's session by opening a new one under the old id.
    package mutating func reopen() {
        epoch = 0
        told = [:]
    }
}
