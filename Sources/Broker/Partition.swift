package import CommitLog
package import Ports
import Replication
import Synchronization
package import Vocabulary

/// One partition that this broker holds: its log and its replica's standing, behind one small lock.
///
/// Any loop may call any method; each takes the lock once and returns what is to be done outside it: which loops to wake, what to
/// sync. Nothing here waits. Never locked while another partition is.
package final class Partition: Sendable {
    package let id: TopicPartition
    package let topicID: TopicID
    package let disk: BrokerDisk
    /// False: another broker has it.
    package let isHere: Bool
    private let state: Mutex<State>

    package init(
        id: TopicPartition, topicID: TopicID, disk: BrokerDisk, log: sending Log, leaderEpoch: LeaderEpoch,
        writeCaching: Bool
    ) {
        self.id = id
        self.topicID = topicID
        self.disk = disk
        isHere = true
        let end = log.endOffset
        // Recovery has checked what is here; what the disk is known to hold is committed, the rest once synced.
        let durable = min(max(log.syncedOffset, log.startOffset), end)
        let replica = LeaderReplica(
            endOffset: end, durableOffset: durable, highWatermark: writeCaching ? end : durable,
            writeCaching: writeCaching)
        state = Mutex(
            State(
                log: log, offlineReason: "", replica: replica, leaderEpoch: leaderEpoch, writeCaching: writeCaching))
    }

    /// A partition whose log cannot be used; `reason` is told to whoever asks.
    package init(
        offline id: TopicPartition, topicID: TopicID, disk: BrokerDisk, leaderEpoch: LeaderEpoch, reason: String
    ) {
        self.id = id
        self.topicID = topicID
        self.disk = disk
        isHere = true
        state = Mutex(State(offline: reason, leaderEpoch: leaderEpoch))
    }

    /// A partition of another broker's: whoever asks is sent there.
    package init(elsewhere id: TopicPartition, topicID: TopicID, disk: BrokerDisk) {
        self.id = id
        self.topicID = topicID
        self.disk = disk
        isHere = false
        var nothing = State(offline: "another broker leads it", leaderEpoch: .unknown)
        nothing.offlineCode = .notLeaderOrFollower
        state = Mutex(nothing)
    }

    // MARK: - Produce

    package struct Appended: Sendable {
        /// Nil when the burst was tried; each item tells its own outcome.
        package var failure: Failure?
        package var sync: SyncRequest?
        package var wake: UInt64 = 0
        package var highWatermark: Offset = 0
        package var startOffset: Offset = 0
    }

    package struct Failure: Error, Sendable {
        package let code: ErrorCode
        package let message: String
        /// Set when the machine failed: its policy is the control loop's.
        package var diskError: DiskError?
    }

    /// Appends a burst of batches with one write. `loop` is woken when the high watermark moves, if it `awaits` that.
    package func append(
        _ items: inout [AppendItem], awaits: Bool, loop: LoopID, now: Timestamp
    ) -> Appended {
        state.withLock { state in
            guard let log = state.log else { return Appended(failure: state.offline(id)) }
            var result = Appended()
            let before = log.endOffset
            let sizeBefore = log.sizeBytes
            do throws(DiskError) {
                try log.append(&items, leaderEpoch: state.leaderEpoch, now: now)
                if log.endOffset > before {
                    state.unsyncedBytes += Int(max(0, log.sizeBytes - sizeBefore))
                    result.wake = state.apply(.appended(endOffset: log.endOffset))
                    result.sync = try state.nextSync(of: self, loop: loop)
                }
            } catch {
                result.failure = Self.failure(of: error, id)
                return result
            }
            let end = log.endOffset
            result.highWatermark = state.replica.highWatermark
            result.startOffset = log.startOffset
            if awaits, result.highWatermark < end { state.waitingLoops |= loop.bit }
            return result
        }
    }

    // MARK: - Sync

    package struct Synced: Sendable {
        package var sync: SyncRequest?
        package var wake: UInt64 = 0
        package var diskError: DiskError?
    }

    /// A sync asked for in `loop` is done; what came in meanwhile is the next.
    package func syncCompleted(_ sync: LogSync, loop: LoopID) -> Synced {
        state.withLock { state in
            state.isSyncing = false
            guard let log = state.log else { return Synced() }
            var synced = Synced()
            do throws(DiskError) {
                synced.wake = state.apply(.synced(upTo: min(try log.syncCompleted(sync), log.endOffset)))
                synced.sync = try state.nextSync(of: self, loop: loop)
            } catch {
                // Who waits for what is durable by now is woken all the same: nobody else will.
                synced.diskError = error
            }
            return synced
        }
    }

    /// Asks for a sync of all that is there, whatever the topic's settings (flush.ms, checkpoints, the end of write caching).
    /// With `checkpoint` the indexes too, so that recovery need not look below.
    package func requestSync(loop: LoopID, checkpoint: Bool = false) throws(DiskError) -> SyncRequest? {
        let result: Result<SyncRequest?, DiskError> = state.withLock { state in
            do throws(DiskError) {
                return .success(try state.nextSync(of: self, loop: loop, force: true, checkpoint: checkpoint))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: - Fetch

    package enum Isolation: Sendable { case readUncommitted, readCommitted, logEnd }

    package struct Read: Sendable {
        package var error: ErrorCode = .none
        package var message = ""
        package var slice: LogSlice?
        package var highWatermark: Offset = -1
        package var lastStableOffset: Offset = -1
        package var startOffset: Offset = -1
        /// Set when the reader's last epoch is not ours: where the common history ends (KIP-595).
        package var diverging: (epoch: LeaderEpoch, endOffset: Offset)?
    }

    /// Whole batches from `offset`, below what the reader may see.
    package func read(
        from offset: Offset, maxBytes: Int, minOneBatch: Bool, isolation: Isolation,
        currentEpoch: LeaderEpoch, lastFetchedEpoch: LeaderEpoch = .unknown
    ) -> Read {
        state.withLock { state in
            var read = Read()
            guard let log = state.log else { return Read(error: state.offlineCode, message: state.offlineReason) }
            if let error = state.check(epoch: currentEpoch) { return Read(error: error) }
            read.highWatermark = state.replica.highWatermark
            read.lastStableOffset = read.highWatermark
            read.startOffset = log.startOffset
            let bound = isolation == .logEnd ? log.endOffset : read.highWatermark
            if lastFetchedEpoch != .unknown {
                // Nothing of that epoch is known here: there is no common history to go back to.
                guard let (epoch, end) = state.endOffset(of: lastFetchedEpoch, log), offset >= log.startOffset else {
                    read.error = .offsetOutOfRange
                    return read
                }
                if epoch != lastFetchedEpoch || end < offset {
                    read.diverging = (epoch, end)
                    return read
                }
            }
            guard offset >= log.startOffset, offset <= log.endOffset else {
                read.error = .offsetOutOfRange
                return read
            }
            guard offset < bound, maxBytes > 0 || minOneBatch else { return read }
            do throws(LogError) {
                read.slice = try log.read(from: offset, maxBytes: maxBytes, bound: bound, minOneBatch: minOneBatch)
            } catch {
                (read.error, read.message) = (.kafkaStorageError, "\(error)")
            }
            return read
        }
    }

    /// Notes that `loop` has something waiting here.
    /// - Returns: the high watermark now, for the caller to see whether it moved since it last looked; nil when the
    ///   partition went offline: nobody will be woken any more.
    package func await(by loop: LoopID) -> Offset? {
        state.withLock {
            guard $0.log != nil else { return nil }
            $0.waitingLoops |= loop.bit
            return $0.replica.highWatermark
        }
    }

    package var highWatermark: Offset { state.withLock { $0.replica.highWatermark } }

    // MARK: - Everything else

    /// Work with the log that is none of the above, under the lock.
    /// - Throws: a `Failure` when the partition is offline, or of the disk's error.
    package func withLog<Result: Sendable>(
        epoch: LeaderEpoch = .unknown, _ body: (Log, _ highWatermark: Offset) throws -> Result
    ) throws(Failure) -> Result {
        let outcome: Swift.Result<Result, Failure> = state.withLock { state in
            guard let log = state.log else { return .failure(state.offline(id)) }
            if let error = state.check(epoch: epoch) {
                return .failure(Failure(code: error, message: "leader epoch is \(state.leaderEpoch)"))
            }
            do {
                return .success(try body(log, state.replica.highWatermark))
            } catch let error as Failure {
                return .failure(error)
            } catch let error as DiskError {
                return .failure(Self.failure(of: error, id))
            } catch {
                return .failure(Failure(code: .kafkaStorageError, message: "\(id): \(error)"))
            }
        }
        return try outcome.get()
    }

    /// Where a leader's epoch ended here; nil when nothing is known of it (KIP-279).
    package func endOffset(
        of epoch: LeaderEpoch, currentEpoch: LeaderEpoch
    ) throws(Failure) -> (epoch: LeaderEpoch, offset: Offset)? {
        let outcome: Swift.Result<(LeaderEpoch, Offset)?, Failure> = state.withLock { state in
            guard let log = state.log else { return .failure(state.offline(id)) }
            if let error = state.check(epoch: currentEpoch) {
                return .failure(Failure(code: error, message: "leader epoch is \(state.leaderEpoch)"))
            }
            return .success(state.endOffset(of: epoch, log))
        }
        return try outcome.get()
    }

    /// The log's start moved, by retention or DeleteRecords: the high watermark is never below it.
    /// - Returns: the loops to wake.
    package func startMoved(to start: Offset) -> UInt64 { state.withLock { $0.apply(.startMoved(to: start)) } }

    /// - Returns: the loops to wake: switching write caching on commits what waited for the disk.
    package func configure(_ config: TopicConfig) -> UInt64 {
        state.withLock { state in
            state.log?.config = config.log
            if state.writeCaching == config.writeCaching { return 0 }
            state.writeCaching = config.writeCaching
            return state.apply(.writeCachingSet(config.writeCaching))
        }
    }

    package var leaderEpoch: LeaderEpoch { state.withLock { $0.leaderEpoch } }

    /// The controller gave the leadership anew.
    package func lead(epoch: LeaderEpoch) { state.withLock { $0.leaderEpoch = max($0.leaderEpoch, epoch) } }

    package var offlineReason: String? { state.withLock { $0.log == nil ? $0.offlineReason : nil } }

    /// Its disk failed, or it is deleted: no more of it from here on.
    /// - Returns: the loops to wake, so that what waits learns of it; and the log, for closing or renaming, the first time.
    package func takeOffline(_ reason: String) -> (wake: UInt64, log: Log?) {
        let log = Handed()
        let wake = state.withLock { state in
            log.value = state.log
            state.log = nil
            state.offlineReason = reason
            defer { state.waitingLoops = 0 }
            return state.waitingLoops
        }
        return (wake, log.value)
    }

    /// Carries the log out of the lock: from there on the caller alone has it.
    private final class Handed: @unchecked Sendable { var value: Log? }

    /// The one place that says what a disk's error means to a client.
    static func failure(of error: DiskError, _ id: TopicPartition) -> Failure {
        if error.reason == .noSpace {
            return Failure(code: .policyViolation, message: "\(id): the log directory is full", diskError: error)
        }
        return Failure(code: .kafkaStorageError, message: "\(id): \(error)", diskError: error)
    }
}
