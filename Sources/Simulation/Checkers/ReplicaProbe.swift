package import Vocabulary

/// What the checkers see of a replica from within, without touching it.
package protocol ReplicaProbe: AnyObject {
    var term: LeaderEpoch { get }
    var isLeader: Bool { get }
    /// Whom it votes for in its term; nil: nobody yet.
    var votedFor: BrokerID? { get }
    /// Behind the last entry of its log.
    var logEndOffset: Offset { get }
    /// All below is committed, as this replica knows.
    var committedOffset: Offset { get }
    /// All below is applied.
    var appliedOffset: Offset { get }
    /// Of everything applied: equal states have equal digests.
    var stateDigest: UInt64 { get }
    /// The last transaction that changed the cluster's metadata, and their hash, which holds in this process. O(n).
    var metadataOffset: Offset { get }
    var metadataHash: Int { get }
    /// The term of the entry before `end`; nil where the log does not hold it any more.
    func term(before end: Offset) -> LeaderEpoch?
    /// The brokers that vote, by the set in force.
    var voterIDs: [BrokerID] { get }
    /// Set when the replica takes no part any more until it is restarted.
    var failureReason: String? { get }
    /// Sessions that own an ephemeral node and are not alive.
    var orphanedOwners: [Int64] { get }
    /// Stops the process when something within does not agree. O(n).
    func checkInvariants()
}
