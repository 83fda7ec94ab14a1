import CommitLog
import Vocabulary

/// What recovery did, in few lines.
struct RecoverySummary {
    private var recovered = 0
    private var scannedBytes: Int64 = 0
    private var truncatedBytes: Int64 = 0
    private(set) var lines: [LogLine] = []

    mutating func add(_ report: RecoveryReport, _ id: TopicPartition) {
        for warning in report.warnings {
            lines.append(
                LogLine(
                    .warning, "A log needed repair.",
                    [("topic", id.topic), ("partition", String(id.partition)), ("reason", warning)]))
        }
        if report.wasClean { return }
        recovered += 1
        scannedBytes += report.bytesScanned
        truncatedBytes += report.truncatedBytes
    }

    /// Either the broker stopped before it had made it, or someone took it away: the operator must know
    /// which.
    mutating func addMissing(_ id: TopicPartition) {
        lines.append(
            LogLine(
                .warning, "A partition's directory was not there; it begins empty.",
                [("topic", id.topic), ("partition", String(id.partition))]))
    }

    /// Either a disk that lied about its syncs, or a page that rotted at the log's very end, which recovery cannot tell from a
    /// write that the crash cut off. (With write caching: what a loss of power takes.)
    mutating func addLoss(_ id: TopicPartition, endOffset: Offset, highWatermark: Offset) {
        lines.append(
            LogLine(
                .error, "A log ends before what had been committed: records are lost.",
                [
                    ("topic", id.topic), ("partition", String(id.partition)),
                    ("log.end.offset", String(endOffset.value)),
                    ("high.watermark", String(highWatermark.value)),
                ]))
    }

    func line(partitions: Int, isClean: Bool) -> LogLine {
        LogLine(
            .info, "Opened the logs.",
            [
                ("partitions", String(partitions)), ("clean", String(isClean)),
                ("recovered", String(recovered)),
                ("scanned.bytes", String(scannedBytes)), ("truncated.bytes", String(truncatedBytes)),
            ])
    }
}
