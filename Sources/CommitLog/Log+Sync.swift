package import Ports
package import Vocabulary

extension Log {
    /// Gathers what must be synced so that everything up to the log's end is durable. Call it on the data path: it
    /// writes at most small files and waits for nothing; sync the targets elsewhere, then call `syncCompleted`.
    /// Several may be under way.
    ///
    /// - Parameter checkpoint: also writes index entries and a producer snapshot, so that the recovery point can move
    ///   up to the log's end. For the maintenance every minute or so, not for every acknowledgement.
    /// - Returns: nil when there is nothing to do.
    package func beginSync(checkpoint: Bool = false) throws(DiskError) -> LogSync? {
        let checkpoint = checkpoint && recoveryPoint < endOffset
        guard !dirt.isClean || checkpoint else { return nil }
        var recovery: Offset? = active.baseOffset
        if checkpoint {
            try prepareActive()
            if try active.index.flush(disk) { dirt.isDirectoryDirty = true }
            if try active.times.flush(disk) { dirt.isDirectoryDirty = true }
            for file in [active.index.file, active.times.file].compactMap({ $0 }) { dirt.add(file) }
            try takeSnapshot()
            recovery = endOffset
        }
        let number = dirt.nextNumber
        dirt.nextNumber += 1
        let epochs = try writeEpochs(number)
        var (files, temporary) = dirt.takeFiles()
        if dirt.isActiveDirty, !files.contains(active.log) { files.append(active.log) }
        var targets = files.map { SyncTarget.file($0) }
        if dirt.isDirectoryDirty || epochs != nil { targets.append(.directory(directory)) }
        if dirt.isRootDirty { targets.append(.directory("")) }
        // Only the epochs are missing, and there is no room for them.
        if targets.isEmpty, epochs == nil, !checkpoint { return nil }
        if let epochs, case .file(let file)? = epochs.target {
            targets.insert(.file(file), at: 0)
            temporary.append(file)
        }
        if let missing = dirt.epochs.missingFrom, let point = recovery { recovery = min(point, missing) }
        dirt.inFlight.append(
            SyncInFlight(
                number: number, targets: targets, upTo: endOffset, recoveryPoint: recovery,
                coversDirectory: dirt.isDirectoryDirty,
                renamedBefore: dirt.epochs.renamedVersion, temporary: temporary,
                epochs: epochs.map { ($0.path, dirt.epochs.version) }))
        dirt.isActiveDirty = false
        dirt.isDirectoryDirty = false
        dirt.isRootDirty = false
        unsyncedSince = nil
        return LogSync(targets: targets, upTo: endOffset, number: number)
    }

    private func writeEpochs(_ number: UInt64) throws(DiskError) -> (path: String, target: SyncTarget?)? {
        guard dirt.epochs.isUnwritten else { return nil }
        // A name of its own for each: an older one still being synced must not be written over.
        let path = "\(directory)/\(LogPaths.epochs).\(number).tmp"
        let file: FileID
        do {
            file = try disk.writeWhole(path, epochs.encode())
        } catch {
            // The records need not wait for room: the recovery point does, and finds the epochs in the batches.
            try? disk.remove(path)
            guard error.reason == .noSpace else { throw error }
            return nil
        }
        dirt.epochs.wrote()
        return (path, .file(file))
    }

    /// Every target of `sync` is on stable storage.
    ///
    /// - Returns: `syncedOffset`. It moves only once all syncs begun before are completed too.
    @discardableResult
    package func syncCompleted(_ sync: LogSync) throws(DiskError) -> Offset {
        try syncCompleted(number: sync.number)
    }

    @discardableResult
    private func syncCompleted(number: UInt64) throws(DiskError) -> Offset {
        guard let index = dirt.inFlight.firstIndex(where: { $0.number == number }) else {
            return syncedOffset
        }
        dirt.inFlight[index].isDone = true
        while let first = dirt.inFlight.first, first.isDone {
            dirt.inFlight.removeFirst()
            for file in first.temporary { disk.close(file) }
            if first.coversDirectory { dirt.epochs.directorySynced(since: first.renamedBefore) }
            if let (path, version) = first.epochs {
                try disk.rename(path, to: directory + "/" + LogPaths.epochs)
                dirt.epochs.rename(version)
                dirt.isDirectoryDirty = true
            }
            syncedOffset = max(syncedOffset, first.upTo)
            guard let point = first.recoveryPoint, point > recoveryPoint else { continue }
            recoveryPoint = min(point, syncedOffset)
            try removeOldSnapshots()
        }
        return syncedOffset
    }

    /// Whether `flush.messages` or `flush.ms` asks for a sync now.
    package func isFlushDue(now: Timestamp) -> Bool {
        if endOffset - syncedOffset >= config.flushMessages { return true }
        guard let since = unsyncedSince, config.flushMs != .max else { return false }
        return now.milliseconds - since.milliseconds >= config.flushMs
    }

    /// Bytes that recovery would scan: what a checkpoint would spare it. An estimate.
    package var bytesBehindRecoveryPoint: Int64 {
        recoveryPoint >= endOffset
            ? 0 : Int64(byteCount(from: max(recoveryPoint, startOffset), bound: endOffset))
    }

    /// Makes everything durable, with indexes and a snapshot at the log's end, and gives back reserved blocks and
    /// files. Waits for the disk. The log must not be used afterwards.
    package func close() throws(LogError) {
        do {
            try cutBehindEnd()
            if active.size > 0, active.mustSeal {
                try prepareActive()
                try active.seal(disk)
                for file in [active.log, active.index.file, active.times.file].compactMap({ $0 }) {
                    dirt.add(file)
                }
            }
            // Syncs that were asked for and never reported: whoever had them may be gone.
            for pending in dirt.inFlight {
                for target in pending.targets { try disk.sync(target) }
                try syncCompleted(number: pending.number)
            }
            while let sync = try beginSync(checkpoint: true) {
                for target in sync.targets { try disk.sync(target) }
                try syncCompleted(sync)
            }
        } catch {
            throw .disk(error)
        }
        for segment in segments { segment.close(disk) }
    }
}
