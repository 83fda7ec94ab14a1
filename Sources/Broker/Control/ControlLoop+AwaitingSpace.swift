import CommitLog
import Metadata
import Ports
import Vocabulary

/// Partitions that a full disk kept from coming up. They are tried again once it has room (`watchDisks` puts their topics in the
/// reconciler's queue).
extension ControlLoop {
    /// A partition's log could not be made or opened.
    ///
    /// - Parameter recovery: where the next try begins to recover the log; nil when it is to be made.
    func noteFailure(
        _ error: LogError, of index: Int32, _ topic: TopicID, _ disk: BrokerDisk, recovery: RecoveryStart?
    ) {
        guard case .disk(let error) = error, Self.isFailureOfDisk(error) else { return }
        if error.reason == .noSpace { awaitingSpace[topic, default: [:]].updateValue(recovery, forKey: index) }
        failed(disk, error)
    }

    /// The first of the topic's partitions that waits for room on a disk that has some now.
    func nextWithRoom(of topic: RunningTopic) -> Int32? {
        awaitingSpace[topic.id]?.keys
            .filter { index in
                let standing = topic.partitions[Int(index)].disk.standing
                return standing == .open || standing == .throttled
            }
            .min()
    }

    /// Puts a partition that runs, or is offline for a new reason, in the place of one that waited for room.
    func bringUpAgain(_ index: Int32, of topic: inout RunningTopic, _ config: TopicConfig) {
        let old = topic.partitions[Int(index)]
        guard let recovery = awaitingSpace[topic.id]?.removeValue(forKey: index) else {
            invariantFailed("\(old.id) does not wait for room")
        }
        if awaitingSpace[topic.id]?.isEmpty ?? false { awaitingSpace[topic.id] = nil }
        guard let directory = directories.firstIndex(where: { $0.disk === old.disk }) else {
            invariantFailed("\(old.id) lies on no disk")
        }
        upkeep.remove(old)
        let new = bringUp(old.id, old.topicID, old.leaderEpoch, config, in: directory, recovery: recovery)
        topic.partitions[Int(index)] = new
        topic.isStale = true
        if new.offlineReason == nil {
            log(
                .info, "A partition that waited for space has come up.",
                [("topic", old.id.topic), ("partition", String(index)), ("log.dir", old.disk.disk.name)])
        }
    }

    /// Opens a log that could not be opened before. Blocks for what recovery reads, which is bounded by the last checkpoint.
    func openLog(
        _ id: TopicPartition, _ topicID: TopicID, _ config: LogConfig, in index: Int, from start: RecoveryStart
    ) throws(LogError) -> Log {
        let disk = directories[index].disk.disk
        let (opened, report) = try Log.open(
            disk: disk, topicPartition: id, topicID: topicID, config: config, start: start, now: now.timestamp)
        var summary = RecoverySummary()
        summary.add(report, id)
        for line in summary.lines { emit(.log(line)) }
        return opened
    }
}
