import CommitLog
import HashTreeCollections
import Messages
import Metadata
import Vocabulary

/// DescribeProducers (61): who produces idempotently to a partition. Source: KIP-664.
extension BrokerLoop {
    func handleDescribeProducers(_ request: DescribeProducersRequest, _ context: RequestContext) {
        var response = DescribeProducersResponse()
        response.topics = request.topics.map { asked in
            var topic = DescribeProducersResponse.TopicResponse()
            topic.name = asked.name
            topic.partitions = asked.partitionIndexes.map { producers(of: asked.name, $0) }
            return topic
        }
        reply(context, response)
    }

    private func producers(of name: String, _ index: Int32) -> DescribeProducersResponse.PartitionResponse {
        var result = DescribeProducersResponse.PartitionResponse()
        result.partitionIndex = index
        if let problem = TopicName.problem(name) {
            result.errorCode = ErrorCode.invalidTopicException.rawValue
            result.errorMessage = problem
            return result
        }
        guard let partition = topology.byName[name]?.partition(index) else {
            result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
            result.errorMessage = "This server does not host this topic-partition."
            return result
        }
        do throws(Partition.Failure) {
            result.activeProducers = try partition.withLog { log, _ in log.producers }.map { producer in
                var state = DescribeProducersResponse.ProducerState()
                state.producerId = producer.producerID
                state.producerEpoch = Int32(producer.producerEpoch)
                state.lastSequence = producer.lastSequence
                state.lastTimestamp = producer.lastTimestamp.milliseconds
                state.coordinatorEpoch = producer.coordinatorEpoch
                state.currentTxnStartOffset = producer.currentTransactionStart.value
                return state
            }
        } catch {
            result.errorCode = error.code.rawValue
            result.errorMessage = error.message
        }
        return result
    }
}
