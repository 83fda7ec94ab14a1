import CommitLog
import Messages
import Records
import Testing
import Vocabulary

@testable import Broker

/// What Produce refuses, as Kafka's broker does.
struct ProduceEdgeTests {
    let harness = LoopHarness()

    private func code(_ request: ProduceRequest) throws -> Int16 {
        try #require(try harness.ask(request, from: harness.connect()).responses.first?.partitionResponses.first).errorCode
    }

    @Test func `clients do not write to internal topics`() throws {
        let topic = try harness.addTopic("__consumer_offsets")
        #expect(try code(makeProduce(topic, makeBatch(["a"]))) == ErrorCode.invalidTopicException.rawValue)
    }

    @Test func `a transactional batch is refused whether it is rebuilt or not`() throws {
        for compression in [TopicCompression.producer, .codec(.gzip, level: 1)] {
            var config = LoopHarness.config()
            config.produce.compression = compression
            let topic = try harness.addTopic("t\(compression == .producer)", config: config)
            var batch = makeBatch(["a"], producerID: 5, epoch: 0, sequence: 0)
            batch[22] |= 0x10
            let sum = crc32c(batch.span.bytes.extracting(21..<batch.count))
            withUnsafeBytes(of: sum.bigEndian) { batch.replaceSubrange(17..<21, with: $0) }
            #expect(try code(makeProduce(topic, batch)) == ErrorCode.invalidTxnState.rawValue)
        }
    }

    @Test func `of a malformed request nothing is appended`() throws {
        let topic = try harness.addTopic("t", partitions: 2)
        let peer = harness.connect()
        var request = makeProduce(topic, makeBatch(["a"]))
        var second = request.topicData[0].partitionData[0]
        second.index = 1
        request.topicData[0].partitionData.append(second)
        var frame = LoopHarness.frame(request, version: 8, correlationID: 1)
        // The length of the second partition's records, beyond the frame.
        let place = frame.count - makeBatch(["a"]).count - 4
        frame[place] = 0x7F
        harness.send(frame, from: peer)
        #expect(peer.connection.isClosing)
        let reason = harness.lines.last?.fields.first { $0.key == "reason" }?.value
        #expect(reason?.hasPrefix("records at byte \(place - 4): ") == true, "the field is named")
        #expect(topic.partitions[0].highWatermark == 0)
        let fetched = try harness.ask(makeFetch(topic, from: 0), from: harness.connect())
        #expect(fetched.responses.first?.partitions.first?.highWatermark == 0)
    }
}
