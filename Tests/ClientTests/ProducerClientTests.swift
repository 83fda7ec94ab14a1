import Client
import Records
import Testing
import Vocabulary

/// The whole producing client, frame bytes to frame bytes.
struct ProducerClientTests {
    private func makeClient(_ change: (inout Producer.Settings) -> Void = { _ in }) -> ProducerClient {
        var producer = Producer.Settings()
        producer.lingerMs = 3
        producer.batchBytes = 300
        change(&producer)
        return ProducerClient(cluster: .init(bootstrap: [Endpoint(host: "h", port: 1)]), producer: producer)
    }

    /// The numbers that records carry as values, by partition, in log order.
    private func stored(_ broker: FakeBroker) throws -> [[Int]] {
        try broker.logs.map { log in
            var numbers: [Int] = []
            for batch in log.batches {
                let chunk = FetchedChunk(
                    place: TopicPartition(topic: "t", partition: 0), bytes: batch, from: 0, before: nil,
                    highWatermark: 0)
                try chunk.forEachRecord { record, payload in
                    let text = payload.extracting(record.view.value!).withUnsafeBytes {
                        String(decoding: $0, as: UTF8.self)
                    }
                    numbers.append(Int(text) ?? -1)
                    return true
                }
            }
            return numbers
        }
    }

    @Test(arguments: 0..<40)
    func `whatever breaks, nothing is lost, doubled or reordered within a key`(seed: UInt64) throws {
        let client = makeClient {
            $0.seed = seed
            $0.codec = [.none, .lz4, .zstd, .gzip, .snappy][Int(seed % 5)]
        }
        var world = FakeWorld(client, FakeBroker(partitions: 3), seed: seed)
        world.breaksPerMille = 60
        world.broker.isOld = seed % 7 == 0
        world.broker.refusals = seed % 2 == 0 ? [.notEnoughReplicas, .notLeaderOrFollower] : []
        var chance = SeededGenerator(seed: seed)
        var next = 0
        var delivered = 0
        while delivered < 500 {
            world.use { client, now in
                if next == 0 { client.follow("t") }
                for _ in 0..<Int.random(in: 0...4, using: &chance) where next < 500 {
                    let record = RecordToSend(
                        key: Array("k\(next % 10)".utf8), value: Array(String(next).utf8), timestamp: 1)
                    if client.append(record, to: "t", id: next, at: now) == .accepted { next += 1 }
                }
                for report in client.takeReports() {
                    #expect(report.error == nil)
                    delivered += report.ids.count
                }
            }
            _ = try world.advance()
        }
        let logs = try stored(world.broker)
        #expect(logs.joined().sorted() == Array(0..<500))
        for numbers in logs {
            for key in 0..<10 {
                let ofKey = numbers.filter { $0 % 10 == key }
                #expect(ofKey == ofKey.sorted())
            }
        }
        #expect(world.client.producer.isEmpty)
        #expect(world.client.producer.bufferedBytes == 0)
    }

    @Test func `records without key fill one partition's batch, then the next`() throws {
        var world = FakeWorld(makeClient { $0.batchBytes = 2_000 }, FakeBroker(partitions: 3))
        var next = 0
        while next < 300 || !world.client.producer.isEmpty {
            world.use { client, now in
                if next == 0 { client.follow("t") }
                while next < 300 {
                    let record = RecordToSend(value: Array("\(next)".utf8), timestamp: 1)
                    guard client.append(record, to: "t", id: next, at: now) == .accepted else { return }
                    next += 1
                }
            }
            _ = try world.advance()
        }
        #expect(world.broker.logs.flatMap(\.batches).count < 30)
        #expect(world.broker.logs.filter { !$0.batches.isEmpty }.count > 1)
    }

    @Test func `a cluster that nobody answers for is said to be unreachable`() throws {
        var world = FakeWorld(makeClient(), FakeBroker(partitions: 1))
        world.refusesConnections = true
        world.use { client, _ in client.follow("t") }
        while world.client.cluster.unreachable == nil { #expect(try world.advance()) }
        #expect(world.client.cluster.unreachable == "cannot reach h:1: connection refused")
        world.refusesConnections = false
        while world.client.cluster.viewAge == 0 { #expect(try world.advance()) }
        #expect(world.client.cluster.unreachable == nil)
    }

    @Test func `connection attempts slow down`() throws {
        var world = FakeWorld(makeClient(), FakeBroker(partitions: 1))
        world.refusesConnections = true
        world.use { client, _ in client.follow("t") }
        while world.now < Instant(nanoseconds: 10_000_000_000) { #expect(try world.advance()) }
        #expect((10...20).contains(world.connects))
    }
}
