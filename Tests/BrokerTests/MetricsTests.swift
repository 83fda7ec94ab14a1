import Messages
import Testing
import Vocabulary

@testable import Broker

/// What `/metrics` says of requests.
struct MetricsTests {
    @Test func `a request is counted with the time until the host has its answer`() throws {
        let harness = LoopHarness()
        let peer = harness.connect()
        _ = try harness.ask(MetadataRequest(), from: peer)
        #expect(harness.loops[0].counters.requests[3].count == 0, "how long it took is not known yet")
        harness.advance(milliseconds: 3)
        _ = try harness.ask(MetadataRequest(), from: peer)
        harness.advance(milliseconds: 2)
        let counted = harness.loops[0].counters.requests[3]
        #expect(counted.count == 2)
        #expect(counted.nanoseconds == 5_000_000)
        #expect(counted.buckets.values.reduce(0, +) == 2)
    }

    @Test func `what waits is counted with its waiting`() throws {
        let harness = LoopHarness()
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        harness.holdsSyncs = true
        harness.send(makeProduce(topic, makeBatch(["a"])), from: peer)
        harness.advance(milliseconds: 40)
        harness.releaseSyncs()
        harness.advance(milliseconds: 0)
        #expect(harness.loops[0].counters.requests[0].count == 1)
        #expect(harness.loops[0].counters.requests[0].nanoseconds == 40_000_000)
    }

    @Test func `requests that the control loop answers are counted too`() throws {
        let harness = try BrokerHarness()
        try harness.createTopic("t")
        _ = try harness.ask(InitProducerIdRequest(), version: 0)
        harness.advance(milliseconds: 1)
        for api in [ApiKey.createTopics, .initProducerId] {
            #expect(harness.loop.counters.requests[Int(api.rawValue)].count == 1)
        }
    }

    @Test func `each partition refused is an error`() throws {
        let harness = LoopHarness()
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        var request = makeProduce(topic, makeBatch(["a"]), partition: 8)
        request.topicData[0].partitionData.append(request.topicData[0].partitionData[0])
        request.topicData[0].partitionData[1].index = 9
        _ = try harness.ask(request, from: peer)
        #expect(harness.loops[0].counters.produceErrors == 2)
    }
}
