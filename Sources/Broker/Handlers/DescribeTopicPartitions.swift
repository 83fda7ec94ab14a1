import Messages
import Metadata
import Vocabulary

/// DescribeTopicPartitions (75): topics by name, page by page, with their eligible leaders. Source: KIP-966.
extension ClusterView {
    func describeTopicPartitions(_ request: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse
    {
        var response = DescribeTopicPartitionsResponse()
        let asksForAll = request.topics.isEmpty
        var names =
            asksForAll ? image.topicsByName.map(\.name) : Array(Set(request.topics.map(\.name))).sorted()
        var first: Int32 = 0
        if let cursor = request.cursor {
            if cursor.partitionIndex < 0 {
                // The answer has no place for an error of its own.
                response.topics = request.topics.map { Self.refusal($0.name, .invalidRequest) }
                return response
            }
            names.removeAll { $0 < cursor.topicName }
            if names.first == cursor.topicName { first = cursor.partitionIndex }
        }
        var room = max(1, min(Int(request.responsePartitionLimit), config.requestPartitionsMax))
        for name in names {
            guard let state = image.topic(named: name) else {
                response.topics.append(Self.refusal(name))
                continue
            }
            let from = min(first, state.partitionCount)
            let until = min(state.partitionCount, from + Int32(clamping: room))
            first = 0
            if room > 0 { response.topics.append(describe(state, from..<until)) }
            room -= Int(until - from)
            if until < state.partitionCount {
                var next = DescribeTopicPartitionsResponse.Cursor()
                next.topicName = name
                next.partitionIndex = until
                response.nextCursor = next
                break
            }
        }
        return response
    }

    private func describe(
        _ state: TopicState, _ indexes: Range<Int32>
    ) -> DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic {
        var topic = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic()
        topic.name = state.name
        topic.topicId = state.id
        topic.isInternal = state.isInternal
        topic.topicAuthorizedOperations = AuthorizedOperations.topic
        topic.partitions = indexes.map { index in
            guard let partition = image.partition(state.id, index) else {
                invariantFailed("\(state.name)-\(index) of \(state.partitionCount) is missing")
            }
            let (error, leader) = leader(of: partition)
            var answer = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition()
            answer.errorCode = error.rawValue
            answer.partitionIndex = index
            answer.leaderId = leader.value
            answer.leaderEpoch = partition.leaderEpoch.value
            answer.replicaNodes = partition.replicas.map(\.value)
            answer.isrNodes = partition.isr.map(\.value)
            answer.eligibleLeaderReplicas = partition.eligibleLeaders.map(\.value)
            answer.lastKnownElr = partition.lastKnownLeader == .none ? [] : [partition.lastKnownLeader.value]
            answer.offlineReplicas = offlineReplicas(of: partition)
            return answer
        }
        return topic
    }

    private static func refusal(
        _ name: String, _ error: ErrorCode? = nil
    ) -> DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic {
        var topic = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic()
        let isValid = TopicName.problem(name) == nil
        topic.errorCode = (error ?? (isValid ? .unknownTopicOrPartition : .invalidTopicException)).rawValue
        topic.name = name
        topic.isInternal = TopicName.isInternal(name)
        return topic
    }
}
