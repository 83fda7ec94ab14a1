import HashTreeCollections
import Messages
import Metadata
import Vocabulary

/// ListConfigResources (74): what has a configuration. Source: KIP-1142; version 0 is KIP-714's list of
/// client metrics.
extension ClusterView {
    func listConfigResources(
        _ request: ListConfigResourcesRequest, version: Int16
    ) -> ListConfigResourcesResponse {
        var response = ListConfigResourcesResponse()
        let supported: [ConfigResource.Kind] = [.topic, .broker, .brokerLogger, .clientMetrics, .group]
        var kinds: [ConfigResource.Kind] = [.clientMetrics]
        if version >= 1 {
            kinds = request.resourceTypes.isEmpty ? supported : []
            for type in request.resourceTypes {
                guard let kind = ConfigResource.Kind(rawValue: type) else {
                    response.errorCode = ErrorCode.unsupportedVersion.rawValue
                    return response
                }
                if !kinds.contains(kind) { kinds.append(kind) }
            }
        }
        for kind in kinds {
            for name in names(of: kind) {
                var resource = ListConfigResourcesResponse.ConfigResource()
                resource.resourceName = name
                resource.resourceType = kind.rawValue
                response.configResources.append(resource)
            }
        }
        return response
    }

    private func names(of kind: ConfigResource.Kind) -> [String] {
        switch kind {
        case .topic: image.topicsByName.map(\.name)
        case .broker, .brokerLogger: image.brokersByID.map { String($0.id.value) }
        case .clientMetrics, .group: image.configs.keys.filter { $0.kind == kind }.map(\.name).sorted()
        }
    }
}
