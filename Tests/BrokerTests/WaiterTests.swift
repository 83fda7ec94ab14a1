import Messages
import Testing
import Vocabulary

@testable import Broker

/// Random lives of producers and consumers on two loops, with syncs that take their time.
struct WaiterTests {
    private struct Client {
        let peer: LoopHarness.Peer
        var isOpen = true
        /// Correlation ids of what wants an answer.
        var expected: [Int32] = []
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `every request is answered once and in order, and nobody waits for ever`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        let harness = LoopHarness(loops: 2)
        let topics = [
            try harness.addTopic("synced"), try harness.addTopic("cached", config: LoopHarness.config(writeCaching: true)),
        ]
        var clients = (0..<4).map { Client(peer: harness.connect(loop: $0 % 2)) }
        var sequences: [Int64: Int32] = [:]
        for _ in 0..<300 {
            let index = Int.random(in: 0..<clients.count, using: &chance)
            let topic = topics[Int.random(in: 0..<2, using: &chance)]
            switch Int.random(in: 0..<14, using: &chance) {
            case 0: clients.append(Client(peer: harness.connect(loop: Int.random(in: 0..<2, using: &chance))))
            case 1:
                clients[index].isOpen = false
                clients[index].peer.loop.closed(clients[index].peer.connection)
            case 2: harness.holdsSyncs = true
            case 3: harness.releaseSyncs()
            case 4: harness.advance(milliseconds: Int64.random(in: 0..<300, using: &chance))
            case 5..<10:
                guard clients[index].isOpen else { continue }
                let producer: Int64 = topic === topics[0] ? 1 : 2
                // The next batch, or the last one once more.
                let isNew = sequences[producer] == nil || Bool.random(using: &chance)
                if isNew { sequences[producer, default: -1] += 1 }
                let batch = makeBatch(["x"], producerID: producer, epoch: 0, sequence: sequences[producer]!)
                let acks = Int16.random(in: -1...1, using: &chance)
                var request = makeProduce(topic, batch, acks: acks)
                request.timeoutMs = Int32.random(in: 0..<500, using: &chance)
                harness.send(request, from: clients[index].peer)
                if acks != 0 { clients[index].expected.append(clients[index].peer.correlationID) }
            default:
                guard clients[index].isOpen else { continue }
                var request = makeFetch(
                    topic, from: topic.partition(0)!.highWatermark.value,
                    maxWaitMs: Int32.random(in: 0..<500, using: &chance),
                    minBytes: Int32.random(in: 0..<300, using: &chance))
                if Bool.random(using: &chance) { request.topics += [request.topics[0]] }
                harness.send(request, from: clients[index].peer)
                clients[index].expected.append(clients[index].peer.correlationID)
            }
        }
        if Bool.random(using: &chance) {
            let partition = try #require(topics[0].partition(0))
            var wake = partition.takeOffline("the topic was deleted").wake
            while wake != 0 {
                harness.loops[wake.trailingZeroBitCount].deliver(.advanced([partition]), now: harness.now)
                wake &= wake - 1
            }
        }
        harness.advance(milliseconds: 1000)
        for client in clients where client.isOpen {
            harness.collect(client.peer)
            #expect(answers(client.peer.received) == client.expected)
            #expect(!client.peer.connection.isClosing)
        }
        harness.releaseSyncs()
        for loop in harness.loops {
            #expect(loop.acks.count == 0)
            #expect(loop.fetches.count == 0)
            harness.advance(milliseconds: 1000)
            #expect(loop.timers.count == 0)
        }
    }

    private func answers(_ bytes: [UInt8]) -> [Int32] {
        func number(_ at: Int) -> Int32 {
            bytes.withUnsafeBytes { Int32(bigEndian: $0.loadUnaligned(fromByteOffset: at, as: Int32.self)) }
        }
        var found: [Int32] = []
        var at = 0
        while at < bytes.count {
            found.append(number(at + 4))
            at += 4 + Int(number(at))
        }
        return found
    }
}
