import Messages
import Vocabulary
import Wire

extension BrokerLoop {
    /// One request, from frame to handler.
    ///
    /// An error here is the connection's: bytes that are no request of ours leave nothing to answer to, and Kafka closes too.
    func handle(_ connection: BrokerConnection, _ frame: UnsafeMutableRawBufferPointer) {
        do throws(WireError) {
            try route(connection, frame)
        } catch {
            refuse(connection, "Closed a connection that sent a malformed request.", [("reason", error.description)])
        }
    }

    private func route(_ connection: BrokerConnection, _ frame: UnsafeMutableRawBufferPointer) throws(WireError) {
        var at = 0
        let apiKey = try readInt16(frame.bytes, &at, "apiKey")
        let version = try readInt16(frame.bytes, &at, "apiVersion")
        let correlationID = try readInt32(frame.bytes, &at, "correlationId")
        guard let versions = ServedAPIs.versions(apiKey: apiKey) else {
            return refuse(
                connection, "Closed a connection that asked for an API not served here.", [("api.key", String(apiKey))])
        }
        if apiKey == ApiKey.produce.rawValue, version >= 0, version < versions.lowerBound {
            // Its header is the same in all versions; its answer says UNSUPPORTED_VERSION.
            return try handleOldProduce(frame, context(connection, apiKey, version, correlationID, nil))
        }
        guard versions.contains(version) else {
            if apiKey == ApiKey.apiVersions.rawValue {
                return replyUnsupportedApiVersions(context(connection, apiKey, version, correlationID, nil))
            }
            return refuse(
                connection, "Closed a connection that asked for a version not served here.",
                [("api.key", String(apiKey)), ("api.version", String(version))])
        }
        let flexible = ServedAPIs.isFlexible(apiKey: apiKey, version: version)
        if apiKey == ApiKey.produce.rawValue {
            _ = try readStringRange(frame.bytes, &at, flexible: false, "clientId")  // Not needed.
            if flexible { try skipTags(frame.bytes, &at) }
            return try handleProduce(frame, at, context(connection, apiKey, version, correlationID, nil))
        }
        flushProduce()  // What stands before it in the burst must be seen by it.
        let clientID = try readNullableString(frame.bytes, &at, flexible: false, "clientId")
        if flexible { try skipTags(frame.bytes, &at) }
        try dispatch(frame.bytes, &at, context(connection, apiKey, version, correlationID, clientID))
    }

    private func dispatch(_ frame: RawSpan, _ at: inout Int, _ context: RequestContext) throws(WireError) {
        let version = context.version
        switch ApiKey(rawValue: context.apiKey) {
        case .fetch: try handleFetch(frame, &at, context)
        case .listOffsets: handleListOffsets(try ListOffsetsRequest(frame, &at, version: version), context)
        case .metadata: handleMetadata(try MetadataRequest(frame, &at, version: version), context)
        case .apiVersions: handleApiVersions(try ApiVersionsRequest(frame, &at, version: version), context)
        case .offsetForLeaderEpoch:
            handleOffsetForLeaderEpoch(try OffsetForLeaderEpochRequest(frame, &at, version: version), context)
        case .deleteRecords:
            let request = try DeleteRecordsRequest(frame, &at, version: version)
            forward(request, context, timeoutMs: request.timeoutMs)
        case .initProducerId: handleInitProducerId(try InitProducerIdRequest(frame, &at, version: version), context)
        case .describeConfigs: handleDescribeConfigs(try DescribeConfigsRequest(frame, &at, version: version), context)
        case .describeLogDirs: handleDescribeLogDirs(try DescribeLogDirsRequest(frame, &at, version: version), context)
        case .describeCluster: handleDescribeCluster(try DescribeClusterRequest(frame, &at, version: version), context)
        case .describeProducers:
            handleDescribeProducers(try DescribeProducersRequest(frame, &at, version: version), context)
        case .listConfigResources:
            handleListConfigResources(try ListConfigResourcesRequest(frame, &at, version: version), context)
        case .describeTopicPartitions:
            handleDescribeTopicPartitions(try DescribeTopicPartitionsRequest(frame, &at, version: version), context)
        case .createTopics:
            let request = try CreateTopicsRequest(frame, &at, version: version)
            forward(request, context, timeoutMs: request.timeoutMs)
        case .deleteTopics:
            let request = try DeleteTopicsRequest(frame, &at, version: version)
            forward(request, context, timeoutMs: request.timeoutMs)
        case .createPartitions:
            let request = try CreatePartitionsRequest(frame, &at, version: version)
            forward(request, context, timeoutMs: request.timeoutMs)
        case .alterConfigs: forward(try AlterConfigsRequest(frame, &at, version: version), context)
        case .incrementalAlterConfigs:
            forward(try IncrementalAlterConfigsRequest(frame, &at, version: version), context)
        case .describeQuorum: forward(try DescribeQuorumRequest(frame, &at, version: version), context, to: .quorum)
        case .addRaftVoter:
            let request = try AddRaftVoterRequest(frame, &at, version: version)
            forward(request, context, timeoutMs: request.timeoutMs, to: .quorum)
        case .removeRaftVoter:
            forward(try RemoveRaftVoterRequest(frame, &at, version: version), context, to: .quorum)
        default: invariantFailed("API \(context.apiKey) is advertised and has no handler")
        }
    }

    private func context(
        _ connection: BrokerConnection, _ apiKey: Int16, _ version: Int16, _ correlationID: Int32, _ clientID: String?
    ) -> RequestContext {
        RequestContext(
            connection: connection, sequence: connection.takeSequence(), apiKey: apiKey, version: version,
            correlationID: correlationID, clientID: clientID, receivedAt: now.instant)
    }
}
