package import Ports
package import Vocabulary

extension Log {
    /// Opens a log that is there already.
    ///
    /// After a clean stop that is a handful of system calls; else everything behind the recovery point is read and
    /// checked. What never became whole at the very end is cut. Damage with sound batches behind it is an error, and
    /// nothing is changed then.
    /// - Parameter topicID: compared with what `partition.metadata` says, which is written when it is missing; nil: it
    ///   is taken from there (zero when missing).
    package static func open(
        disk: any Disk, topicPartition: TopicPartition, topicID: TopicID?, config: LogConfig,
        start: RecoveryStart,
        now: Timestamp
    ) throws(LogError) -> (Log, RecoveryReport) {
        let directory = topicPartition.description
        do {
            let inventory = Inventory(try disk.list(directory))
            let id = try findTopicID(disk, directory, inventory, expected: topicID)
            let log = Log(
                disk: disk, topicPartition: topicPartition, topicID: id, config: config,
                startOffset: start.logStartOffset ?? 0)
            var recovery = Recovery(log: log, start: start, inventory: inventory, now: now)
            try recovery.run()
            if !inventory.hasMetadata, id != .zero { try log.writeMetadata() }
            return (log, recovery.report)
        } catch let error as DiskError {
            throw .disk(error)
        } catch let error as LogError {
            throw error
        } catch {
            invariantFailed("\(error)")
        }
    }

    private static func findTopicID(
        _ disk: any Disk, _ directory: String, _ inventory: Inventory, expected: TopicID?
    ) throws -> TopicID {
        let path = directory + "/" + LogPaths.metadata
        guard inventory.hasMetadata, let bytes = try disk.readWhole(path),
            let found = PartitionMetadata.decode(bytes)
        else { return expected ?? .zero }
        guard let expected, expected != .zero, expected != found else { return found }
        throw LogError.inconsistentTopicID(path: path, expected: expected, found: found)
    }
}
