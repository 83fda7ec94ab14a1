import Messages
import Metadata
import Testing
import Vocabulary
import Wire

@testable import Broker

/// Every API of the control loop and of the descriptions, in every version, with bytes changed at random.
struct HostileRequestTests {
    private func frames() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        func add<Request: RequestMessage>(_ request: Request, _ change: (inout Request, Int16) -> Void = { _, _ in }) {
            for version in Request.validVersions.lowerBound...BrokerHarness.newest(Request.self) {
                var request = request
                change(&request, version)
                frames.append(LoopHarness.frame(request, version: version, correlationID: 1))
            }
        }
        var asked = MetadataRequest.MetadataRequestTopic()
        asked.name = "a"
        var metadata = MetadataRequest()
        metadata.topics = [asked, asked]
        add(metadata)
        add(BrokerHarness.creation(of: "b", 2, ["retention.ms": "1000", "cleanup.policy": "compact"]))
        var delete = DeleteTopicsRequest.DeleteTopicState()
        delete.name = "a"
        add(DeleteTopicsRequest()) { request, version in
            if version >= 6 { request.topics = [delete] } else { request.topicNames = ["a"] }
        }
        var more = CreatePartitionsRequest.CreatePartitionsTopic()
        (more.name, more.count) = ("a", 4)
        var assignment = CreatePartitionsRequest.CreatePartitionsAssignment()
        assignment.brokerIds = [1]
        more.assignments = [assignment, assignment]
        var grow = CreatePartitionsRequest()
        grow.topics = [more]
        add(grow)
        var records = DeleteRecordsRequest.DeleteRecordsPartition()
        records.offset = -1
        var recordsTopic = DeleteRecordsRequest.DeleteRecordsTopic()
        recordsTopic.name = "a"
        recordsTopic.partitions = [records]
        var deleteRecords = DeleteRecordsRequest()
        deleteRecords.topics = [recordsTopic]
        add(deleteRecords)
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        (resource.resourceType, resource.resourceName, resource.configurationKeys) = (2, "a", ["retention.ms"])
        var describe = DescribeConfigsRequest()
        describe.resources = [resource]
        describe.includeSynonyms = true
        add(describe)
        var value = IncrementalAlterConfigsRequest.AlterableConfig()
        (value.name, value.configOperation, value.value) = ("cleanup.policy", 2, "compact")
        var altered = IncrementalAlterConfigsRequest.AlterConfigsResource()
        (altered.resourceType, altered.resourceName, altered.configs) = (2, "a", [value])
        var alter = IncrementalAlterConfigsRequest()
        alter.resources = [altered, altered]
        add(alter)
        var producers = DescribeProducersRequest.TopicRequest()
        (producers.name, producers.partitionIndexes) = ("a", [0, 1])
        var describeProducers = DescribeProducersRequest()
        describeProducers.topics = [producers]
        add(describeProducers)
        var cursor = DescribeTopicPartitionsRequest.Cursor()
        (cursor.topicName, cursor.partitionIndex) = ("a", 1)
        var page = DescribeTopicPartitionsRequest()
        (page.cursor, page.responsePartitionLimit) = (cursor, 3)
        add(page)
        var place = DescribeLogDirsRequest.DescribableLogDirTopic()
        (place.topic, place.partitions) = ("a", [0, 1])
        var places = DescribeLogDirsRequest()
        places.topics = [place]
        add(places)
        add(InitProducerIdRequest()) { request, _ in request.transactionalId = nil }
        add(DescribeClusterRequest())
        add(ListConfigResourcesRequest()) { request, version in if version >= 1 { request.resourceTypes = [2, 4] } }
        return frames
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `requests changed at random never stop the broker`(seed: UInt64) throws {
        let harness = try BrokerHarness()
        try harness.createTopic("a", partitions: 2)
        let frames = frames()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            var bytes = frames.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 14..<bytes.count, using: &random)
                bytes[index] = [0, 1, 2, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random)!
            }
            let connection = harness.loop.open(listener: "PLAINTEXT", peer: "10.0.0.2", now: harness.now)
            _ = bytes.withUnsafeMutableBytes {
                harness.loop.received(connection, UnsafeMutableRawBufferPointer($0), now: harness.now)
            }
            harness.settle()
            harness.loop.closed(connection)
        }
        #expect(try harness.metadata(nil).errorCode == 0)
    }
}
