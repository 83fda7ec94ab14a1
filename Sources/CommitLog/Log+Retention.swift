import Ports
package import Vocabulary

extension Log {
    /// Deletes the segments that `retention.ms`, `retention.bytes` and the log's start allow to go, oldest first, and
    /// none that reaches beyond the high watermark. With `cleanup.policy=compact` alone only the log's start counts.
    package func applyRetention(now: Timestamp, highWatermark: Offset) throws(LogError) -> [DeletedSegment] {
        var deleted = try deleteBelowStart(now: now)
        if config.cleanupDelete {
            deleted += try deleteOld(now: now, highWatermark: highWatermark)
            deleted += try deleteExcess(now: now, highWatermark: highWatermark)
        }
        if !deleted.isEmpty {
            startOffset = max(startOffset, segments[0].baseOffset)
            startMoved()
        }
        return deleted
    }

    func deleteBelowStart(now: Timestamp) throws(LogError) -> [DeletedSegment] {
        let count = segments.indices.dropLast().prefix { endOffset(ofSegment: $0) <= startOffset }.count
        return try delete(first: count, .logStart, now: now)
    }

    private func deleteOld(now: Timestamp, highWatermark: Offset) throws(LogError) -> [DeletedSegment] {
        guard config.retentionMs >= 0 else { return [] }
        var count = 0
        for index in segments.indices {
            let segment = segments[index]
            guard segment.size > 0, endOffset(ofSegment: index) <= highWatermark else { break }
            try loadTimes(of: segment)
            // Records without a time are as old as our knowledge of their segment.
            let newest = segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.createdAt.milliseconds
            guard now.milliseconds.subtracting(newest) > config.retentionMs else { break }
            count += 1
        }
        return try delete(first: count, .time, now: now)
    }

    private func deleteExcess(now: Timestamp, highWatermark: Offset) throws(LogError) -> [DeletedSegment] {
        guard config.retentionBytes >= 0 else { return [] }
        var excess = sizeBytes - config.retentionBytes
        var count = 0
        for index in segments.indices {
            let segment = segments[index]
            guard segment.size > 0, excess >= segment.size, endOffset(ofSegment: index) <= highWatermark
            else { break }
            excess -= segment.size
            count += 1
        }
        return try delete(first: count, .size, now: now)
    }

    private func delete(
        first count: Int, _ reason: DeletedSegment.Reason, now: Timestamp
    ) throws(LogError) -> [DeletedSegment] {
        guard count > 0 else { return [] }
        do {
            // The active one goes too: a fresh one takes its place at the log's end.
            if count == segments.count {
                try prepareActive()
                try roll(now: now)
            }
            var deleted: [DeletedSegment] = []
            for _ in 0..<count {
                let segment = segments[0]
                try delete(segment, now: now)
                segments.removeFirst()
                deleted.append(
                    DeletedSegment(baseOffset: segment.baseOffset, sizeBytes: segment.size, reason: reason))
            }
            return deleted
        } catch {
            throw .disk(error)
        }
    }

    /// Renames a segment's files out of the way. Slices handed out stay readable until `removeDeletedFiles`.
    func delete(_ segment: Segment, now: Timestamp) throws(DiskError) {
        var paths: [String] = []
        for suffix in [".log", ".index", ".timeindex", ".txnindex"] {
            let path = LogPaths.file(directory, segment.baseOffset, suffix)
            do {
                try disk.rename(path, to: path + LogPaths.deleted)
                paths.append(path + LogPaths.deleted)
            } catch {
                guard error.reason == .notFound else { throw error }
            }
        }
        deletedFiles.append(
            DeletedFiles(
                paths: paths,
                due: Timestamp(milliseconds: now.milliseconds.adding(config.fileDeleteDelayMs))))
        sizeBytes -= segment.size
        for file in [segment.log, segment.index.file, segment.times.file].compactMap({ $0 }) {
            dirt.forget(file)
        }
        dirt.isDirectoryDirty = true
    }

    /// Removes the files of segments deleted `fileDeleteDelayMs` ago.
    /// - Returns: when the next ones are due; nil when none are left.
    package func removeDeletedFiles(now: Timestamp) throws(LogError) -> Timestamp? {
        do {
            while let first = deletedFiles.first, first.due <= now {
                for path in first.paths { try disk.remove(path) }
                deletedFiles.removeFirst()
            }
        } catch {
            throw .disk(error)
        }
        return deletedFiles.first?.due
    }
}
