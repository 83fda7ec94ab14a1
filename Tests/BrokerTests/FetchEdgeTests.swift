import CommitLog
import Messages
import Records
import Testing
import Vocabulary

@testable import Broker

/// What Fetch answers at its edges, as Kafka's broker does.
struct FetchEdgeTests {
    let harness = LoopHarness()

    private func part(_ response: FetchResponse) throws -> FetchResponse.PartitionData {
        try #require(response.responses.first?.partitions.first)
    }

    @Test func `more bytes than may be given are not waited for`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        for _ in 0..<3 { _ = try harness.ask(makeProduce(topic, makeBatch([String(repeating: "x", count: 400)])), from: peer) }
        var request = makeFetch(topic, from: 0, maxWaitMs: 500, minBytes: 5000)
        request.maxBytes = 1000
        harness.send(request, from: peer)
        let answer = try harness.answer(to: FetchRequest.self, from: peer)
        #expect(answer?.responses.first?.partitions.first?.highWatermark == 3, "answered at once")
    }

    @Test func `a reader in an older segment does not wait for min bytes at that segment's end`() throws {
        var config = LoopHarness.config(writeCaching: true)
        config.log.segmentBytes = 600
        let topic = try harness.addTopic("t", config: config)
        let peer = harness.connect()
        for _ in 0..<3 { _ = try harness.ask(makeProduce(topic, makeBatch([String(repeating: "x", count: 400)])), from: peer) }
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500, minBytes: 100_000), from: peer)
        let answer = try harness.answer(to: FetchRequest.self, from: peer)
        #expect(try values(answer?.responses.first?.partitions.first?.records).count == 1, "answered at once")
        harness.send(makeFetch(topic, from: 2, maxWaitMs: 500, minBytes: 100_000), from: peer)
        #expect(try harness.answer(to: FetchRequest.self, from: peer) == nil, "the newest segment is worth waiting for")
    }

    @Test func `an epoch nobody knows, and an offset before the log, are out of range and no divergence`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        _ = try harness.ask(makeProduce(topic, makeBatch(["a", "b"])), from: peer)
        var request = makeFetch(topic, from: 1)
        request.topics[0].partitions[0].lastFetchedEpoch = 9
        let unknown = try part(try harness.ask(request, from: peer))
        #expect(unknown.errorCode == ErrorCode.offsetOutOfRange.rawValue)
        request.topics[0].partitions[0].lastFetchedEpoch = 0
        #expect(try part(try harness.ask(request, from: peer)).errorCode == 0)
        request.topics[0].partitions[0].fetchOffset = -1
        #expect(try part(try harness.ask(request, from: peer)).errorCode == ErrorCode.offsetOutOfRange.rawValue)
        request.topics[0].partitions[0].fetchOffset = 7
        let beyond = try part(try harness.ask(request, from: peer))
        #expect(beyond.errorCode == 0)
        #expect(beyond.divergingEpoch.endOffset == 2)
    }

    @Test func `a session's error names no session`() throws {
        var request = FetchRequest()
        request.sessionId = 77
        request.sessionEpoch = 3
        let answer = try harness.ask(request, from: harness.connect())
        #expect(answer.errorCode == ErrorCode.fetchSessionIdNotFound.rawValue)
        #expect(answer.sessionId == 0)
    }

    @Test func `a session opened by name does not go on by id`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        var request = makeFetch(topic, from: 0)
        request.sessionEpoch = 0
        let session = try harness.ask(request, version: 12, from: peer).sessionId
        #expect(session != 0)
        var next = FetchRequest()
        (next.sessionId, next.sessionEpoch) = (session, 1)
        #expect(try harness.ask(next, version: 13, from: peer).errorCode == ErrorCode.fetchSessionTopicIdError.rawValue)
        #expect(try harness.ask(next, version: 12, from: peer).errorCode == 0)
    }

    @Test func `a session that holds nothing any more ends, and is answered at once`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        var request = makeFetch(topic, from: 0)
        request.sessionEpoch = 0
        let session = try harness.ask(request, from: peer).sessionId
        var forget = FetchRequest.ForgottenTopic()
        forget.topicId = topic.id
        forget.partitions = [0]
        var next = FetchRequest()
        (next.sessionId, next.sessionEpoch, next.maxWaitMs, next.minBytes) = (session, 1, 500, 1)
        next.forgottenTopicsData = [forget]
        let answer = try harness.ask(next, from: peer)
        #expect(answer.errorCode == 0 && answer.sessionId == 0 && answer.responses.isEmpty)
        next.sessionEpoch = 2
        #expect(try harness.ask(next, from: peer).errorCode == ErrorCode.fetchSessionIdNotFound.rawValue)
    }

    @Test(arguments: FetchRequest.validVersions)
    func `a topic kept in zstd is not for clients from before zstd`(version: Int16) throws {
        var config = LoopHarness.config()
        config.produce.compression = .codec(.zstd, level: 3)
        let topic = try harness.addTopic("t", config: config)
        let peer = harness.connect()
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: peer)
        let answer = try part(try harness.ask(makeFetch(topic, from: 0), version: version, from: peer))
        #expect(answer.errorCode == (version < 10 ? ErrorCode.unsupportedCompressionType.rawValue : 0))
        #expect(answer.records?.isEmpty == (version < 10))
    }

    @Test(arguments: FetchRequest.validVersions)
    func `a failed log is told as a leader lost before version 6`(version: Int16) throws {
        let topic = try harness.addTopic("t")
        _ = topic.partitions[0].takeOffline("its disk failed")
        let answer = try part(try harness.ask(makeFetch(topic, from: 0), version: version, from: harness.connect()))
        let code: ErrorCode = version < 6 ? .notLeaderOrFollower : .kafkaStorageError
        #expect(answer.errorCode == code.rawValue)
    }

    @Test(arguments: FetchRequest.validVersions)
    func `one who fetches as a follower that nobody knows is told so for each partition`(version: Int16) throws {
        let topic = try harness.addTopic("t")
        var request = makeFetch(topic, from: 0)
        if version < 15 { request.replicaId = 7 } else { request.replicaState.replicaId = 7 }
        let answer = try part(try harness.ask(request, version: version, from: harness.connect()))
        #expect(answer.errorCode == ErrorCode.notLeaderOrFollower.rawValue)
    }
}
