import CommitLog
import Ports
import Replication
import Vocabulary

extension Partition {
    /// What happens within the lock.
    struct State {
        var log: Log?
        /// Why there is no log.
        var offlineReason: String
        /// What whoever asks is told then.
        var offlineCode = ErrorCode.kafkaStorageError
        var replica: LeaderReplica
        var leaderEpoch: LeaderEpoch
        var writeCaching: Bool
        /// A sync is under way; the next is asked for when it returns, for all that came in between.
        var isSyncing = false
        /// Bytes appended since the last sync was asked for.
        var unsyncedBytes = 0
        /// Loops with acknowledgements or fetches that wait here, a bit each.
        var waitingLoops: UInt64 = 0
    }
}

extension Partition.State {
    init(offline reason: String, leaderEpoch: LeaderEpoch) {
        self.init(
            log: nil, offlineReason: reason,
            replica: LeaderReplica(endOffset: 0, durableOffset: 0, highWatermark: 0, writeCaching: true),
            leaderEpoch: leaderEpoch, writeCaching: false)
    }

    /// With write caching nobody waits for the disk, but dirty pages are kept bounded: at disk saturation a plain write can stall
    /// for half a second.
    static let unsyncedBytesMax = 32 << 20

    /// - Returns: the loops to wake.
    mutating func apply(_ event: LeaderReplica.Event) -> UInt64 {
        var wake: UInt64 = 0
        for effect in replica.step(event) {
            switch effect {
            case .advanceHighWatermark:
                wake |= waitingLoops
                waitingLoops = 0
            case .proposeISR: invariantFailed("a partition without followers proposes an ISR")
            }
        }
        return wake
    }

    mutating func nextSync(
        of partition: Partition, loop: LoopID, force: Bool = false, checkpoint: Bool = false
    ) throws(DiskError) -> SyncRequest? {
        guard let log, !isSyncing else { return nil }
        guard force || !writeCaching || unsyncedBytes >= Self.unsyncedBytesMax else { return nil }
        guard let sync = try log.beginSync(checkpoint: checkpoint) else { return nil }
        isSyncing = true
        unsyncedBytes = 0
        return SyncRequest(
            disk: partition.disk.disk, targets: sync.targets, owner: .partition(partition, sync), loop: loop)
    }

    func offline(_ id: TopicPartition) -> Partition.Failure {
        Partition.Failure(code: offlineCode, message: "\(id) is offline: \(offlineReason)")
    }

    func check(epoch: LeaderEpoch) -> ErrorCode? {
        if epoch == .unknown || epoch == leaderEpoch { return nil }
        return epoch < leaderEpoch ? .fencedLeaderEpoch : .unknownLeaderEpoch
    }

    /// Where `epoch` ended. Kafka's leader notes its own epoch when it takes over; here the log has it from the first batch
    /// on, and until then it begins where the log ends.
    func endOffset(of epoch: LeaderEpoch, _ log: Log) -> (epoch: LeaderEpoch, offset: Offset)? {
        if let found = log.endOffset(of: epoch) { return found }
        guard epoch.value >= 0, epoch <= leaderEpoch else { return nil }
        return (epoch == leaderEpoch ? epoch : log.latestEpoch ?? epoch, log.endOffset)
    }
}

extension LoopID {
    var bit: UInt64 { 1 << UInt64(index & 63) }
}
