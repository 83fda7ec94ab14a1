import Synchronization

/// Bugs planted on purpose, to prove that the simulator finds such: each is a promise, broken.
///
/// None is in force unless a test program asks for one before it starts a broker. Where one is looked at costs a relaxed load.
package enum Canary: UInt8, CaseIterable, Sendable {
    /// A follower acknowledges entries that are in its page cache only.
    case acknowledgesUnsynced = 1
    /// A vote is given without having been written down.
    case forgetsVote = 2
    /// A leader counts copies of an older term's entries (§5.4.2).
    case commitsOldTerm = 3
    /// A candidate with a shorter log is voted for (§5.4.1).
    case votesForShorterLog = 4
    /// Old entries are kept though the leader's differ (§5.3).
    case keepsConflict = 5
    /// A leader answers a linearizable read without having proved that it still leads (thesis §6.4).
    case readsWithoutProof = 6
    /// A session's ephemeral nodes outlive it.
    case keepsEphemerals = 7
    /// One event in eight is never told.
    case losesEvents = 8
    /// One topic in three is said to be made, and is not.
    case forgetsTopics = 9
    /// Nodes with a time to live have half of it.
    case expiresNodesEarly = 10
    /// Records are acknowledged, with acks=all, and shown to consumers while they are in the page cache only.
    case acknowledgesUnsyncedRecords = 11
    /// Access lists bar nobody from reading.
    case letsAnyoneRead = 12
    /// A start knows of a producer's batches only what a snapshot tells, and not what was written behind it.
    case forgetsProducers = 13

    private static let chosen = Atomic<UInt8>(0)

    /// Lets it sing from now on, in the whole process; nil: none.
    package static func choose(_ canary: Canary?) { chosen.store(canary?.rawValue ?? 0, ordering: .relaxed) }

    /// Whether this is the bug in force.
    @inline(__always)
    package var isChosen: Bool { Self.chosen.load(ordering: .relaxed) == rawValue }
}
