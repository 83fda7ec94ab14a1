import HashTreeCollections
import Messages
import Metadata
import Ports
import SimulatedDisk
import Testing
import Vocabulary
import Wire

@testable import Broker

/// The lowest and the highest version of an API.
private func ends<Request: RequestMessage>(_ request: Request.Type) -> [Int16] {
    [Request.validVersions.lowerBound, BrokerHarness.newest(request)]
}

@Suite struct MetadataHandlerTests {
    private func harness() throws -> BrokerHarness {
        let harness = try BrokerHarness()
        try harness.createTopic("a", partitions: 2)
        try harness.createTopic("b")
        return harness
    }

    @Test(arguments: MetadataRequest.validVersions) func `every version tells of a topic`(version: Int16)
        throws
    {
        let harness = try harness()
        let response = try harness.metadata(["a"], version: version)
        #expect(response.topics.map(\.name) == ["a"])
        #expect(response.topics.first?.partitions.map(\.leaderId) == [1, 1])
        #expect(response.topics.first?.partitions.map(\.isrNodes) == [[1], [1]])
        #expect(response.brokers.map(\.host) == ["broker.example"])
        if version >= 1 { #expect(response.controllerId == 1) }
        if version >= 2 { #expect(response.clusterId == harness.broker.clusterID) }
        if version >= 10 { #expect(response.topics.first?.topicId != .zero) }
    }

    @Test func `null asks for all, and in version 0 nothing does`() throws {
        let harness = try harness()
        #expect(try harness.metadata([], version: 0).topics.count == 2)
        #expect(try harness.metadata([], version: 1).topics.isEmpty)
        #expect(try harness.metadata(nil, version: 1).topics.map(\.name) == ["a", "b"])
        #expect(try harness.metadata(nil).topics.map(\.name) == ["a", "b"])
    }

    @Test func `a topic is found by its id`() throws {
        let harness = try harness()
        let id = try #require(try harness.metadata(["a"]).topics.first).topicId
        var known = MetadataRequest.MetadataRequestTopic()
        known.topicId = id
        known.name = nil
        var unknown = known
        unknown.topicId = UUID128(high: 1, low: 2)
        var request = MetadataRequest()
        request.topics = [known, unknown]
        let topics = try harness.ask(request).topics
        #expect(topics.map(\.name) == ["a", nil])
        #expect(topics.map(\.errorCode) == [0, ErrorCode.unknownTopicId.rawValue])
        #expect(topics.last?.topicId == unknown.topicId)
        // Versions 10 and 11 have the field, and no meaning for it.
        let old = try harness.ask(request, version: 11)
        #expect(old.topics.allSatisfy { $0.errorCode == ErrorCode.invalidRequest.rawValue })
    }

    @Test func `a bad name is told apart from one that is not there`() throws {
        let harness = try harness()
        let topics = try harness.metadata(["no such topic", "nothing", "nothing"]).topics
        #expect(
            topics.map(\.errorCode) == [
                ErrorCode.invalidTopicException.rawValue, ErrorCode.unknownTopicOrPartition.rawValue,
            ])
    }

    @Test func `operations are told when asked for`() throws {
        let harness = try harness()
        #expect(try harness.metadata(["a"]).topics.first?.topicAuthorizedOperations == Int32.min)
        var request = MetadataRequest()
        request.topics = nil
        request.includeTopicAuthorizedOperations = true
        request.includeClusterAuthorizedOperations = true
        let response = try harness.ask(request, version: 10)
        #expect(response.topics.first?.topicAuthorizedOperations == 3576)
        #expect(response.clusterAuthorizedOperations == 8096)
    }

    @Test func `a topic asked for is made on the way, where that is allowed`() throws {
        let harness = try BrokerHarness { $0.properties["num.partitions"] = "3" }
        var topic = MetadataRequest.MetadataRequestTopic()
        topic.name = "new"
        var request = MetadataRequest()
        request.topics = [topic]
        request.allowAutoTopicCreation = false
        #expect(
            try harness.ask(request).topics.first?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        request.allowAutoTopicCreation = true
        let made = try #require(try harness.ask(request).topics.first)
        #expect(made.errorCode == 0)
        #expect(made.partitions.map(\.leaderId) == [1, 1, 1])
        let closed = try BrokerHarness { $0.autoCreateTopics = false }
        #expect(try closed.ask(request).topics.first?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }
}

@Suite struct TopicHandlerTests {
    @Test(arguments: ends(CreateTopicsRequest.self)) func `topics are created`(version: Int16) throws {
        let harness = try BrokerHarness()
        let response = try harness.ask(
            BrokerHarness.creation(of: "orders", 2, ["cleanup.policy": "compact"]), version: version)
        let topic = try #require(response.topics.first)
        #expect(topic.errorCode == 0)
        #expect(topic.errorMessage == nil)
        if version >= 5 {
            #expect(topic.numPartitions == 2)
            #expect(topic.replicationFactor == 1)
            #expect(topic.configs?.first { $0.name == "cleanup.policy" }?.value == "compact")
        }
        let again = try harness.ask(BrokerHarness.creation(of: "orders", 2), version: version)
        #expect(again.topics.first?.errorCode == ErrorCode.topicAlreadyExists.rawValue)
        #expect(again.topics.first?.errorMessage == "Topic 'orders' already exists.")
    }

    @Test func `bad wishes are refused one by one`() throws {
        let harness = try BrokerHarness()
        var request = BrokerHarness.creation(of: "good", 1)
        request.topics += BrokerHarness.creation(of: "bad name", 1).topics
        request.topics += BrokerHarness.creation(of: "none", 0).topics
        request.topics += BrokerHarness.creation(of: "odd", 1, ["retention.ms": "soon"]).topics
        request.topics +=
            BrokerHarness.creation(of: "twice", 1).topics + BrokerHarness.creation(of: "twice", 1).topics
        let topics = try harness.ask(request).topics
        let codes = Dictionary(
            topics.map { ($0.name, $0.errorCode) }, uniquingKeysWith: { first, _ in first })
        #expect(codes["good"] == 0)
        #expect(codes["bad name"] == ErrorCode.invalidTopicException.rawValue)
        #expect(codes["none"] == ErrorCode.invalidPartitions.rawValue)
        #expect(codes["odd"] == ErrorCode.invalidConfig.rawValue)
        #expect(codes["twice"] == ErrorCode.invalidRequest.rawValue)
    }

    @Test(arguments: ends(DeleteTopicsRequest.self)) func `topics are deleted`(version: Int16) throws {
        let harness = try BrokerHarness()
        let created = try harness.createTopic("orders")
        var request = DeleteTopicsRequest()
        request.timeoutMs = 1000
        if version >= 6 {
            var byID = DeleteTopicsRequest.DeleteTopicState()
            byID.topicId = created.topicId
            var unknown = DeleteTopicsRequest.DeleteTopicState()
            unknown.topicId = UUID128(high: 9, low: 9)
            let neither = DeleteTopicsRequest.DeleteTopicState()
            request.topics = [byID, unknown, neither]
        } else {
            request.topicNames = ["orders", "nothing"]
        }
        let response = try harness.ask(request, version: version)
        let codes = response.responses.map(\.errorCode).sorted()
        if version >= 6 {
            #expect(
                codes == [0, ErrorCode.invalidRequest.rawValue, ErrorCode.unknownTopicId.rawValue].sorted())
        } else {
            #expect(codes == [0, ErrorCode.unknownTopicOrPartition.rawValue])
        }
        #expect(harness.broker.topology.current().byName["orders"] == nil)
    }

    @Test(arguments: ends(CreatePartitionsRequest.self)) func `partitions are added`(version: Int16) throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", partitions: 2)
        #expect(try harness.produce(3, to: "orders", partition: 1).errorCode == 0)
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = "orders"
        topic.count = 5
        topic.assignments = nil
        var missing = topic
        missing.name = "nothing"
        var request = CreatePartitionsRequest()
        request.topics = [topic, missing]
        request.timeoutMs = 1000
        let results = try harness.ask(request, version: version).results
        #expect(results.map(\.errorCode) == [0, ErrorCode.unknownTopicOrPartition.rawValue])
        #expect(try harness.metadata(["orders"]).topics.first?.partitions.count == 5)
        #expect(try harness.endOffset("orders", 1) == 3)
        #expect(try harness.produce(1, to: "orders", partition: 4).baseOffset == 0)
        topic.count = 4
        request.topics = [topic]
        let fewer = try harness.ask(request, version: version).results.first
        #expect(fewer?.errorCode == ErrorCode.invalidPartitions.rawValue)
    }

    @Test(arguments: ends(DeleteRecordsRequest.self)) func `records are deleted up to an offset`(
        version: Int16
    ) throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders")
        #expect(try harness.produce(10, to: "orders").errorCode == 0)
        func delete(before offset: Int64, _ topic: String = "orders", _ index: Int32 = 0) throws -> (
            Int16, Int64
        ) {
            var partition = DeleteRecordsRequest.DeleteRecordsPartition()
            partition.partitionIndex = index
            partition.offset = offset
            var asked = DeleteRecordsRequest.DeleteRecordsTopic()
            asked.name = topic
            asked.partitions = [partition]
            var request = DeleteRecordsRequest()
            request.topics = [asked]
            request.timeoutMs = 1000
            let response = try harness.ask(request, version: version)
            let result = try #require(response.topics.first?.partitions.first)
            return (result.errorCode, result.lowWatermark)
        }
        #expect(try delete(before: 4) == (0, 4))
        #expect(try delete(before: 2) == (0, 4), "the start never goes back")
        #expect(try delete(before: 11) == (ErrorCode.offsetOutOfRange.rawValue, -1))
        #expect(try delete(before: -2) == (ErrorCode.offsetOutOfRange.rawValue, -1))
        #expect(try delete(before: -1) == (0, 10))
        #expect(try delete(before: 1, "nothing").0 == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try delete(before: 1, "orders", 7).0 == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try delete(before: 1, "__consumer_offsets").0 == ErrorCode.invalidTopicException.rawValue)
        try harness.createTopic("keyed", configs: ["cleanup.policy": "compact"])
        #expect(try delete(before: 0, "keyed").0 == ErrorCode.policyViolation.rawValue)
        harness.advance(milliseconds: 6000)
        try harness.restart()
        #expect(try delete(before: 0) == (0, 10), "the start outlives a restart")
    }
}

@Suite struct ConfigHandlerTests {
    @Test(arguments: ends(DescribeConfigsRequest.self)) func `configurations are described`(version: Int16)
        throws
    {
        let harness = try BrokerHarness { $0.properties["log.retention.hours"] = "24" }
        try harness.createTopic("orders", configs: ["cleanup.policy": "compact"])
        var topic = DescribeConfigsRequest.DescribeConfigsResource()
        topic.resourceType = 2
        topic.resourceName = "orders"
        topic.configurationKeys = ["cleanup.policy", "retention.ms"]
        var broker = DescribeConfigsRequest.DescribeConfigsResource()
        broker.resourceType = 4
        broker.resourceName = "1"
        broker.configurationKeys = nil
        var request = DescribeConfigsRequest()
        request.resources = [topic, broker]
        request.includeSynonyms = true
        request.includeDocumentation = version >= 3
        let results = try harness.ask(request, version: version).results
        #expect(results.map(\.errorCode) == [0, 0])
        let configs = results[0].configs
        #expect(configs.map(\.name) == ["cleanup.policy", "retention.ms"])
        #expect(configs[0].value == "compact")
        #expect(configs[0].configSource == 1)
        #expect(configs[1].value == "86400000")
        #expect(configs[1].configSource == 4)
        #expect(configs[1].synonyms.first?.name == "log.retention.hours")
        #expect(results[1].configs.count > 50)
        if version >= 3 { #expect(configs[0].configType == ConfigType.list.rawValue) }
        if version >= 3 { #expect(configs[0].documentation?.isEmpty == false) }
    }

    @Test func `what cannot be described says why`() throws {
        let harness = try BrokerHarness()
        #expect(try harness.describe(2, "nothing").errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try harness.describe(2, "a b").errorCode == ErrorCode.invalidTopicException.rawValue)
        let other = try harness.describe(4, "2")
        #expect(other.errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(other.errorMessage == "Unexpected broker id, expected 1 or empty string, but received 2")
        #expect(try harness.describe(4, "one").errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(try harness.describe(99, "x").errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(try harness.describe(8, "1").configs.map(\.name) == ["root"])
        #expect(try harness.describe(8, "").errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(try harness.describe(4, "").configs.isEmpty)
    }

    @Test(arguments: ends(AlterConfigsRequest.self)) func `all values of a resource are replaced`(
        version: Int16
    ) throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", configs: ["retention.ms": "1000"])
        func alter(_ values: [(String, String?)], type: Int8 = 2, name: String = "orders") throws -> Int16 {
            var resource = AlterConfigsRequest.AlterConfigsResource()
            resource.resourceType = type
            resource.resourceName = name
            resource.configs = values.map { name, value in
                var config = AlterConfigsRequest.AlterableConfig()
                config.name = name
                config.value = value
                return config
            }
            var request = AlterConfigsRequest()
            request.resources = [resource]
            return try #require(try harness.ask(request, version: version).responses.first).errorCode
        }
        #expect(try alter([("segment.bytes", "1048576")]) == 0)
        let configs = try harness.describe(2, "orders", ["retention.ms", "segment.bytes"]).configs
        #expect(configs.map(\.value) == ["604800000", "1048576"])
        #expect(try alter([("no.such.config", "1")]) != 0)
        #expect(try alter([("retention.ms", nil)]) == ErrorCode.invalidRequest.rawValue)
        #expect(
            try alter([("retention.ms", "1")], name: "nothing") == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try alter([], type: 77) == ErrorCode.invalidRequest.rawValue)
    }

    @Test(arguments: ends(IncrementalAlterConfigsRequest.self))
    func `single values are changed`(version: Int16) throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders", configs: ["retention.ms": "1000"])
        #expect(try harness.alter(2, "orders", [("cleanup.policy", 2, "compact")]).errorCode == 0)
        let configs = try harness.describe(2, "orders", ["cleanup.policy", "retention.ms"]).configs
        #expect(configs.map(\.value) == ["delete,compact", "1000"])
        #expect(
            try harness.alter(2, "orders", [("cleanup.policy", 9, "compact")]).errorCode
                == ErrorCode.invalidRequest.rawValue)
        #expect(
            try harness.alter(8, "1", [("root", 0, "DEBUG")]).errorCode == ErrorCode.invalidRequest.rawValue)
        #expect(try harness.alter(4, "1", [("log.dirs", 0, "/x")]).errorCode != 0, "read-only")
        #expect(try harness.alter(4, "7", [("log.retention.ms", 0, "1")]).errorCode != 0, "another broker")
        #expect(try harness.alter(4, "", [("log.retention.ms", 0, "77")]).errorCode == 0)
        #expect(try harness.describe(4, "").configs.map(\.name) == ["log.retention.ms"])
        var request = IncrementalAlterConfigsRequest()
        request.resources = []
        #expect(try harness.ask(request, version: version).responses.isEmpty)
    }

    @Test(arguments: ends(ListConfigResourcesRequest.self)) func `what has configurations is listed`(
        version: Int16
    ) throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders")
        var request = ListConfigResourcesRequest()
        let all = try harness.ask(request, version: version).configResources
        if version == 0 {
            #expect(all.isEmpty)
        } else {
            #expect(all.map(\.resourceName) == ["orders", "1", "1"])
            request.resourceTypes = [2]
            #expect(try harness.ask(request).configResources.map(\.resourceName) == ["orders"])
            request.resourceTypes = [3]
            #expect(try harness.ask(request).errorCode == ErrorCode.unsupportedVersion.rawValue)
        }
    }
}

@Suite struct DescribingHandlerTests {
    @Test(arguments: ends(DescribeClusterRequest.self)) func `the cluster is described`(version: Int16) throws
    {
        let harness = try BrokerHarness { $0.rack = "r1" }
        var request = DescribeClusterRequest()
        request.includeClusterAuthorizedOperations = true
        let response = try harness.ask(request, version: version)
        #expect(response.errorCode == 0)
        #expect(response.controllerId == 1)
        #expect(response.brokers.first?.rack == "r1")
        #expect(response.clusterAuthorizedOperations == 8096)
        if version >= 1 {
            request.endpointType = 2
            let other = try harness.ask(request, version: version)
            #expect(other.errorCode == ErrorCode.mismatchedEndpointType.rawValue)
        }
    }

    @Test func `topics are told page by page`() throws {
        let harness = try BrokerHarness()
        for name in ["a", "b", "c"] { try harness.createTopic(name, partitions: 3) }
        var request = DescribeTopicPartitionsRequest()
        request.responsePartitionLimit = 4
        let first = try harness.ask(request)
        #expect(first.topics.map(\.name) == ["a", "b"])
        #expect(first.topics.map(\.partitions.count) == [3, 1])
        #expect(first.nextCursor?.topicName == "b")
        #expect(first.nextCursor?.partitionIndex == 1)
        var cursor = DescribeTopicPartitionsRequest.Cursor()
        cursor.topicName = "b"
        cursor.partitionIndex = 1
        request.cursor = cursor
        let second = try harness.ask(request)
        #expect(second.topics.map(\.name) == ["b", "c"])
        #expect(second.topics.first?.partitions.map(\.partitionIndex) == [1, 2])
        #expect(second.topics.last?.partitions.count == 2)
        var asked = DescribeTopicPartitionsRequest.TopicRequest()
        asked.name = "nothing"
        request = DescribeTopicPartitionsRequest()
        request.topics = [asked]
        #expect(
            try harness.ask(request).topics.first?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test(arguments: ends(DescribeLogDirsRequest.self)) func `log directories are described`(version: Int16)
        throws
    {
        let harness = try BrokerHarness(disks: [SimulatedDisk(name: "/a")])
        try harness.createTopic("orders", partitions: 2)
        #expect(try harness.produce(5, to: "orders", partition: 1).errorCode == 0)
        var request = DescribeLogDirsRequest()
        request.topics = nil
        let all = try #require(try harness.ask(request, version: version).results.first)
        #expect(all.logDir == "/a")
        #expect(all.topics.first?.partitions.map(\.partitionIndex) == [0, 1])
        #expect(all.topics.first?.partitions.first?.partitionSize == 0)
        #expect(try #require(all.topics.first?.partitions.last).partitionSize > 60)
        if version >= 4 { #expect(all.usableBytes > 0 && all.totalBytes >= all.usableBytes) }
        var topic = DescribeLogDirsRequest.DescribableLogDirTopic()
        topic.topic = "orders"
        topic.partitions = [1]
        request.topics = [topic]
        let one = try #require(try harness.ask(request, version: version).results.first)
        #expect(one.topics.first?.partitions.map(\.partitionIndex) == [1])
    }

    @Test func `producers are described`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("orders")
        var topic = DescribeProducersRequest.TopicRequest()
        topic.name = "orders"
        topic.partitionIndexes = [0, 5]
        var request = DescribeProducersRequest()
        request.topics = [topic]
        let partitions = try #require(try harness.ask(request).topics.first?.partitions)
        #expect(partitions.map(\.errorCode) == [0, ErrorCode.unknownTopicOrPartition.rawValue])
        #expect(partitions[0].activeProducers.isEmpty)
    }

    @Test(arguments: ends(InitProducerIdRequest.self)) func `producer ids are given out`(version: Int16)
        throws
    {
        let harness = try BrokerHarness()
        var request = InitProducerIdRequest()
        request.transactionalId = nil
        var ids: Set<Int64> = []
        for _ in 0..<1500 {
            let response = try harness.ask(request, version: version)
            #expect(response.errorCode == 0)
            #expect(response.producerEpoch == 0)
            #expect(ids.insert(response.producerId).inserted)
        }
        try harness.restart()
        #expect(
            ids.insert(try harness.ask(request, version: version).producerId).inserted,
            "not after a kill either")
        request.transactionalId = "t"
        let refused = try harness.ask(request, version: version)
        #expect(refused.errorCode == ErrorCode.unsupportedVersion.rawValue)
        #expect(refused.producerId == -1)
        if version >= 3 {
            request.transactionalId = nil
            request.producerId = 7
            #expect(try harness.ask(request, version: version).errorCode == ErrorCode.invalidRequest.rawValue)
        }
    }
}
