import Client
import Records
import Testing
import Vocabulary

/// The whole reading client, frame bytes to frame bytes.
struct ConsumerClientTests {
    /// Two partitions of 10 and 7 records, three to a batch.
    private func makeBroker() throws -> FakeBroker {
        var broker = FakeBroker(partitions: 2)
        for (index, count) in [10, 7].enumerated() {
            for start in stride(from: 0, to: count, by: 3) {
                var builder = BatchBuilder(codec: start % 2 == 0 ? .none : .zstd)
                for number in start..<min(start + 3, count) {
                    builder.append(
                        timestamp: Int64(number), key: nil, value: Array("\(index)/\(number)".utf8))
                }
                broker.logs[index].batches.append(builder.finish(baseOffset: Int64(start)))
            }
            broker.logs[index].end = Int64(count)
        }
        return broker
    }

    private func read(
        _ places: [(Int32, ReadStart, ReadStop)], breaks: Int = 0, seed: UInt64 = 1, isOld: Bool = false,
        change: (inout Consumer.Settings) -> Void = { _ in }
    ) throws -> (values: [String], failures: [ClientError], broker: FakeBroker) {
        var settings = Consumer.Settings()
        change(&settings)
        let client = ConsumerClient(
            cluster: .init(bootstrap: [Endpoint(host: "h", port: 1)]), consumer: settings)
        var world = FakeWorld(client, try makeBroker(), seed: seed)
        world.breaksPerMille = breaks
        world.broker.isOld = isOld
        world.use { client, _ in
            for (partition, start, stop) in places {
                client.assign(TopicPartition(topic: "t", partition: partition), from: start, until: stop)
            }
        }
        var values: [String] = []
        while !world.client.consumer.isFinished {
            #expect(try world.advance())
            var chunks: [FetchedChunk] = []
            world.use { client, _ in chunks = client.takeChunks() }
            for chunk in chunks {
                try chunk.forEachRecord { record, payload in
                    values.append(
                        payload.extracting(record.view.value!).withUnsafeBytes {
                            String(decoding: $0, as: UTF8.self)
                        })
                    return true
                }
            }
        }
        return (values, world.client.takeFailures().map(\.error), world.broker)
    }

    @Test(arguments: 0..<20)
    func `all is read once and in order, whatever breaks`(seed: UInt64) throws {
        let (values, _, _) = try read(
            [(0, .beginning, .atEnd), (1, .beginning, .atEnd)], breaks: 150, seed: seed)
        #expect(values.filter { $0.hasPrefix("0/") } == (0..<10).map { "0/\($0)" })
        #expect(values.filter { $0.hasPrefix("1/") } == (0..<7).map { "1/\($0)" })
    }

    @Test func `a broker of the oldest versions is read as well`() throws {
        let (values, _, _) = try read([(0, .beginning, .atEnd), (1, .offset(6), .atEnd)], isOld: true)
        #expect(values.sorted() == ((0..<10).map { "0/\($0)" } + ["1/6"]).sorted())
    }

    @Test func `an offset in the middle of a batch begins there, and a bound ends there`() throws {
        let (values, _, _) = try read([(0, .offset(4), .before(8))])
        #expect(values == ["0/4", "0/5", "0/6", "0/7"])
    }

    @Test func `counting back from the end stops at the beginning`() throws {
        let last = try read([(1, .beforeEnd(2), .atEnd)])
        #expect(last.values == ["1/5", "1/6"])
        #expect(try read([(1, .beforeEnd(99), .atEnd)]).values.count == 7)
    }

    @Test func `a time after all records is the end`() throws {
        let (values, _, _) = try read([(0, .timestamp(99), .atEnd)])
        #expect(values == [])
    }

    @Test func `nothing to read needs no fetch`() throws {
        let (values, _, broker) = try read([(0, .end, .atEnd), (1, .offset(3), .before(3))])
        #expect(values == [])
        #expect(!broker.seen.contains(1))
    }

    @Test func `an offset that is not there is a failure, or a new beginning`() throws {
        let failed = try read([(0, .offset(99), .before(200))])
        #expect(failed.failures == [.broker(.offsetOutOfRange, nil)])
        let again = try read([(1, .offset(99), .before(7))]) { $0.outOfRange = .beginning }
        #expect(again.values == [])  // 99 is behind the bound: there is nothing to be read.
        let anew = try read([(1, .offset(-5), .before(7))]) { $0.outOfRange = .beginning }
        #expect(anew.values.count == 7)
    }

    @Test func `patience with a partition that nobody leads has an end, and the others are read`() throws {
        let (values, failures, _) = try read([(0, .beginning, .atEnd), (5, .beginning, .atEnd)]) {
            $0.patienceMs = 2000
        }
        #expect(values.count == 10)
        #expect(failures == [.broker(.leaderNotAvailable, nil)])
    }

    @Test func `a wrong checksum is noticed`() throws {
        var bytes = try makeBroker().logs[0].batches[0]
        bytes[bytes.count - 1] ^= 1
        let place = TopicPartition(topic: "t", partition: 0)
        let chunk = FetchedChunk(place: place, bytes: bytes, from: 0, before: nil, highWatermark: 0)
        #expect(throws: RecordError.self) { try chunk.forEachRecord { _, _ in true } }
    }
}
