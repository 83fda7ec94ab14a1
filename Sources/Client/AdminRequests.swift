package import Messages

/// The requests of topic administration, made from what people say.
package enum AdminRequests {
    /// Kafka's number for the resource type "topic".
    package static let topicResource: Int8 = 2

    /// - Parameters:
    ///   - partitions: -1 leaves it to the broker's default.
    ///   - replicationFactor: -1 likewise.
    package static func createTopics(
        _ names: [String], partitions: Int32, replicationFactor: Int16,
        configs: [(name: String, value: String)],
        validateOnly: Bool, timeoutMs: Int32 = 30_000
    ) -> CreateTopicsRequest {
        var request = CreateTopicsRequest()
        request.timeoutMs = timeoutMs
        request.validateOnly = validateOnly
        request.topics = names.map { name in
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = name
            topic.numPartitions = partitions
            topic.replicationFactor = replicationFactor
            topic.configs = configs.map { pair in
                var config = CreateTopicsRequest.CreatableTopicConfig()
                config.name = pair.name
                config.value = pair.value
                return config
            }
            return topic
        }
        return request
    }

    /// By name, in the old field and the new.
    package static func deleteTopics(_ names: [String], timeoutMs: Int32 = 30_000) -> DeleteTopicsRequest {
        var request = DeleteTopicsRequest()
        request.timeoutMs = timeoutMs
        request.topicNames = names
        return request
    }

    package static func createPartitions(_ name: String, count: Int32, timeoutMs: Int32 = 30_000)
        -> CreatePartitionsRequest
    {
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = name
        topic.count = count
        topic.assignments = nil
        var request = CreatePartitionsRequest()
        request.topics = [topic]
        request.timeoutMs = timeoutMs
        return request
    }

    package static func describeTopicConfigs(_ names: [String]) -> DescribeConfigsRequest {
        var request = DescribeConfigsRequest()
        request.resources = names.map { name in
            var resource = DescribeConfigsRequest.DescribeConfigsResource()
            resource.resourceType = topicResource
            resource.resourceName = name
            resource.configurationKeys = nil
            return resource
        }
        return request
    }

    /// Sets some configurations and takes others back to their defaults, leaving the rest alone (KIP-339).
    package static func alterTopicConfigs(
        _ name: String, set: [(name: String, value: String)], delete: [String]
    ) -> IncrementalAlterConfigsRequest {
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = topicResource
        resource.resourceName = name
        for pair in set { resource.configs.append(change(pair.name, operation: 0, pair.value)) }
        for key in delete { resource.configs.append(change(key, operation: 1, nil)) }
        var request = IncrementalAlterConfigsRequest()
        request.resources = [resource]
        return request
    }

    private static func change(
        _ name: String, operation: Int8, _ value: String?
    ) -> IncrementalAlterConfigsRequest.AlterableConfig {
        var config = IncrementalAlterConfigsRequest.AlterableConfig()
        config.name = name
        config.configOperation = operation
        config.value = value
        return config
    }
}
