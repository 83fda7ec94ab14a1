import CommitLog
import Messages
import Testing
import Vocabulary

@testable import Broker

struct FetchWaitTests {
    let harness = LoopHarness(loops: 2)

    private func answer(_ peer: LoopHarness.Peer) throws -> [String]? {
        guard let answer = try harness.answer(to: FetchRequest.self, from: peer) else { return nil }
        return try values(answer.responses.first?.partitions.first?.records)
    }

    @Test func `a fetch that finds nothing waits for a record`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let consumer = harness.connect()
        let producer = harness.connect()
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500), from: consumer)
        #expect(try answer(consumer) == nil)
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: producer)
        #expect(try answer(consumer) == ["0:a"])
        harness.advance(milliseconds: 1_000)
        #expect(try answer(consumer) == nil, "answered once")
    }

    @Test func `a record produced on one loop wakes a fetch on another`() throws {
        let topic = try harness.addTopic("t")
        let consumer = harness.connect(loop: 1)
        let producer = harness.connect(loop: 0)
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500), from: consumer)
        harness.holdsSyncs = true
        harness.send(makeProduce(topic, makeBatch(["a"])), from: producer)
        #expect(try answer(consumer) == nil, "not committed yet")
        harness.releaseSyncs()
        #expect(try answer(consumer) == ["0:a"])
    }

    @Test func `a fetch that waits in vain is answered empty at its deadline`() throws {
        let topic = try harness.addTopic("t")
        let consumer = harness.connect()
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500), from: consumer)
        harness.advance(milliseconds: 499)
        #expect(try answer(consumer) == nil)
        harness.advance(milliseconds: 2)
        #expect(try answer(consumer) == [])
    }

    @Test func `min bytes are waited for`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let consumer = harness.connect()
        let producer = harness.connect()
        let one = makeBatch([String(repeating: "x", count: 100)])
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500, minBytes: Int32(3 * one.count)), from: consumer)
        for sent in 1...3 {
            _ = try harness.ask(makeProduce(topic, one), from: producer)
            #expect(try answer(consumer)?.count == (sent == 3 ? 3 : nil))
        }
    }

    @Test func `a connection that closes leaves no waiter behind`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let consumer = harness.connect()
        let producer = harness.connect()
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500), from: consumer)
        #expect(harness.loops[0].fetches.count == 1)
        harness.loops[0].closed(consumer.connection)
        #expect(harness.loops[0].fetches.count == 0)
        #expect(harness.loops[0].timers.count == 0)
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: producer)
    }

    @Test func `answers leave in the order of the requests`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        let producer = harness.connect()
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500), from: peer)
        harness.send(ApiVersionsRequest(), version: 0, from: peer)
        harness.collect(peer)
        #expect(peer.received.isEmpty)
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: producer)
        #expect(try answer(peer) == ["0:a"])
        #expect(try harness.answer(to: ApiVersionsRequest.self, version: 0, from: peer)?.errorCode == 0)
    }

    @Test func `a partition that goes offline ends what waits for it`() throws {
        let topic = try harness.addTopic("t")
        let consumer = harness.connect(loop: 1)
        let producer = harness.connect(loop: 1)
        harness.send(makeFetch(topic, from: 0, maxWaitMs: 500), from: consumer)
        harness.holdsSyncs = true
        harness.send(makeProduce(topic, makeBatch(["a"])), from: producer)
        let partition = try #require(topic.partition(0))
        let wake = partition.takeOffline("its disk failed").wake
        #expect(wake == LoopID(1).bit)
        harness.loops[1].deliver(.advanced([partition]), now: harness.now)
        let produced = try #require(try harness.answer(to: ProduceRequest.self, from: producer))
        #expect(produced.responses[0].partitionResponses[0].errorCode == ErrorCode.kafkaStorageError.rawValue)
        let fetched = try #require(try harness.answer(to: FetchRequest.self, from: consumer))
        #expect(fetched.responses[0].partitions[0].errorCode == ErrorCode.kafkaStorageError.rawValue)
    }

    @Test func `a loop that would wait for a partition gone offline is told so`() throws {
        let topic = try harness.addTopic("t")
        let partition = try #require(topic.partition(0))
        #expect(partition.await(by: LoopID(0)) == 0)
        _ = partition.takeOffline("its disk failed")
        #expect(partition.await(by: LoopID(0)) == nil)
    }
}

struct FetchSessionTests {
    let harness = LoopHarness()

    private func open(_ topic: Topic, _ peer: LoopHarness.Peer) throws -> Int32 {
        var request = makeFetch(topic, 0, from: 0)
        request.sessionEpoch = 0
        var second = request.topics[0].partitions[0]
        second.partition = 1
        request.topics[0].partitions.append(second)
        let answer = try harness.ask(request, from: peer)
        #expect(answer.responses[0].partitions.count == 2, "a full answer names every partition")
        return answer.sessionId
    }

    private func next(_ session: Int32, _ epoch: Int32, _ change: (inout FetchRequest) -> Void = { _ in }) -> FetchRequest {
        var request = FetchRequest()
        request.maxBytes = 1 << 20
        request.sessionId = session
        request.sessionEpoch = epoch
        change(&request)
        return request
    }

    @Test func `an incremental answer holds only what is new (KIP-227)`() throws {
        let topic = try harness.addTopic("t", partitions: 2, config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        let session = try open(topic, peer)
        #expect(session != 0)
        #expect(try harness.ask(next(session, 1), from: peer).responses.isEmpty)
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"]), partition: 1), from: peer)
        let answer = try harness.ask(next(session, 2), from: peer)
        #expect(answer.responses.count == 1)
        #expect(answer.responses[0].partitions.map(\.partitionIndex) == [1])
        #expect(try values(answer.responses[0].partitions[0].records) == ["0:a"])
    }

    @Test func `a partition that is forgotten is not answered any more`() throws {
        let topic = try harness.addTopic("t", partitions: 2, config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        let session = try open(topic, peer)
        var forget = FetchRequest.ForgottenTopic()
        forget.topicId = topic.id
        forget.partitions = [1]
        _ = try harness.ask(next(session, 1) { $0.forgottenTopicsData = [forget] }, from: peer)
        _ = try harness.ask(makeProduce(topic, makeBatch(["a"]), partition: 1), from: peer)
        #expect(try harness.ask(next(session, 2), from: peer).responses.isEmpty)
    }

    @Test func `a wrong epoch or an unknown session is told`() throws {
        let topic = try harness.addTopic("t", partitions: 2)
        let peer = harness.connect()
        let session = try open(topic, peer)
        #expect(try harness.ask(next(session, 5), from: peer).errorCode == ErrorCode.invalidFetchSessionEpoch.rawValue)
        let unknown = session == 1 ? Int32(2) : 1
        #expect(try harness.ask(next(unknown, 1), from: peer).errorCode == ErrorCode.fetchSessionIdNotFound.rawValue)
        #expect(try harness.ask(next(session, 1), from: peer).errorCode == 0)
    }

    @Test func `when all slots are in use the answer is whole and has no session`() throws {
        var cache = FetchSessionCache(slots: 1)
        var random = SeededGenerator(seed: 1)
        let start = Instant(nanoseconds: 0)
        let first = try #require(cache.create(usesIDs: true, now: start, using: &random))
        #expect(cache.create(usesIDs: true, now: start.adding(milliseconds: 119_000), using: &random) == nil)
        let second = try #require(cache.create(usesIDs: true, now: start.adding(milliseconds: 121_000), using: &random))
        #expect(cache.session(first.id) == nil)
        #expect(cache.session(second.id) === second)
    }
}
