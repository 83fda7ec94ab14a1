import CommitLog
import HashTreeCollections
import Messages
import Metadata
import Vocabulary

/// DeleteRecords (21): moves a log's start. Source: KIP-107.
extension BrokerLoop {
    func handleDeleteRecords(_ request: DeleteRecordsRequest, _ context: RequestContext) {
        var response = DeleteRecordsResponse()
        response.topics = request.topics.map { asked in
            var topic = DeleteRecordsResponse.DeleteRecordsTopicResult()
            topic.name = asked.name
            topic.partitions = asked.partitions.map { partition in
                var result = DeleteRecordsResponse.DeleteRecordsPartitionResult()
                result.partitionIndex = partition.partitionIndex
                result.lowWatermark = -1
                switch deleteRecords(asked.name, partition.partitionIndex, before: partition.offset) {
                case .success(let start): result.lowWatermark = start.value
                case .failure(let code): result.errorCode = code.rawValue
                }
                return result
            }
            return topic
        }
        reply(context, response)
    }

    private func deleteRecords(_ name: String, _ index: Int32, before offset: Int64) -> Result<
        Offset, ErrorCode
    > {
        if TopicName.isInternal(name) { return .failure(.invalidTopicException) }
        guard let topic = topology.byName[name], let partition = topic.partition(index) else {
            return .failure(.unknownTopicOrPartition)
        }
        // A topic that is only compacted must keep the last value of every key.
        if topic.config.log.cleanupCompact, !topic.config.log.cleanupDelete {
            return .failure(.policyViolation)
        }
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
            return .success(start)
        } catch {
            if let error = error.diskError { diskFailed(partition.disk, error) }
            return .failure(error.code)
        }
    }
}
