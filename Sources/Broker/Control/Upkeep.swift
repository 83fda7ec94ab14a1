import CommitLog
import Vocabulary

/// What the upkeep of the logs keeps: which partitions there are, where each round over them stands, what was
/// last seen.
struct Upkeep {
    /// One partition, and what the last survey saw of it.
    struct Entry {
        let partition: Partition
        /// Index of its log directory.
        let directory: Int
        var highWatermark: Offset = -1
        var startOffset: Offset = -1
        var recoveryPoint: Offset = -1
        var sizeBytes: Int64 = 0
        var segments = 0
    }

    /// A walk over all partitions that takes a given time: so many at each tick that ten thousand idle ones
    /// are not felt.
    struct Round {
        var periodMs: Int64
        private var cursor = 0
        private var credit = 0.0

        init(periodMs: Int64) { self.periodMs = max(1, periodMs) }

        /// The places to visit now, of `count`.
        mutating func visits(of count: Int, elapsedMs: Int64) -> [Int] {
            if count == 0 { return [] }
            credit += Double(count) * Double(elapsedMs) / Double(periodMs)
            let visits = min(count, Int(credit))
            credit = min(credit - Double(visits), 1)
            defer { cursor = (cursor + visits) % count }
            return (0..<visits).map { (cursor + $0) % count }
        }
    }

    private(set) var entries: [Entry] = []
    private var places: [ObjectIdentifier: Int] = [:]
    /// Topics with `flush.ms` or `flush.messages`.
    private(set) var flushing: Set<TopicID> = []

    var retention: Round
    var checkpoint: Round
    var surveyMs: Int64 = 5000
    var checkpointMs: Int64 = 60_000
    private(set) var tickMs: Int64 = 1000
    var lastTick: Instant
    var nextTick: Instant
    var nextSurvey: Instant
    var nextRecoveryCheckpoint: Instant
    /// Segments taken away, whose files go later: by partition, when.
    var deletedFiles: [(partition: Partition, due: Instant)] = []
    /// Log directories by their disk.
    var directoryOf: [ObjectIdentifier: Int] = [:]

    init(_ configs: TopicConfigs, now: Moment) {
        retention = Round(periodMs: 300_000)
        checkpoint = Round(periodMs: 60_000)
        lastTick = now.instant
        nextTick = now.instant
        nextSurvey = now.instant
        nextRecoveryCheckpoint = now.instant
        configure(configs, now: now)
    }

    mutating func configure(_ configs: TopicConfigs, now: Moment) {
        retention.periodMs = max(
            1, configs.integer(ofBroker: "log.retention.check.interval.ms", else: 300_000))
        checkpointMs = max(
            1, configs.integer(ofBroker: "log.flush.offset.checkpoint.interval.ms", else: 60_000))
        checkpoint.periodMs = checkpointMs
        surveyMs = max(
            1, configs.integer(ofBroker: "replica.high.watermark.checkpoint.interval.ms", else: 5000))
        setTick()
        nextSurvey = min(nextSurvey, now.instant.adding(milliseconds: surveyMs))
        nextRecoveryCheckpoint = min(nextRecoveryCheckpoint, now.instant.adding(milliseconds: checkpointMs))
    }

    mutating func add(_ partition: Partition) {
        places[ObjectIdentifier(partition)] = entries.count
        entries.append(
            Entry(partition: partition, directory: directoryOf[ObjectIdentifier(partition.disk)] ?? 0))
    }

    mutating func remove(_ partition: Partition) {
        guard let place = places.removeValue(forKey: ObjectIdentifier(partition)) else { return }
        let last = entries.removeLast()
        if place < entries.count {
            entries[place] = last
            places[ObjectIdentifier(last.partition)] = place
        }
    }

    mutating func topicChanged(_ id: TopicID, _ config: TopicConfig) {
        let flushes = config.log.flushMs != .max || config.log.flushMessages != .max
        if flushes { flushing.insert(id) } else { flushing.remove(id) }
        setTick()
    }

    mutating func topicRemoved(_ id: TopicID) {
        flushing.remove(id)
        setTick()
    }

    /// Takes a survey's view of one partition.
    /// - Returns: the checkpoints that it makes stale.
    mutating func see(_ place: Int, _ seen: Entry) -> Set<CheckpointKind> {
        var stale: Set<CheckpointKind> = []
        if entries[place].highWatermark != seen.highWatermark { stale.insert(.highWatermark) }
        if entries[place].startOffset != seen.startOffset { stale.insert(.logStartOffset) }
        if entries[place].recoveryPoint != seen.recoveryPoint { stale.insert(.recoveryPoint) }
        entries[place] = seen
        return stale
    }

    /// A log's start moved outside of the rounds.
    /// - Returns: its directory; nil when the partition is not looked after.
    mutating func startMoved(of partition: Partition, to start: Offset) -> Int? {
        guard let place = places[ObjectIdentifier(partition)] else { return nil }
        entries[place].startOffset = start
        return entries[place].directory
    }

    private mutating func setTick() {
        tickMs = min(1000, retention.periodMs, surveyMs, checkpointMs, flushing.isEmpty ? 1000 : 100)
        nextTick = min(nextTick, lastTick.adding(milliseconds: tickMs))
    }
}

/// Directories that are renamed already, to be removed once their delay is over, a few at a time.
struct Removals {
    private struct Waiting {
        let due: Instant
        let directory: Int
        let name: String
    }

    private var waiting: [Waiting] = []
    private var nextDue = Instant.distantFuture
    private var ready: [(directory: Int, name: String)] = []

    var hasWork: Bool { !ready.isEmpty }

    mutating func add(_ name: String, in directory: Int, due: Instant) {
        waiting.append(Waiting(due: due, directory: directory, name: name))
        nextDue = min(nextDue, due)
    }

    /// One of those whose delay is over.
    mutating func takeNext(at now: Instant) -> (directory: Int, name: String)? {
        if nextDue <= now {
            for entry in waiting where entry.due <= now { ready.append((entry.directory, entry.name)) }
            waiting.removeAll { $0.due <= now }
            nextDue = waiting.map(\.due).min() ?? .distantFuture
        }
        return ready.popLast()
    }
}
