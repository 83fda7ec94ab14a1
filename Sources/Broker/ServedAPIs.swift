package import Messages
import Vocabulary

/// What this broker answers, and in which versions: what ApiVersions says, and what the router lets through.
package enum ServedAPIs {
    /// Sorted by key. The ranges are those of the schemas: an API is served whole or not at all.
    package static let all: [ApiKey] = [
        .produce, .fetch, .listOffsets, .metadata, .apiVersions, .createTopics, .deleteTopics, .deleteRecords,
        .initProducerId, .offsetForLeaderEpoch, .describeConfigs, .alterConfigs, .describeLogDirs, .createPartitions,
        .incrementalAlterConfigs, .describeQuorum, .describeCluster, .describeProducers, .listConfigResources,
        .describeTopicPartitions, .addRaftVoter, .removeRaftVoter,
    ]

    /// By API key, so that a look-up is one load.
    private static let ranges: [(versions: ClosedRange<Int16>, flexibleFrom: Int16)?] = {
        var table = [(versions: ClosedRange<Int16>, flexibleFrom: Int16)?](repeating: nil, count: 128)
        for api in all { table[Int(api.rawValue)] = (api.validVersions, api.flexibleFrom) }
        return table
    }()

    /// The versions advertised. Produce begins at 0, though 0 to 2 are answered with an error only: librdkafka takes a higher
    /// minimum for a broker it cannot speak to (KAFKA-18659).
    static func advertised(_ api: ApiKey) -> ClosedRange<Int16> {
        api == .produce ? 0...api.validVersions.upperBound : api.validVersions
    }

    static func versions(apiKey: Int16) -> ClosedRange<Int16>? {
        guard apiKey >= 0, Int(apiKey) < ranges.count else { return nil }
        return ranges[Int(apiKey)]?.versions
    }

    static func isFlexible(apiKey: Int16, version: Int16) -> Bool {
        guard let entry = ranges[Int(apiKey)] else { return false }
        return version >= entry.flexibleFrom
    }

    /// ApiVersions answers with the old header always: the client does not know yet what we understand (KIP-511).
    static func hasFlexibleResponseHeader(apiKey: Int16, version: Int16) -> Bool {
        apiKey != ApiKey.apiVersions.rawValue && isFlexible(apiKey: apiKey, version: version)
    }
}
