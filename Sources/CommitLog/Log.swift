package import Ports
package import Vocabulary

/// One partition's log: segments in a directory of their own, and what is known about them.
///
/// Files and bytes are Kafka's. No clock: times come as arguments. Not safe by itself: the partition's lock owns it,
/// which is what makes passing it between threads sound.
package final class Log: @unchecked Sendable {
    package let topicPartition: TopicPartition
    package let topicID: TopicID
    package var config: LogConfig

    /// The first offset that may be read.
    package internal(set) var startOffset: Offset
    /// The offset that the next record gets.
    package internal(set) var endOffset: Offset
    /// Everything below is on stable storage.
    package internal(set) var syncedOffset: Offset
    /// Everything below is on stable storage with its index entries and producer state: recovery begins here. What
    /// goes into the recovery-point checkpoint. Moves with a roll and with `beginSync(checkpoint: true)`.
    package internal(set) var recoveryPoint: Offset
    /// Of all segments; deleted ones do not count, even while their files are there.
    package internal(set) var sizeBytes: Int64 = 0

    let disk: any Disk
    let directory: String
    /// In order; the last one is the active one.
    var segments: [Segment] = []
    var epochs = LeaderEpochs()
    var producerStates = ProducerStates()
    var boundaries = Boundaries()
    var dirt = Dirt()
    /// Offsets that snapshots in the directory are of, rising.
    var snapshots: [Offset] = []
    var deletedFiles: [DeletedFiles] = []
    /// When the oldest record that is not synced was appended.
    var unsyncedSince: Timestamp?
    /// A failed append could not be cut off the file; must be done before the next one.
    var mustTruncate = false
    // Kept for their memory.
    var pieces: [UnsafeRawBufferPointer] = []
    var undo: [(producerID: Int64, state: ProducerState?)] = []

    /// Files renamed to `.deleted`, and when they go.
    struct DeletedFiles {
        let paths: [String]
        let due: Timestamp
    }

    init(
        disk: any Disk, topicPartition: TopicPartition, topicID: TopicID, config: LogConfig,
        startOffset: Offset
    ) {
        self.disk = disk
        self.topicPartition = topicPartition
        self.topicID = topicID
        self.config = config
        self.startOffset = startOffset
        endOffset = startOffset
        syncedOffset = startOffset
        recoveryPoint = startOffset
        directory = topicPartition.description
    }

    package var segmentCount: Int { segments.count }
    var active: Segment { segments[segments.count - 1] }

    /// Makes the directory and the first, empty segment. Nothing is synced yet: the first sync does it.
    ///
    /// - Throws: `.disk` with `.exists` when there is a log with records in it already.
    package static func create(
        disk: any Disk, topicPartition: TopicPartition, topicID: TopicID, config: LogConfig,
        startOffset: Offset = 0, now: Timestamp
    ) throws(LogError) -> Log {
        let log = Log(
            disk: disk, topicPartition: topicPartition, topicID: topicID, config: config,
            startOffset: startOffset)
        do throws(DiskError) {
            try disk.createDirectory(log.directory)
            // Never over a log that is there: that one is to be opened.
            let names = try disk.list(log.directory).map(\.name)
            if let found = names.first(where: { $0.hasSuffix(".log") }) {
                let path = log.directory + "/" + found
                let file = try disk.open(path, .existing)
                defer { disk.close(file) }
                guard try disk.size(file) == 0 else { throw DiskError(.exists, "create", path) }
            }
            log.segments = [try Segment.create(disk, log.directory, startOffset, now: now)]
            try log.writeMetadata()
        } catch {
            for segment in log.segments { segment.close(disk) }
            throw .disk(error)
        }
        log.dirt.isRootDirty = true
        log.dirt.isDirectoryDirty = true
        log.dirt.add(log.active.log)
        return log
    }

    func writeMetadata() throws(DiskError) {
        let text = PartitionMetadata.encode(topicID)
        dirt.add(try disk.writeWhole(directory + "/" + LogPaths.metadata, text), temporary: true)
        dirt.isDirectoryDirty = true
    }

    package var producers: [ProducerSummary] { producerStates.summaries }

    /// Forgets producers that have been silent for `producerIDExpirationMs`.
    package func expireProducers(now: Timestamp) {
        _ = producerStates.expire(now: now, limit: config.producerIDExpirationMs)
    }

    /// The segment that holds `offset` or would.
    func segmentIndex(for offset: Offset) -> Int {
        var low = 0
        var high = segments.count
        if segments[high - 1].baseOffset <= offset { return high - 1 }
        while high - low > 1 {
            let middle = (low + high) / 2
            if segments[middle].baseOffset <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Where a segment's offsets end, at the latest.
    func endOffset(ofSegment index: Int) -> Offset {
        index + 1 < segments.count ? segments[index + 1].baseOffset : endOffset
    }
}

/// Kafka's `partition.metadata`: `version: 0` and `topic_id: ...` (KIP-516).
enum PartitionMetadata {
    static func encode(_ topicID: TopicID) -> [UInt8] { Array("version: 0\ntopic_id: \(topicID)\n".utf8) }

    static func decode(_ bytes: [UInt8]) -> TopicID? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("topic_id: ") {
            return TopicID(String(line.dropFirst(10)))
        }
        return nil
    }
}
