import Metadata
import Ports
import Vocabulary

/// A log whose committed records are the same on every voter, and stay.
///
/// The control loop's only view of consensus: it proposes records, replays them, and holds replies until they
/// are committed. A lone voter's own disk is behind it now (`MetadataLog`); a Raft quorum fits the same
/// words: `propose` on the leader only, `committed` moving when a majority has synced.
protocol ReplicatedLog: AnyObject {
    /// What the next record gets.
    var endOffset: Offset { get }
    /// All below is committed.
    var committedOffset: Offset { get }
    /// Where recovery begins after a crash.
    var recoveryPoint: Offset { get }
    /// Set when the log can take no more: its disk failed.
    var failure: String? { get }

    /// Appends the records as one batch, whole or not at all. They are committed later.
    /// - Returns: the first record's offset; the others follow without gaps.
    func propose(_ records: [MetadataRecord], now: Timestamp) throws(DiskError) -> Offset
    /// What it wants of the host since it was last asked.
    func takeEffects() -> [LoopEffect]
    /// A sync it asked for is done, or failed.
    func synced(_ outcome: SyncOutcome)
    /// Its disk failed elsewhere: nothing more is committed.
    func fail(_ why: String)
    /// Makes everything proposed durable here and now, and lets go of the files.
    func close(now: Timestamp) throws(DiskError)
}
