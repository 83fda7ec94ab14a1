import Messages
import Metadata
import Testing
import Vocabulary
import Wire

@testable import Broker

/// Administration at its edges, as Kafka's broker answers it.
struct AdminEdgeTests {
    @Test func `a request that says nothing is answered in every version`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("a", partitions: 2)
        func sweep<Request: RequestMessage>(_: Request.Type) throws {
            for version in Request.validVersions.lowerBound...BrokerHarness.newest(Request.self) {
                _ = try harness.ask(Request(), version: version)
            }
        }
        try sweep(FetchRequest.self)
        try sweep(ListOffsetsRequest.self)
        try sweep(MetadataRequest.self)
        try sweep(CreateTopicsRequest.self)
        try sweep(DeleteTopicsRequest.self)
        try sweep(DeleteRecordsRequest.self)
        try sweep(InitProducerIdRequest.self)
        try sweep(OffsetForLeaderEpochRequest.self)
        try sweep(DescribeConfigsRequest.self)
        try sweep(AlterConfigsRequest.self)
        try sweep(DescribeLogDirsRequest.self)
        try sweep(CreatePartitionsRequest.self)
        try sweep(IncrementalAlterConfigsRequest.self)
        try sweep(DescribeClusterRequest.self)
        try sweep(DescribeProducersRequest.self)
        try sweep(ListConfigResourcesRequest.self)
        try sweep(DescribeTopicPartitionsRequest.self)
    }

    @Test(arguments: [10, 11] as [Int16]) func `a topic without a name is an invalid request before version 12`(
        version: Int16
    ) throws {
        let harness = try BrokerHarness()
        var topic = MetadataRequest.MetadataRequestTopic()
        topic.name = nil
        topic.topicId = UUID128(high: 1, low: 2)
        var request = MetadataRequest()
        request.topics = [topic]
        let answer = try #require(try harness.ask(request, version: version).topics.first)
        #expect(answer.errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(answer.name == "")
    }

    @Test(arguments: [(1, ErrorCode.invalidRequest), (2, .invalidRequest), (3, .topicDeletionDisabled), (6, .topicDeletionDisabled)] as [(Int16, ErrorCode)])
    func `that topics cannot be deleted has a code of its own since version 3`(version: Int16, code: ErrorCode) throws {
        let harness = try BrokerHarness { $0.properties["delete.topic.enable"] = "false" }
        try harness.createTopic("a")
        var state = DeleteTopicsRequest.DeleteTopicState()
        state.name = "a"
        var request = DeleteTopicsRequest()
        if version >= 6 { request.topics = [state] } else { request.topicNames = ["a"] }
        request.timeoutMs = 1000
        #expect(try harness.ask(request, version: version).responses.first?.errorCode == code.rawValue)
    }

    @Test func `a created topic tells what it got`() throws {
        let harness = try BrokerHarness { $0.properties["num.partitions"] = "3" }
        var request = BrokerHarness.creation(of: "t", -1, ["retention.ms": "1000"])
        request.topics[0].replicationFactor = -1
        let made = try #require(try harness.ask(request).topics.first)
        #expect(made.numPartitions == 3 && made.replicationFactor == 1)
        let configs = try #require(made.configs)
        #expect(configs.first { $0.name == "retention.ms" }?.configSource == ConfigSource.topic.rawValue)
        #expect(configs.first { $0.name == "segment.ms" }?.configSource == ConfigSource.default.rawValue)
        #expect(configs.allSatisfy { !$0.readOnly })
        request.topics[0].name = "u"
        request.topics[0].replicationFactor = 2
        #expect(try harness.ask(request).topics.first?.errorCode == ErrorCode.invalidReplicationFactor.rawValue)
        request.topics[0].replicationFactor = -1
        request.validateOnly = true
        let checked = try #require(try harness.ask(request).topics.first)
        #expect(checked.errorCode == 0 && checked.topicId == .zero && checked.numPartitions == 3)
        #expect(try harness.metadata(["u"]).topics.first?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test func `what takes effect later says so`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("t")
        let configs = try harness.describe(2, "t", ["delete.retention.ms", "retention.ms"]).configs
        #expect(configs.first { $0.name == "delete.retention.ms" }?.documentation?.contains("without effect in this version") == true)
        #expect(configs.first { $0.name == "retention.ms" }?.documentation?.contains("without effect") == false)
    }

    @Test(arguments: [
        "max.connections", "max.connections.per.ip", "num.network.threads", "num.recovery.threads.per.data.dir",
        "listeners", "advertised.listeners", "listener.security.protocol.map",
    ])
    func `what is read at the start only cannot be changed while the broker runs`(name: String) throws {
        let harness = try BrokerHarness()
        let value = ConfigCatalogue.broker[name]?.defaultValue ?? "PLAINTEXT://h:1"
        let answer = try harness.alter(4, "1", [(name, 0, value)])
        #expect(answer.errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(try harness.describe(4, "1", [name]).configs.first?.readOnly == true)
    }

    @Test func `a number with spaces around it means that number`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("t", configs: ["max.message.bytes": " 70 "])
        #expect(try harness.produce(5, to: "t").errorCode == ErrorCode.messageTooLarge.rawValue)
    }

    @Test(arguments: MetadataRequest.validVersions)
    func `a leader without an endpoint here is told apart since version 6`(version: Int16) throws {
        let harness = try BrokerHarness()
        let other = NewBroker(
            id: 2, clusterID: harness.broker.clusterID, incarnation: UUID128(high: 5, low: 5),
            endpoints: [BrokerEndpoint(name: "INTERNAL", host: "h", port: 1, securityProtocol: 0)],
            directories: [UUID128(high: 6, low: 6)], startsFenced: false, stoppedCleanly: true)
        harness.control.submit(.registerBroker(other)) { _ in }
        harness.settle()
        var request = BrokerHarness.creation(of: "t", -1)
        var assignment = CreateTopicsRequest.CreatableReplicaAssignment()
        assignment.partitionIndex = 0
        assignment.brokerIds = [2]
        request.topics[0].replicationFactor = -1
        request.topics[0].assignments = [assignment]
        #expect(try harness.ask(request).topics.first?.errorCode == 0)
        let topic = try #require(try harness.metadata(["t"], version: version).topics.first)
        let partition = try #require(topic.partitions.first)
        let code: ErrorCode = version < 6 ? .leaderNotAvailable : .listenerNotFound
        #expect(partition.errorCode == code.rawValue)
        #expect(partition.leaderId == -1)
    }

    @Test func `a configuration that nobody set may be deleted, whatever its name`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("t")
        #expect(try harness.alter(2, "t", [("retention.ms", 1, nil), ("no.such.config", 1, nil)]).errorCode == 0)
        #expect(try harness.alter(2, "t", [("no.such.config", 0, "1")]).errorCode == ErrorCode.invalidConfig.rawValue)
    }

    @Test func `a page that begins nowhere is an invalid request`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("a")
        var cursor = DescribeTopicPartitionsRequest.Cursor()
        (cursor.topicName, cursor.partitionIndex) = ("a", -1)
        var asked = DescribeTopicPartitionsRequest.TopicRequest()
        asked.name = "a"
        var request = DescribeTopicPartitionsRequest()
        request.topics = [asked]
        request.cursor = cursor
        let answer = try harness.ask(request)
        #expect(answer.topics.map(\.errorCode) == [ErrorCode.invalidRequest.rawValue])
    }
}
