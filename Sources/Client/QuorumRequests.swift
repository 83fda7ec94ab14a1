package import Messages
package import Vocabulary

/// The requests about the cluster as a whole and its quorum.
extension AdminRequests {
    package static func describeCluster(includeFenced: Bool) -> DescribeClusterRequest {
        var request = DescribeClusterRequest()
        request.endpointType = 1
        request.includeFencedBrokers = includeFenced
        return request
    }

    package static func describeQuorum() -> DescribeQuorumRequest {
        var partition = DescribeQuorumRequest.PartitionData()
        partition.partitionIndex = 0
        var topic = DescribeQuorumRequest.TopicData()
        topic.topicName = "__cluster_metadata"
        topic.partitions = [partition]
        var request = DescribeQuorumRequest()
        request.topics = [topic]
        return request
    }

    package static func addVoter(
        _ id: Int32, directory: UUID128, host: String, port: UInt16, timeoutMs: Int32
    ) -> AddRaftVoterRequest {
        var listener = AddRaftVoterRequest.Listener()
        listener.name = "CONTROLLER"
        listener.host = host
        listener.port = port
        var request = AddRaftVoterRequest()
        request.clusterId = nil
        request.timeoutMs = timeoutMs
        request.voterId = id
        request.voterDirectoryId = directory
        request.listeners = [listener]
        return request
    }

    package static func removeVoter(_ id: Int32, directory: UUID128) -> RemoveRaftVoterRequest {
        var request = RemoveRaftVoterRequest()
        request.clusterId = nil
        request.voterId = id
        request.voterDirectoryId = directory
        return request
    }
}
