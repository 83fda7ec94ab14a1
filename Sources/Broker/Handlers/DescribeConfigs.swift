import HashTreeCollections
import Messages
import Metadata
import Vocabulary

/// DescribeConfigs (32): values in force, where they come from, what they mean. Source: KIP-133, KIP-226,
/// KIP-524, KIP-569.
extension ClusterView {
    typealias Described = DescribeConfigsResponse.DescribeConfigsResourceResult

    func describeConfigs(_ request: DescribeConfigsRequest) -> DescribeConfigsResponse {
        var response = DescribeConfigsResponse()
        response.results = request.resources.map { resource in
            var result = DescribeConfigsResponse.DescribeConfigsResult()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            result.errorMessage = nil
            do throws(MetadataError) {
                let all = try configs(of: resource.resourceType, resource.resourceName, request)
                let wanted = resource.configurationKeys.map(Set.init) ?? []
                result.configs = wanted.isEmpty ? all : all.filter { wanted.contains($0.name) }
            } catch {
                result.errorCode = error.code.rawValue
                result.errorMessage = error.message
            }
            return result
        }
        return response
    }

    private func configs(
        of type: Int8, _ name: String, _ request: DescribeConfigsRequest
    ) throws(MetadataError) -> [Described] {
        switch ConfigResource.Kind(rawValue: type) {
        case .topic:
            if let problem = TopicName.problem(name) { throw MetadataError(.invalidTopicException, problem) }
            guard image.topicIDs[name] != nil else {
                throw MetadataError(
                    .unknownTopicOrPartition, "This server does not host this topic-partition.")
            }
            return configs.topic(name).map { Self.described($0, isTopics: true, request) }
        case .broker:
            if name.isEmpty {
                return configs.dynamicDefaults().map { Self.described($0, isTopics: false, request) }
            }
            try checkBroker(name, orEmpty: true)
            return configs.allOfBroker().map { Self.described($0, isTopics: false, request) }
        case .brokerLogger:
            guard !name.isEmpty else { throw MetadataError(.invalidRequest, "Broker id must not be empty") }
            try checkBroker(name, orEmpty: false)
            return [rootLogger]
        case .clientMetrics, .group:
            guard !name.isEmpty else {
                throw MetadataError(.invalidRequest, "The resource name must not be empty")
            }
            return stored(ConfigResource(type == 16 ? .clientMetrics : .group, name))
        case nil: throw MetadataError(.invalidRequest, "Unsupported resource type: \(type)")
        }
    }

    private func checkBroker(_ name: String, orEmpty: Bool) throws(MetadataError) {
        guard let id = Int32(name) else {
            throw MetadataError(.invalidRequest, "Broker id must be an integer, but it is: \(name)")
        }
        guard id == config.nodeID.value else {
            let expected = orEmpty ? "\(config.nodeID) or empty string" : "\(config.nodeID)"
            throw MetadataError(
                .invalidRequest, "Unexpected broker id, expected \(expected), but received \(name)")
        }
    }

    /// There is one level for all of the broker's log; it is set where the broker is started.
    private var rootLogger: Described {
        var root = Described()
        root.name = "root"
        root.value = (config.properties["log.level"] ?? "info").uppercased()
        root.readOnly = true
        root.configSource = 6  // DYNAMIC_BROKER_LOGGER_CONFIG
        root.configType = ConfigType.string.rawValue
        return root
    }

    /// What was set for a resource whose meaning is not built yet.
    private func stored(_ resource: ConfigResource) -> [Described] {
        let values = image.config(resource)
        return values.keys.sorted().map { name in
            var config = Described()
            config.name = name
            config.value = values[name]
            config.configSource = resource.kind == .group ? 8 : 7
            config.configType = ConfigType.string.rawValue
            return config
        }
    }

    private static func described(
        _ config: ResolvedConfig, isTopics: Bool, _ request: DescribeConfigsRequest
    ) -> Described {
        var described = Described()
        described.name = config.name
        described.value = config.isSensitive ? nil : config.value
        described.readOnly = !isTopics && config.isReadOnly
        described.configSource = config.source.rawValue
        described.isSensitive = config.isSensitive
        described.configType = config.type.rawValue
        described.documentation = request.includeDocumentation ? config.documentation : nil
        if request.includeSynonyms {
            described.synonyms = config.synonyms.map { candidate in
                var synonym = DescribeConfigsResponse.DescribeConfigsSynonym()
                synonym.name = candidate.name
                synonym.value = config.isSensitive ? nil : candidate.value
                synonym.source = candidate.source.rawValue
                return synonym
            }
        }
        return described
    }
}
