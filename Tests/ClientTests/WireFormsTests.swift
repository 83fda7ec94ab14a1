import Client
import Messages
import Testing
import Vocabulary
import Wire

/// The hand-written forms agree with the generated ones.
struct WireFormsTests {
    private let topicID = UUID128(high: 1, low: 2)

    @Test(arguments: Int16(3)...13)
    func `a produce call has the bytes of a produce request`(version: Int16) {
        var part = ProduceRequest.PartitionProduceData()
        part.index = 3
        part.records = Array(repeating: 7, count: 300)
        var topic = ProduceRequest.TopicProduceData()
        if version < 13 { topic.name = "orders" } else { topic.topicId = topicID }
        topic.partitionData = [part]
        var request = ProduceRequest()
        request.acks = -1
        request.timeoutMs = 1234
        request.topicData = [topic]
        let call = ProduceCall(
            acks: -1, timeoutMs: 1234,
            topics: [.init(name: "orders", id: topicID, parts: [.init(index: 3, records: part.records!)])])
        let frame = encodeFrame(call, version: version, correlationID: 9, clientID: "me")
        let header = 4 + 8 + 4 + (version >= 9 ? 1 : 0)
        #expect(Array(frame[header...]) == request.encoded(version: version))
        #expect(frame.count - header == call.bodySize(version: version))
    }

    @Test(arguments: Int16(4)...18)
    func `the fetch walker sees what the generated reader sees`(version: Int16) throws {
        let bytes = response(version).encoded(version: version)
        var at = 0
        var parts: [FetchedPartition] = []
        let head = try walkFetchResponse(bytes.span.bytes, &at, version: version) { parts.append($0) }
        #expect(at == bytes.count)
        #expect(head.throttleTimeMs == 5)
        #expect(head.sessionID == (version >= 7 ? 77 : 0))
        #expect(parts.map(\.index) == [0, 1])
        #expect(parts[0].topic == (version < 13 ? "orders" : ""))
        #expect(parts[0].topicID == (version >= 13 ? topicID : .zero))
        #expect(Array(bytes[parts[0].records]) == [1, 2, 3])
        #expect(parts[0].highWatermark == 42)
        #expect(parts[0].aborted.map(\.producerID) == [8])
        #expect(parts[1].records.isEmpty)
        #expect(parts[1].error == .notLeaderOrFollower)
        #expect(parts[1].currentLeader?.id == (version >= 12 ? 4 : nil))
        #expect(parts[1].currentLeader?.epoch == (version >= 12 ? 6 : nil))
        #expect(parts[1].diverging?.epoch == (version >= 12 ? 2 : nil))
        #expect(parts[1].diverging?.endOffset == (version >= 12 ? 30 : nil))
    }

    @Test(arguments: [Int16(4), 11, 12, 18])
    func `a fetch answer cut anywhere is an error`(version: Int16) {
        let bytes = response(version).encoded(version: version)
        for count in 0..<bytes.count {
            let cut = Array(bytes.prefix(count))
            #expect(throws: WireError.self) {
                var at = 0
                _ = try walkFetchResponse(cut.span.bytes, &at, version: version) { _ in }
            }
        }
    }

    private func response(_ version: Int16) -> FetchResponse {
        var first = FetchResponse.PartitionData()
        first.highWatermark = 42
        first.records = [1, 2, 3]
        var aborted = FetchResponse.AbortedTransaction()
        aborted.producerId = 8
        first.abortedTransactions = [aborted]
        var second = FetchResponse.PartitionData()
        second.partitionIndex = 1
        second.errorCode = ErrorCode.notLeaderOrFollower.rawValue
        second.abortedTransactions = nil
        if version >= 12 {
            second.currentLeader.leaderId = 4
            second.currentLeader.leaderEpoch = 6
            second.divergingEpoch.epoch = 2
            second.divergingEpoch.endOffset = 30
        }
        var topic = FetchResponse.FetchableTopicResponse()
        if version < 13 { topic.topic = "orders" } else { topic.topicId = topicID }
        topic.partitions = [first, second]
        var response = FetchResponse()
        response.throttleTimeMs = 5
        if version >= 7 { response.sessionId = 77 }
        response.responses = [topic]
        return response
    }
}
