import Consensus
import Coordination
import Metadata
package import Vocabulary

/// What checkers see of a replica from outside its loop, without touching it. Not for other threads.
extension QuorumLoop {
    package var term: LeaderEpoch { raft.term }
    package var isLeader: Bool { raft.role == .leader }
    /// Whom it votes for in its term; nil: nobody yet.
    package var votedFor: BrokerID? { raft.hardState.votedFor?.id }
    package var logEndOffset: Offset { raft.logEnd }
    /// All below is committed, as this replica knows.
    package var committedOffset: Offset { raft.committed }
    package var appliedOffset: Offset { applied }
    /// Why this replica takes no part any more.
    package var failureReason: String? { failure }
    package var voterIDs: [BrokerID] { raft.voters.voters.map(\.key.id) }
    package var replicaKey: (id: BrokerID, directory: UUID128) { (me.id, me.directory) }

    /// The term of the entry before `end`; nil where the log does not reach back there.
    package func term(before end: Offset) -> LeaderEpoch? { raft.position(at: end)?.term }

    /// Of all that is applied: equal on replicas that have applied the same.
    package var stateDigest: UInt64 { coordination.digest }

    /// The last transaction of the committed metadata, and a hash of them that holds in this process. O(n).
    package var metadataOffset: Offset { metadata.committed.lastOffset }
    package var metadataHash: Int { metadata.committed.contentHash }

    /// Sessions that own a node and are not alive.
    package var orphanedOwners: [Int64] { coordination.orphanedOwners }

    package func checkInvariants() {
        guard failure == nil else { return }
        raft.checkInvariants()
        invariant(applied <= log.endOffset, "applied up to \(applied), the log ends at \(log.endOffset)")
        invariant(
            raft.logEnd == log.endOffset, "Raft's log ends at \(raft.logEnd), the files' at \(log.endOffset)")
    }
}
