import CommitLog
import Messages
import Records
import SimulatedDisk
import Testing
import Vocabulary
import Wire

@testable import Broker

/// Batches of records, as a client makes them.
func makeBatch(
    _ values: [String], at timestamp: Int64 = 1_700_000_000_000, codec: Codec = .none, producerID: Int64 = -1,
    epoch: Int16 = -1, sequence: Int32 = -1
) -> [UInt8] {
    var builder = BatchBuilder(codec: codec)
    builder.producerID = producerID
    builder.producerEpoch = epoch
    builder.baseSequence = sequence
    for value in values { builder.append(timestamp: timestamp, key: nil, value: Array(value.utf8)) }
    return builder.finish()
}

/// A Produce request for one partition. From version 13 on the topic goes by id.
func makeProduce(_ topic: Topic, _ batch: [UInt8], partition: Int32 = 0, acks: Int16 = -1) -> ProduceRequest {
    var request = ProduceRequest()
    request.acks = acks
    request.timeoutMs = 30_000
    var data = ProduceRequest.TopicProduceData()
    data.name = topic.name
    data.topicId = topic.id
    var part = ProduceRequest.PartitionProduceData()
    part.index = partition
    part.records = batch
    data.partitionData = [part]
    request.topicData = [data]
    return request
}

func makeFetch(
    _ topic: Topic, _ partition: Int32 = 0, from offset: Int64, maxWaitMs: Int32 = 0, minBytes: Int32 = 1,
    maxBytes: Int32 = 1 << 20
) -> FetchRequest {
    var request = FetchRequest()
    request.maxWaitMs = maxWaitMs
    request.minBytes = minBytes
    request.maxBytes = 50 << 20
    var data = FetchRequest.FetchTopic()
    data.topic = topic.name
    data.topicId = topic.id
    var part = FetchRequest.FetchPartition()
    part.partition = partition
    part.fetchOffset = offset
    part.partitionMaxBytes = maxBytes
    data.partitions = [part]
    request.topics = [data]
    return request
}

/// The records' values in a fetched blob, each with its offset: `3:c`.
func values(_ blob: [UInt8]?) throws -> [String] {
    var found: [String] = []
    let blob = blob ?? []
    var at = 0
    while at < blob.count {
        let header = try BatchHeader(blob.span.bytes, at: at)
        let batch = Array(blob[at..<at + header.sizeInBytes])
        let payload = try decompressedPayload(of: batch.span.bytes, header: header, limit: 1 << 20)
        try forEachRecord(in: payload.span.bytes, count: header.recordCount) { record in
            let value = record.value.map { String(decoding: payload[$0], as: UTF8.self) } ?? "null"
            found.append("\(header.baseOffset + Int64(record.offsetDelta)):\(value)")
        }
        at += header.sizeInBytes
    }
    return found
}

struct ProduceFetchTests {
    let harness = LoopHarness()

    @Test(arguments: ProduceRequest.validVersions)
    func `what is produced in any version is fetched`(version: Int16) throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        let answer = try harness.ask(makeProduce(topic, makeBatch(["a", "b"])), version: version, from: peer)
        let part = try #require(answer.responses.first?.partitionResponses.first)
        #expect(part.errorCode == 0)
        #expect(part.baseOffset == 0)
        let again = try harness.ask(makeProduce(topic, makeBatch(["c"])), version: version, from: peer)
        #expect(again.responses.first?.partitionResponses.first?.baseOffset == 2)
        let fetched = try harness.ask(makeFetch(topic, from: 0), from: peer)
        #expect(try values(fetched.responses.first?.partitions.first?.records) == ["0:a", "1:b", "2:c"])
    }

    @Test(arguments: FetchRequest.validVersions)
    func `every version of fetch answers what was asked`(version: Int16) throws {
        let topic = try harness.addTopic("t", partitions: 2)
        let peer = harness.connect()
        _ = try harness.ask(makeProduce(topic, makeBatch(["x", "y", "z"]), partition: 1), from: peer)
        let fetched = try harness.ask(makeFetch(topic, 1, from: 1), version: version, from: peer)
        let part = try #require(fetched.responses.first?.partitions.first)
        #expect(part.partitionIndex == 1)
        #expect(part.highWatermark == 3)
        #expect(try values(part.records) == ["0:x", "1:y", "2:z"], "a batch comes whole")
        let beyond = try harness.ask(makeFetch(topic, 1, from: 4), version: version, from: peer)
        #expect(beyond.responses.first?.partitions.first?.errorCode == ErrorCode.offsetOutOfRange.rawValue)
    }

    @Test func `acks all is answered, and the record seen, only when the disk has it`() throws {
        let topic = try harness.addTopic("t")
        let producer = harness.connect()
        let consumer = harness.connect()
        harness.holdsSyncs = true
        harness.send(makeProduce(topic, makeBatch(["a"])), from: producer)
        #expect(try harness.answer(to: ProduceRequest.self, from: producer) == nil)
        let early = try harness.ask(makeFetch(topic, from: 0), from: consumer)
        #expect(early.responses.first?.partitions.first?.highWatermark == 0)
        #expect(try values(early.responses.first?.partitions.first?.records) == [])
        harness.releaseSyncs()
        #expect(try harness.answer(to: ProduceRequest.self, from: producer)?.responses.first?.partitionResponses.first?.errorCode == 0)
        let late = try harness.ask(makeFetch(topic, from: 0), from: consumer)
        #expect(try values(late.responses.first?.partitions.first?.records) == ["0:a"])
    }

    @Test func `acks one is answered before the disk has it`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        harness.holdsSyncs = true
        let answer = try harness.ask(makeProduce(topic, makeBatch(["a"]), acks: 1), from: peer)
        #expect(answer.responses.first?.partitionResponses.first?.baseOffset == 0)
    }

    @Test func `write caching answers acks all without a sync`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        harness.holdsSyncs = true
        let answer = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: peer)
        #expect(answer.responses.first?.partitionResponses.first?.errorCode == 0)
        #expect(harness.heldSyncs.isEmpty)
    }

    @Test func `acks none is not answered, and a refused batch closes the connection`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        harness.send(makeProduce(topic, makeBatch(["a"]), acks: 0), from: peer)
        #expect(try harness.answer(to: ProduceRequest.self, from: peer) == nil)
        let fetched = try harness.ask(makeFetch(topic, from: 0), from: peer)
        #expect(try values(fetched.responses.first?.partitions.first?.records) == ["0:a"])
        harness.send(makeProduce(topic, makeBatch(["b"]), partition: 9, acks: 0), from: peer)
        #expect(peer.connection.isClosing)
    }

    @Test func `a burst for one partition is one write`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        _ = try harness.ask(makeProduce(topic, makeBatch(["first"])), from: peer)
        harness.disk.resetCounts()
        var burst: [UInt8] = []
        for index in 0..<20 {
            burst += LoopHarness.frame(
                makeProduce(topic, makeBatch(["\(index)"])), version: 12, correlationID: Int32(index))
        }
        harness.send(burst, from: peer)
        #expect(harness.disk.count(.write) == 1)
        for index in 0..<20 {
            let answer = try harness.answer(to: ProduceRequest.self, version: 12, from: peer)
            #expect(answer?.responses.first?.partitionResponses.first?.baseOffset == Int64(index + 1))
        }
    }

    @Test func `a fetch behind a produce in one burst sees it`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        harness.send(
            LoopHarness.frame(makeProduce(topic, makeBatch(["a"])), version: 13, correlationID: 1)
                + LoopHarness.frame(makeFetch(topic, from: 0), version: 17, correlationID: 2), from: peer)
        _ = try harness.answer(to: ProduceRequest.self, version: 13, from: peer)
        let fetched = try #require(try harness.answer(to: FetchRequest.self, version: 17, from: peer))
        #expect(try values(fetched.responses.first?.partitions.first?.records) == ["0:a"])
    }

    @Test func `a commit that does not come in time is answered as timed out`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        harness.holdsSyncs = true
        harness.send(makeProduce(topic, makeBatch(["a"])), from: peer)
        harness.advance(milliseconds: 29_000)
        #expect(try harness.answer(to: ProduceRequest.self, from: peer) == nil)
        harness.advance(milliseconds: 1_001)
        let answer = try #require(try harness.answer(to: ProduceRequest.self, from: peer))
        #expect(answer.responses.first?.partitionResponses.first?.errorCode == ErrorCode.requestTimedOut.rawValue)
        harness.releaseSyncs()  // The late commit finds nobody waiting.
        #expect(try harness.answer(to: ProduceRequest.self, from: peer) == nil)
    }

    @Test func `an idempotent batch sent twice is answered twice and stored once`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        let batch = makeBatch(["a", "b"], producerID: 5, epoch: 0, sequence: 0)
        for _ in 0..<2 {
            let answer = try harness.ask(makeProduce(topic, batch), from: peer)
            #expect(answer.responses.first?.partitionResponses.first?.errorCode == 0)
            #expect(answer.responses.first?.partitionResponses.first?.baseOffset == 0)
        }
        let gap = makeBatch(["d"], producerID: 5, epoch: 0, sequence: 3)
        let refused = try harness.ask(makeProduce(topic, gap), from: peer)
        #expect(refused.responses.first?.partitionResponses.first?.errorCode == ErrorCode.outOfOrderSequenceNumber.rawValue)
        let fetched = try harness.ask(makeFetch(topic, from: 0), from: peer)
        #expect(try values(fetched.responses.first?.partitions.first?.records) == ["0:a", "1:b"])
    }

    @Test func `what cannot be written is refused, partition by partition`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        var broken = makeBatch(["a"])
        broken[broken.count - 1] ^= 1
        let cases: [(ProduceRequest, ErrorCode)] = [
            (makeProduce(topic, broken), .corruptMessage),
            (makeProduce(topic, makeBatch(["a"]), partition: 3), .unknownTopicOrPartition),
            (makeProduce(topic, []), .invalidRecord),
            (makeProduce(topic, makeBatch(["a"]), acks: 2), .invalidRequiredAcks),
            (makeProduce(topic, makeBatch([String(repeating: "x", count: 1_100_000)])), .messageTooLarge),
        ]
        for (request, expected) in cases {
            let answer = try harness.ask(request, from: peer)
            let code = ErrorCode(rawValue: answer.responses[0].partitionResponses[0].errorCode)
            #expect(code == expected)
        }
        _ = harness.brokerDisk.set(.full)
        let full = try harness.ask(makeProduce(topic, makeBatch(["a"])), from: peer)
        #expect(full.responses[0].partitionResponses[0].errorCode == ErrorCode.policyViolation.rawValue)
        #expect(full.responses[0].partitionResponses[0].errorMessage?.contains("log.dir.min.free.bytes") == true)
    }

    @Test(arguments: [0, 1, 2] as [Int16])
    func `the versions that Kafka no longer takes are answered with UNSUPPORTED_VERSION`(version: Int16) throws {
        try harness.addTopic("t")
        let peer = harness.connect()
        var frame: [UInt8] = []
        func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.bigEndian) { frame += $0 } }
        func putTopic() {
            put(Int32(1))
            put(Int16(1))
            frame.append(UInt8(ascii: "t"))
            put(Int32(1))
            put(Int32(0))
        }
        put(Int16(0))
        put(version)
        put(Int32(77))
        put(Int16(-1))  // No client id.
        put(Int16(1))  // acks
        put(Int32(100))
        putTopic()
        put(Int32(0))  // No bytes of records.
        harness.send(withUnsafeBytes(of: Int32(frame.count).bigEndian) { Array($0) } + frame, from: peer)

        frame = []
        put(Int32(77))
        putTopic()
        put(ErrorCode.unsupportedVersion.rawValue)
        put(Int64(-1))
        if version >= 2 { put(Int64(-1)) }
        if version >= 1 { put(Int32(0)) }
        harness.collect(peer)
        #expect(Array(peer.received.dropFirst(4)) == frame)
    }

    @Test func `more acks=0 requests in a burst than may be in flight are all handled`() throws {
        let topic = try harness.addTopic("t", config: LoopHarness.config(writeCaching: true))
        let peer = harness.connect()
        let one = LoopHarness.frame(makeProduce(topic, makeBatch(["a"]), acks: 0), version: 12, correlationID: 1)
        // `send` expects that nothing is left behind: the host would not ask again before more bytes come.
        harness.send((0..<1000).flatMap { _ in one }, from: peer)
        #expect(topic.partition(0)?.highWatermark == 1000)
    }

    @Test func `a disk that is full when epochs are to be written does not hold back the answer`() throws {
        let topic = try harness.addTopic("t")
        let peer = harness.connect()
        let batch = makeBatch(["a"])
        harness.disk.limitSpace(to: Int64(batch.count))
        let answer = try harness.ask(makeProduce(topic, batch), from: peer)
        #expect(answer.responses[0].partitionResponses[0].errorCode == 0)
        #expect(topic.partition(0)?.highWatermark == 1)
    }
}
