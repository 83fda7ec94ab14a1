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
            let twice = Self.repeated(topic.partitions)
            answer.partitions = topic.partitions.map { wanted in
                var part = ListOffsetsResponse.ListOffsetsPartitionResponse()
                part.partitionIndex = wanted.partitionIndex
                if twice.contains(wanted.partitionIndex) {
                    part.errorCode = ErrorCode.invalidRequest.rawValue
                    return part
                }
                if wanted.timestamp < 0, context.version < Self.firstVersion(of: wanted.timestamp) {
                    part.errorCode = ErrorCode.unsupportedVersion.rawValue
                    return part
                }
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

    /// The version that brought a special timestamp.
    private static func firstVersion(of timestamp: Int64) -> Int16 {
        switch timestamp {
        case -1, -2: 1
        case -3: 7
        case -4: 8
        case -5: 9
        case -6: 11
        default: .max
        }
    }

    private static func repeated(_ partitions: [ListOffsetsRequest.ListOffsetsPartition]) -> Set<Int32> {
        if partitions.count < 2 { return [] }
        var seen: Set<Int32> = []
        return Set(partitions.lazy.map(\.partitionIndex).filter { !seen.insert($0).inserted })
    }

    private static func offset(
        of wanted: ListOffsetsRequest.ListOffsetsPartition, in partition: Partition
    ) throws(Partition.Failure) -> FoundOffset {
        let leaderEpoch = partition.leaderEpoch
        return try partition.withLog(epoch: LeaderEpoch(wanted.currentLeaderEpoch)) { log, highWatermark in
            switch wanted.timestamp {
            case -1: return FoundOffset(offset: highWatermark, epoch: leaderEpoch)
            // The earliest offset, and the earliest here on disk.
            case -2, -4: return FoundOffset(offset: log.startOffset, epoch: log.leaderEpoch(for: log.startOffset) ?? .unknown)
            case -3:
                guard let found = try log.maxTimestamp(bound: highWatermark) else { return FoundOffset() }
                return FoundOffset(offset: found.offset, timestamp: found.timestamp, epoch: found.leaderEpoch)
            // The latest in remote storage, and the earliest that waits to go there: there are none.
            case -5, -6: return FoundOffset()
            case let time:
                guard let found = try log.offset(atOrAfter: Timestamp(milliseconds: time), bound: highWatermark)
                else { return FoundOffset() }
                return FoundOffset(offset: found.offset, timestamp: found.timestamp, epoch: found.leaderEpoch)
            }
        }
    }
}
