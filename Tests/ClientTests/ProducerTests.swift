import Client
import Messages
import Records
import Testing
import Vocabulary

/// Dialogues with the producer machine alone. A class, since `#expect` takes no mutating calls.
final class ProducerTests {
    private var producer: Producer
    private let view: ClusterView
    private let place = TopicPartition(topic: "t", partition: 0)

    init() {
        var settings = Producer.Settings()
        settings.lingerMs = 0
        settings.batchBytes = 200
        settings.deliveryTimeoutMs = 1_000
        producer = Producer(settings)
        view = makeView(partitions: 1)
    }

    private func at(_ ms: Int64) -> Instant { Instant(nanoseconds: ms * 1_000_000) }

    private func append(_ id: Int, at ms: Int64 = 0, bytes: Int = 100) {
        let record = RecordToSend(
            value: [UInt8](repeating: UInt8(truncatingIfNeeded: id), count: bytes), timestamp: 5)
        #expect(producer.append(record, to: "t", id: id, view: view, at: at(ms)) == .accepted)
    }

    private func step(_ event: Producer.Event, at ms: Int64) -> Seen {
        Seen(producer.step(event, view: view, at: at(ms)))
    }

    private func answer(_ error: ErrorCode, _ offset: Offset = 0) -> [Producer.Answer] {
        [Producer.Answer(place: place, error: error, baseOffset: offset)]
    }

    /// What a step brought, in a form to compare.
    private struct Seen {
        var tokens: [Int] = []
        var sequences: [Int32] = []
        var ids: [[Int]] = []
        var failed: [ClientError?] = []
        var asksIdentity = false
        var refreshes = false

        init(_ effects: [Producer.Effect]) {
            for effect in effects {
                switch effect {
                case .initProducerID: asksIdentity = true
                case .produce(let call, _, let token):
                    tokens.append(token)
                    for part in call.topics.flatMap(\.parts) {
                        let header = try? BatchHeader(part.records.span.bytes, at: 0)
                        sequences.append(header?.baseSequence ?? -9)
                        #expect(
                            header.map { batchChecksumHolds(part.records.span.bytes, header: $0) } == true)
                    }
                case .refreshMetadata: refreshes = true
                case .report(let report):
                    ids.append(report.ids)
                    failed.append(report.error)
                case .wake: break
                }
            }
        }
    }

    @Test func `a producer id is asked for once, then sequences count up`() {
        append(1)
        #expect(step(.woke, at: 0).asksIdentity)
        append(2)
        let idle = step(.woke, at: 0)
        #expect(!idle.asksIdentity)
        #expect(idle.tokens == [])
        let sent = step(.producerID(7, epoch: 0), at: 0)
        #expect(sent.sequences == [0, 1])
        #expect(step(.answered(token: sent.tokens[0], answer(.none, 0)), at: 1).ids == [[1]])
        #expect(step(.answered(token: sent.tokens[1], answer(.none, 1)), at: 1).ids == [[2]])
        #expect(producer.isEmpty)
        #expect(producer.bufferedBytes == 0)
    }

    @Test func `after a failure batches go out again one by one, in their order, with their sequences`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        for id in 0..<3 { append(id) }
        let sent = step(.woke, at: 0)
        #expect(sent.sequences == [0, 1, 2])
        #expect(step(.answered(token: sent.tokens[0], answer(.notLeaderOrFollower)), at: 0).refreshes)
        // The broker must refuse what came after the gap; that is no error of its own.
        #expect(step(.answered(token: sent.tokens[1], answer(.outOfOrderSequenceNumber)), at: 0).tokens == [])
        #expect(step(.answered(token: sent.tokens[2], answer(.outOfOrderSequenceNumber)), at: 0).tokens == [])
        let first = step(.woke, at: 100)
        #expect(first.sequences == [0])
        let second = step(.answered(token: first.tokens[0], answer(.none, 0)), at: 101)
        #expect(second.ids == [[0]])
        #expect(second.sequences == [1])
    }

    @Test func `a duplicate is a delivery`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1)
        let sent = step(.woke, at: 0)
        _ = step(.requestFailed(token: sent.tokens[0], .timedOut), at: 0)
        let again = step(.woke, at: 100)
        #expect(again.sequences == [0])
        let done = step(.answered(token: again.tokens[0], answer(.duplicateSequenceNumber, -1)), at: 101)
        #expect(done.ids == [[1]])
        #expect(done.failed == [nil])
    }

    @Test func `a refused batch that leaves a gap ends the producer id, not the records after it`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1)
        append(2)
        let sent = step(.woke, at: 0)
        let refused = step(.answered(token: sent.tokens[0], answer(.messageTooLarge)), at: 0)
        #expect(refused.ids == [[1]])
        #expect(refused.failed == [.broker(.messageTooLarge, nil)])
        #expect(!refused.asksIdentity)  // The second is still in flight.
        #expect(step(.answered(token: sent.tokens[1], answer(.outOfOrderSequenceNumber)), at: 0).asksIdentity)
        #expect(step(.producerID(8, epoch: 0), at: 200).sequences == [0])
    }

    @Test func `a refused batch with nothing after it gives its sequence back`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1)
        let sent = step(.woke, at: 0)
        _ = step(.answered(token: sent.tokens[0], answer(.invalidRecord)), at: 0)
        append(2)
        #expect(step(.woke, at: 1).sequences == [0])
    }

    @Test func `what may have been stored is given up rather than stored twice`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1)
        append(2)
        let sent = step(.woke, at: 0)
        _ = step(.requestFailed(token: sent.tokens[1], .unreachable("reset")), at: 0)
        // Another producer id, and the second batch could be there twice.
        let end = step(.answered(token: sent.tokens[0], answer(.invalidRecord)), at: 0)
        #expect(end.ids == [[1], [2]])
        #expect(end.failed.allSatisfy { $0 != nil })
    }

    @Test func `delivery has a time limit`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1)
        let sent = step(.woke, at: 0)
        #expect(step(.answered(token: sent.tokens[0], answer(.notEnoughReplicas)), at: 10).ids == [])
        let late = step(.woke, at: 1_000)
        #expect(late.ids == [[1]])
        #expect(late.failed == [.broker(.notEnoughReplicas, nil)])
        #expect(producer.isEmpty)
    }

    @Test func `what no broker could be sent says that its partition is offline`() {
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1)
        var response = makeMetadata(partitions: 1)
        response.topics[0].partitions[0].leaderId = -1
        var offline = view
        offline.apply(response)
        let waits = Seen(producer.step(.woke, view: offline, at: at(999)))
        #expect(waits.refreshes)
        #expect(waits.failed == [])
        let late = Seen(producer.step(.woke, view: offline, at: at(1_000)))
        #expect(late.failed == [.broker(.leaderNotAvailable, "partition t-0 has no leader: it is offline")])
    }

    @Test func `without idempotence only one batch of a partition is in flight`() {
        var settings = Producer.Settings()
        settings.isIdempotent = false
        settings.acks = 1
        settings.lingerMs = 0
        settings.batchBytes = 200
        var producer = Producer(settings)
        for id in 0..<3 {
            let record = RecordToSend(value: [UInt8](repeating: 0, count: 150), timestamp: 5)
            _ = producer.append(record, to: "t", id: id, view: view, at: at(0))
        }
        let sent = Seen(producer.step(.woke, view: view, at: at(0)))
        #expect(sent.tokens.count == 1)
        let next = Seen(producer.step(.answered(token: sent.tokens[0], answer(.none)), view: view, at: at(1)))
        #expect(next.tokens.count == 1)
    }

    @Test func `records linger for company, and a flush does not wait`() {
        var settings = Producer.Settings()
        settings.lingerMs = 50
        producer = Producer(settings)
        _ = step(.producerID(7, epoch: 0), at: 0)
        append(1, at: 0)
        #expect(step(.woke, at: 49).tokens == [])
        append(2, at: 49)
        let sent = step(.woke, at: 50)
        #expect(sent.tokens.count == 1)
        #expect(step(.answered(token: sent.tokens[0], answer(.none)), at: 51).ids == [[1, 2]])
        append(3, at: 60)
        #expect(step(.flushed, at: 60).tokens.count == 1)
    }

    @Test func `a full buffer pushes back`() {
        var settings = Producer.Settings()
        settings.bufferBytesMax = 1_000
        settings.lingerMs = 100
        producer = Producer(settings)
        let record = RecordToSend(value: [UInt8](repeating: 1, count: 700), timestamp: 5)
        #expect(producer.append(record, to: "t", id: 1, view: view, at: at(0)) == .accepted)
        #expect(producer.append(record, to: "t", id: 2, view: view, at: at(0)) == .full)
        #expect(producer.append(record, to: "other", id: 3, view: view, at: at(0)) == .unknownPlace)
    }
}
