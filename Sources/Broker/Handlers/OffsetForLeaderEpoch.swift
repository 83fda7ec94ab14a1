import CommitLog
import Messages
import Vocabulary

/// OffsetForLeaderEpoch (23): where a leader's reign ended, so that a reader can tell whether its history is ours
/// (KIP-101, KIP-279, KIP-320).
extension BrokerLoop {
    func handleOffsetForLeaderEpoch(_ request: OffsetForLeaderEpochRequest, _ context: RequestContext) {
        var response = OffsetForLeaderEpochResponse()
        for topic in request.topics {
            var answer = OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult()
            answer.topic = topic.topic
            let known = topology.topic(named: topic.topic)
            answer.partitions = topic.partitions.map { wanted in
                var part = OffsetForLeaderEpochResponse.EpochEndOffset()
                part.partition = wanted.partition
                guard let partition = known?.partition(wanted.partition) else {
                    part.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return part
                }
                do throws(Partition.Failure) {
                    let found = try partition.endOffset(
                        of: LeaderEpoch(wanted.leaderEpoch), currentEpoch: LeaderEpoch(wanted.currentLeaderEpoch))
                    (part.leaderEpoch, part.endOffset) = (found?.epoch.value ?? -1, found?.offset.value ?? -1)
                } catch {
                    part.errorCode = error.code.rawValue
                }
                return part
            }
            response.topics.append(answer)
        }
        reply(context, response)
    }
}
