import Consensus
import Messages
import Metadata
import Vocabulary

/// DescribeQuorum (55): who votes, who leads, how far each replica is. Source: KIP-595, KIP-836 (times), KIP-853 (directories).
extension QuorumLoop {
    func describeQuorum(_ message: DescribeQuorumRequest, _ request: ControlRequest) {
        let asked = message.topics.flatMap { topic in topic.partitions.map { (topic.topicName, $0.partitionIndex) } }
        guard asked.count == 1, asked[0] == (TopicName.clusterMetadata, 0) else {
            var response = DescribeQuorumResponse()
            response.topics = message.topics.map { topic in
                var answer = DescribeQuorumResponse.TopicData()
                answer.topicName = topic.topicName
                answer.partitions = topic.partitions.map { partition in
                    var data = DescribeQuorumResponse.PartitionData()
                    data.partitionIndex = partition.partitionIndex
                    data.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    return data
                }
                return answer
            }
            return emit(.post(.reply(request.ticket, request.ticket.frame(response)), to: request.ticket.loop))
        }
        ask(.quorum(.describe), .kafka(request))
    }
}

extension DescribeQuorumResponse {
    init(_ request: DescribeQuorumRequest, _ reply: QuorumReply) {
        self.init()
        var data = PartitionData()
        data.partitionIndex = 0
        switch reply {
        case .described(let quorum):
            data.leaderId = quorum.leader.value
            data.leaderEpoch = quorum.term.value
            data.highWatermark = quorum.highWatermark.value
            data.currentVoters = quorum.voters.map(Self.state)
            data.observers = quorum.observers.map(Self.state)
            nodes = quorum.set.voters.map { voter in
                var listener = Listener()
                listener.name = "CONTROLLER"
                listener.host = voter.host
                listener.port = voter.port
                var node = Node()
                node.nodeId = voter.key.id.value
                node.listeners = [listener]
                return node
            }
        case .refused(let code, let message):
            errorCode = code.rawValue
            errorMessage = message
            data.errorCode = code.rawValue
            data.errorMessage = message
        case .done: invariantFailed("a description is missing")
        }
        var topic = TopicData()
        topic.topicName = TopicName.clusterMetadata
        topic.partitions = [data]
        topics = [topic]
    }

    private static func state(_ replica: QuorumDescription.Replica) -> ReplicaState {
        var state = ReplicaState()
        state.replicaId = replica.key.id.value
        state.replicaDirectoryId = replica.key.directory
        state.logEndOffset = replica.logEnd.value
        state.lastFetchTimestamp = replica.lastHeard.milliseconds
        state.lastCaughtUpTimestamp = replica.lastCaughtUp.milliseconds
        return state
    }
}
