import CommitLog
import Messages
import Vocabulary

/// ListOffsets (2): where a partition begins, ends, or reaches a point of time (KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023).
extension BrokerLoop {
    func handleListOffsets(_ request: ListOffsetsRequest, _ context: RequestContext) {
        var response = ListOffsetsResponse()
        for topic in request.topics {
            var answer = ListOffsetsResponse.ListOffsetsTopicResponse()
            answer.name = topic.name
            let known = topology.topic(named: topic.name)
            answer.partitions = topic.partitions.map { wanted in
                var part = ListOffsetsResponse.ListOffsetsPartitionResponse()
                part.partitionIndex = wanted.partitionIndex
                guard let partition = known?.partition(wanted.partitionIndex) else {
                    part.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return part
                }
                do throws(Partition.Failure) {
                    let found = try Self.offset(of: wanted, in: partition)
                    (part.offset, part.timestamp) = (found.offset.value, found.timestamp.milliseconds)
                    if context.version >= 4 { part.leaderEpoch = found.epoch.value }
                } catch {
                    part.errorCode = error.code.rawValue
                }
                return part
            }
            response.topics.append(answer)
        }
        reply(context, response)
    }

    private struct FoundOffset: Sendable {
        var offset: Offset = -1
        var timestamp = Timestamp.none
        var epoch = LeaderEpoch.unknown
    }

    private static func offset(
        of wanted: ListOffsetsRequest.ListOffsetsPartition, in partition: Partition
    ) throws(Partition.Failure) -> FoundOffset {
        try partition.withLog(epoch: LeaderEpoch(wanted.currentLeaderEpoch)) { log, highWatermark in
            switch wanted.timestamp {
            case -1: return FoundOffset(offset: highWatermark, epoch: log.latestEpoch ?? .unknown)
            // The earliest offset, here on disk; and the earliest not yet in remote storage, which is not used.
            case -2, -4, -6: return FoundOffset(offset: log.startOffset, epoch: log.leaderEpoch(for: log.startOffset) ?? .unknown)
            case -3:
                guard let found = try log.maxTimestamp() else { return FoundOffset() }
                return FoundOffset(offset: found.offset, timestamp: found.timestamp, epoch: found.leaderEpoch)
            case -5: return FoundOffset()  // The latest in remote storage: there is none.
            case let time where time >= 0:
                guard let found = try log.offset(atOrAfter: Timestamp(milliseconds: time), bound: highWatermark)
                else { return FoundOffset() }
                return FoundOffset(offset: found.offset, timestamp: found.timestamp, epoch: found.leaderEpoch)
            default: throw Partition.Failure(code: .invalidRequest, message: "no such timestamp")
            }
        }
    }
}
