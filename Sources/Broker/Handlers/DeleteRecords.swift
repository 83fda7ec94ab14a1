import CommitLog
import Messages
import Metadata
import Vocabulary

/// DeleteRecords (21): moves a log's start. Source: KIP-107.
///
/// On the control loop, because the answer waits for the log-start checkpoint: what was deleted does not come back when the
/// broker is killed.
extension ControlLoop {
    func handleDeleteRecords(_ request: DeleteRecordsRequest, _ ticket: ReplyTicket) {
        let topology = broker.topology.current()
        var response = DeleteRecordsResponse()
        var touched: Set<Int> = []
        response.topics = request.topics.map { asked in
            var topic = DeleteRecordsResponse.DeleteRecordsTopicResult()
            topic.name = asked.name
            topic.partitions = asked.partitions.map { partition in
                var result = DeleteRecordsResponse.DeleteRecordsPartitionResult()
                result.partitionIndex = partition.partitionIndex
                result.lowWatermark = -1
                let known = topology.topic(named: asked.name)
                switch deleteRecords(asked.name, known, partition.partitionIndex, before: partition.offset, &touched) {
                case .success(let start): result.lowWatermark = start.value
                case .failure(let code): result.errorCode = code.rawValue
                }
                return result
            }
            return topic
        }
        let failed = touched.sorted().filter { !writeCheckpoints(of: $0) }
        if !failed.isEmpty { refuseAll(&response) }
        reply(ticket, response)
    }

    private func deleteRecords(
        _ name: String, _ topic: Topic?, _ index: Int32, before offset: Int64, _ touched: inout Set<Int>
    ) -> Result<Offset, ErrorCode> {
        if TopicName.isInternal(name) { return .failure(.invalidTopicException) }
        guard let topic, let partition = topic.partition(index) else { return .failure(.unknownTopicOrPartition) }
        // A topic that is only compacted must keep the last value of every key.
        if topic.config.log.cleanupCompact, !topic.config.log.cleanupDelete { return .failure(.policyViolation) }
        let time = now.timestamp
        do throws(Partition.Failure) {
            let start = try partition.withLogErrors { log, highWatermark throws(LogError) in
                let target = offset == -1 ? highWatermark : Offset(offset)
                guard target >= 0, target <= highWatermark else {
                    throw .offsetOutOfRange(requested: target, start: log.startOffset, end: highWatermark)
                }
                return try log.deleteRecords(before: target, now: time)
            }
            wake(partition.startMoved(to: start), for: partition)
            if let directory = upkeep.startMoved(of: partition, to: start) {
                directories[directory].stale.insert(.logStartOffset)
                touched.insert(directory)
            }
            return .success(start)
        } catch {
            if let error = error.diskError { failed(partition.disk, error) }
            return .failure(error.code)
        }
    }

    /// The checkpoint could not be written: its directory is offline now.
    private func refuseAll(_ response: inout DeleteRecordsResponse) {
        for topic in response.topics.indices {
            for partition in response.topics[topic].partitions.indices
            where response.topics[topic].partitions[partition].errorCode == 0 {
                response.topics[topic].partitions[partition].lowWatermark = -1
                response.topics[topic].partitions[partition].errorCode = ErrorCode.kafkaStorageError.rawValue
            }
        }
    }
}
