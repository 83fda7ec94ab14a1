import Messages
import Vocabulary

/// DescribeCluster (60). Source: KIP-700, KIP-919 (endpoint types), KIP-1073 (fenced brokers).
extension ClusterView {
    func describeCluster(_ request: DescribeClusterRequest, version: Int16) -> DescribeClusterResponse {
        var response = DescribeClusterResponse()
        response.endpointType = 1
        if request.endpointType != 1 {
            let isKnown = request.endpointType == 2
            response.errorCode =
                (isKnown ? ErrorCode.mismatchedEndpointType : .unsupportedEndpointType).rawValue
            response.errorMessage =
                isKnown
                ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
                : "Unsupported endpoint type \(request.endpointType)"
            return response
        }
        response.clusterId = clusterID
        response.controllerId = controllerID.value
        response.brokers = nodes(includingFenced: version >= 2 && request.includeFencedBrokers).map { node in
            var broker = DescribeClusterResponse.DescribeClusterBroker()
            broker.brokerId = node.id.value
            broker.host = node.host
            broker.port = node.port
            broker.rack = node.rack
            broker.isFenced = node.isFenced
            return broker
        }
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        return response
    }
}
