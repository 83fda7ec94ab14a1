import CommitLog
import Ports
import Vocabulary

/// The upkeep of the logs: retention, rolling, background syncs and checkpoints, in rounds spread over time.
extension ControlLoop {
    func upkeepIfDue() {
        guard now.instant >= upkeep.nextTick else { return }
        let elapsedMs = (now.instant - upkeep.lastTick) / 1_000_000
        upkeep.lastTick = now.instant
        upkeep.nextTick = now.instant.adding(milliseconds: upkeep.tickMs)
        watchDisks()
        let count = upkeep.entries.count
        for place in upkeep.retention.visits(of: count, elapsedMs: elapsedMs) {
            applyRetention(upkeep.entries[place].partition)
        }
        for place in upkeep.checkpoint.visits(of: count, elapsedMs: elapsedMs) {
            syncForCheckpoint(upkeep.entries[place].partition)
        }
        flushDue()
        removeDeletedFiles()
        if now.instant >= upkeep.nextSurvey {
            upkeep.nextSurvey = now.instant.adding(milliseconds: upkeep.surveyMs)
            survey()
            writeCheckpoints()
        }
    }

    // MARK: - Rounds

    private func applyRetention(_ partition: Partition) {
        let time = now.timestamp
        let outcome = work(on: partition) { log, highWatermark throws(LogError) in
            _ = try log.rollIfDue(now: time)
            let deleted = try log.applyRetention(now: time, highWatermark: highWatermark)
            log.expireProducers(now: time)
            // DeleteRecords leaves files behind too.
            return (deleted, log.startOffset, try log.removeDeletedFiles(now: time))
        }
        guard let (deleted, start, nextFiles) = outcome else { return }
        if let nextFiles { scheduleFiles(of: partition, nextFiles) }
        if deleted.isEmpty { return }
        wake(partition.startMoved(to: start), for: partition)
        log(
            .info, "Retention took segments away.",
            [
                ("topic", partition.id.topic), ("partition", String(partition.id.partition)),
                ("segments", String(deleted.count)), ("log.start.offset", String(start.value)),
                ("bytes", String(deleted.reduce(0) { $0 + $1.sizeBytes })),
            ])
    }

    /// Without it the recovery point of a topic with write caching would never move, and a crash would cost a
    /// scan of everything.
    private func syncForCheckpoint(_ partition: Partition) {
        let behind = work(on: partition) { log, _ throws(LogError) in log.bytesBehindRecoveryPoint }
        guard let behind, behind > 0 else { return }
        requestSync(of: partition, checkpoint: true)
    }

    func requestSync(of partition: Partition, checkpoint: Bool = false) {
        do throws(DiskError) {
            if let sync = try partition.requestSync(loop: .control, checkpoint: checkpoint) {
                emit(.sync(sync))
            }
        } catch {
            failed(partition.disk, error)
        }
    }

    private func flushDue() {
        for id in upkeep.flushing.sorted() {
            for partition in running[id]?.partitions ?? [] {
                let time = now.timestamp
                let isDue = work(on: partition) { log, _ throws(LogError) in log.isFlushDue(now: time) }
                if isDue ?? false { requestSync(of: partition) }
            }
        }
    }

    private func scheduleFiles(of partition: Partition, _ due: Timestamp) {
        let wait = max(1, due.milliseconds - now.timestamp.milliseconds)
        upkeep.deletedFiles.append((partition, now.instant.adding(milliseconds: wait)))
    }

    /// Files of segments that were taken away before.
    private func removeDeletedFiles() {
        let time = now.timestamp
        let due = upkeep.deletedFiles.filter { $0.due <= now.instant }
        if due.isEmpty { return }
        upkeep.deletedFiles.removeAll { $0.due <= now.instant }
        for (partition, _) in due {
            let next = work(on: partition) { log, _ throws(LogError) in try log.removeDeletedFiles(now: time)
            }
            if let next, let next { scheduleFiles(of: partition, next) }
        }
    }

    /// Runs `body` on the partition's log; nil when it is offline, or goes offline by that.
    func work<Result: Sendable>(
        on partition: Partition, _ body: (Log, _ highWatermark: Offset) throws(LogError) -> Result
    ) -> Result? {
        do throws(Partition.Failure) {
            return try partition.withLogErrors(body)
        } catch {
            if let error = error.diskError { failed(partition.disk, error) }
            return nil
        }
    }

    // MARK: - Survey and checkpoints

    /// Looks at each partition once: what checkpoints and metrics need.
    func survey() {
        var counters = ControlCounters()
        counters.topics = running.count
        counters.partitions = upkeep.entries.count
        counters.metadataOffset = imageOffset.value
        for place in upkeep.entries.indices {
            var entry = upkeep.entries[place]
            let seen = try? entry.partition.withLog { log, highWatermark in
                (highWatermark, log.startOffset, log.recoveryPoint, log.sizeBytes, log.segmentCount)
            }
            guard let seen else {
                counters.offlinePartitions += 1
                continue
            }
            (entry.highWatermark, entry.startOffset, entry.recoveryPoint, entry.sizeBytes, entry.segments) =
                seen
            counters.logBytes += entry.sizeBytes
            counters.segments += entry.segments
            let stale = upkeep.see(place, entry)
            if !stale.isEmpty { directories[entry.directory].stale.formUnion(stale) }
        }
        broker.metrics.publish(counters)
    }

    /// Writes the checkpoint files that no longer say how it is. Blocks for a few small syncs.
    func writeCheckpoints() {
        let withRecovery = now.instant >= upkeep.nextRecoveryCheckpoint
        if withRecovery {
            upkeep.nextRecoveryCheckpoint = now.instant.adding(milliseconds: upkeep.checkpointMs)
        }
        for index in directories.indices {
            for kind in CheckpointKind.allCases where directories[index].stale.contains(kind) {
                if kind != .recoveryPoint || withRecovery { writeCheckpoint(kind, of: index) }
            }
        }
    }

    /// Writes those of one directory that are stale.
    /// - Returns: false when that failed.
    func writeCheckpoints(of index: Int) -> Bool {
        for kind in CheckpointKind.allCases where directories[index].stale.contains(kind) {
            writeCheckpoint(kind, of: index)
        }
        return directories[index].stale.isEmpty
    }

    /// A new partition must not find the checkpoints of one of the same name that was deleted.
    func forgetCheckpoints(of id: TopicPartition, in index: Int) {
        for kind in CheckpointKind.allCases where directories[index].written[kind]?[id] != nil {
            writeCheckpoint(kind, of: index)
        }
    }

    private func writeCheckpoint(_ kind: CheckpointKind, of index: Int) {
        guard let directory = directories[index].directory, directories[index].disk.standing != .offline
        else { return }
        var offsets: [TopicPartition: Offset] = [:]
        for entry in upkeep.entries where entry.directory == index {
            let offset =
                switch kind {
                case .recoveryPoint: entry.recoveryPoint
                case .logStartOffset: entry.startOffset
                case .highWatermark: entry.highWatermark
                }
            // A log that could not be opened keeps what was said of it: without its recovery point the next start would
            // take damage to what was synced for the end of a torn write, and cut it.
            let known = offset >= 0 ? offset : directories[index].written[kind]?[entry.partition.id] ?? -1
            // One not seen yet has no say; a log that starts at 0 needs none.
            if known > 0 || known == 0 && kind != .logStartOffset { offsets[entry.partition.id] = known }
        }
        if directories[index].written[kind] == offsets {
            directories[index].stale.remove(kind)
            return
        }
        do throws(DiskError) {
            try directory.writeCheckpoint(kind, offsets)
            directories[index].written[kind] = offsets
            directories[index].stale.remove(kind)
        } catch {
            failed(directories[index].disk, error)
        }
    }
}

extension Partition {
    /// `withLog` for bodies that throw the log's errors: a disk's error keeps its face.
    func withLogErrors<Result: Sendable>(
        _ body: (Log, _ highWatermark: Offset) throws(LogError) -> Result
    ) throws(Failure) -> Result {
        try withLog { log, highWatermark in
            do throws(LogError) {
                return try body(log, highWatermark)
            } catch {
                switch error {
                case .disk(let inner): throw inner
                case .offsetOutOfRange: throw Failure(code: .offsetOutOfRange, message: "\(id): \(error)")
                default: throw error
                }
            }
        }
    }
}
