import Vocabulary

/// What a consumer fetches, remembered between its requests, so that each names only what changed (KIP-227).
///
/// Confined to one loop; a client that comes back on another loop's connection is told to begin anew, which every client does
/// by itself.
final class FetchSession {
    struct Entry {
        let topic: FetchRequestFrame.TopicKey
        let index: Int32
        var fetchOffset: Offset
        var currentLeaderEpoch: LeaderEpoch
        var lastFetchedEpoch: LeaderEpoch
        var maxBytes: Int32
        /// What the client was told last; it is told again only what is news.
        var toldHighWatermark: Offset = -1
        var toldStartOffset: Offset = -1
        var toldError = false
    }

    struct Key: Hashable {
        let topic: FetchRequestFrame.TopicKey
        let index: Int32
    }

    let id: Int32
    /// Topics go by their ids, in all of the session's requests.
    let usesIDs: Bool
    /// The epoch that the next request must carry.
    var nextEpoch: Int32 = 1
    var lastUsed: Instant
    private(set) var entries: [Entry] = []
    private var places: [Key: Int] = [:]
    /// Where the next answer begins to look, so that the first partitions do not starve the last.
    var start = 0

    init(id: Int32, usesIDs: Bool, now: Instant) {
        self.id = id
        self.usesIDs = usesIDs
        lastUsed = now
    }

    func set(_ wanted: FetchRequestFrame.Partition) {
        let key = Key(topic: wanted.topic, index: wanted.index)
        if let place = places[key] {
            entries[place].fetchOffset = wanted.fetchOffset
            entries[place].currentLeaderEpoch = wanted.currentLeaderEpoch
            entries[place].lastFetchedEpoch = wanted.lastFetchedEpoch
            entries[place].maxBytes = wanted.maxBytes
        } else {
            places[key] = entries.count
            entries.append(Self.entry(wanted))
        }
    }

    func forget(_ topic: FetchRequestFrame.TopicKey, _ index: Int32) {
        guard let place = places.removeValue(forKey: Key(topic: topic, index: index)) else { return }
        entries.swapAt(place, entries.count - 1)
        entries.removeLast()
        if place < entries.count {
            places[Key(topic: entries[place].topic, index: entries[place].index)] = place
        }
    }

    func told(_ place: Int, highWatermark: Offset, startOffset: Offset, error: Bool) {
        entries[place].toldHighWatermark = highWatermark
        entries[place].toldStartOffset = startOffset
        entries[place].toldError = error
    }

    static func entry(_ wanted: FetchRequestFrame.Partition) -> Entry {
        Entry(
            topic: wanted.topic, index: wanted.index, fetchOffset: wanted.fetchOffset,
            currentLeaderEpoch: wanted.currentLeaderEpoch, lastFetchedEpoch: wanted.lastFetchedEpoch,
            maxBytes: wanted.maxBytes)
    }
}

/// A loop's share of `max.incremental.fetch.session.cache.slots`.
struct FetchSessionCache {
    private var sessions: [Int32: FetchSession] = [:]
    private let slots: Int

    /// A session unused for so long gives way to a new one (`min.incremental.fetch.session.eviction.ms`).
    private static let evictableAfterNanoseconds: Int64 = 120_000_000_000

    init(slots: Int) { self.slots = slots }

    var count: Int { sessions.count }

    func session(_ id: Int32) -> FetchSession? { sessions[id] }

    mutating func remove(_ id: Int32) { sessions[id] = nil }

    /// - Returns: nil when all slots are in use; the client is then answered in full each time.
    mutating func create(usesIDs: Bool, now: Instant, using random: inout SeededGenerator) -> FetchSession? {
        if sessions.count >= slots {
            guard let oldest = sessions.values.min(by: { ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id) }),
                now - oldest.lastUsed > Self.evictableAfterNanoseconds
            else { return nil }
            sessions[oldest.id] = nil
        }
        var id: Int32
        repeat { id = Int32.random(in: 1...Int32.max, using: &random) } while sessions[id] != nil
        let session = FetchSession(id: id, usesIDs: usesIDs, now: now)
        sessions[id] = session
        return session
    }
}
