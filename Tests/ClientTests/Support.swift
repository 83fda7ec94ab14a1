import Client
import Messages
import Vocabulary

/// A view of one broker, number 1 at `h:1`, that leads all partitions of topic `t`.
func makeView(partitions: Int32) -> ClusterView {
    var view = ClusterView()
    view.apply(makeMetadata(partitions: partitions))
    return view
}

func makeMetadata(partitions: Int32) -> MetadataResponse {
    var broker = MetadataResponse.MetadataResponseBroker()
    broker.nodeId = 1
    broker.host = "h"
    broker.port = 1
    var topic = MetadataResponse.MetadataResponseTopic()
    topic.name = "t"
    topic.topicId = UUID128(high: 3, low: 4)
    topic.partitions = (0..<partitions).map { index in
        var partition = MetadataResponse.MetadataResponsePartition()
        partition.partitionIndex = index
        partition.leaderId = 1
        partition.leaderEpoch = 0
        return partition
    }
    var response = MetadataResponse()
    response.brokers = [broker]
    response.controllerId = 1
    response.topics = [topic]
    return response
}
