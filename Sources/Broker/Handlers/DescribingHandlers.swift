import Messages
import Vocabulary

/// The handlers that only tell what the topology says: made by a `ClusterView`, answered at once.
extension BrokerLoop {
    func view(_ context: RequestContext) -> ClusterView {
        ClusterView(
            topology: topology, config: broker.config, clusterID: broker.clusterID,
            listener: context.connection.listener)
    }

    /// Answered here, unless topics are to be created on the way: then by the control loop, once they are
    /// there.
    func handleMetadata(_ request: MetadataRequest, _ context: RequestContext) {
        let view = view(context)
        if !view.namesToCreate(request, version: context.version).isEmpty { return forward(request, context) }
        reply(context, view.metadata(request, version: context.version))
    }

    func handleDescribeCluster(_ request: DescribeClusterRequest, _ context: RequestContext) {
        reply(context, view(context).describeCluster(request, version: context.version))
    }

    func handleDescribeTopicPartitions(_ request: DescribeTopicPartitionsRequest, _ context: RequestContext) {
        reply(context, view(context).describeTopicPartitions(request))
    }

    func handleListConfigResources(_ request: ListConfigResourcesRequest, _ context: RequestContext) {
        reply(context, view(context).listConfigResources(request, version: context.version))
    }

    func handleDescribeConfigs(_ request: DescribeConfigsRequest, _ context: RequestContext) {
        reply(context, view(context).describeConfigs(request))
    }

    /// Sizes come from every log and space from the disks: work for the control loop.
    func handleDescribeLogDirs(_ request: DescribeLogDirsRequest, _ context: RequestContext) {
        forward(request, context)
    }

    func handleInitProducerId(_ request: InitProducerIdRequest, _ context: RequestContext) {
        forward(request, context)
    }
}
