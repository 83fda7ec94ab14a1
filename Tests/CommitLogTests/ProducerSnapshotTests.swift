import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct ProducerSnapshotTests {
    private func states(_ batches: [(id: Int64, sequence: Int32, time: Int64)]) -> ProducerStates {
        var states = ProducerStates()
        var offset: Int64 = 0
        for (id, sequence, time) in batches {
            var header = header(
                batch(2, time: time, producer: Producer(id: id, epoch: 3, sequence: sequence)))
            header.baseOffset = offset
            offset = header.nextOffset
            states.note(header, now: 0)
        }
        return states
    }

    @Test func `the bytes of one producer are Kafka's`() {
        let bytes = ProducerSnapshot.encode(states([(id: 7, sequence: 4, time: 1000)]))
        #expect(bytes.count == 2 + 4 + 4 + 46)
        let expected: [UInt8] =
            [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 7] + [0, 3] + [0, 0, 0, 5] + [0, 0, 0, 0, 0, 0, 0, 1] + [
                0, 0, 0, 1,
            ]
            + [0, 0, 0, 0, 0, 0, 3, 0xE9] + [0xFF, 0xFF, 0xFF, 0xFF]
            + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(Array(bytes[..<2]) == [0, 1])
        #expect(Array(bytes[6...]) == expected)
        let crc = expected.withUnsafeBytes { crc32c($0) }
        #expect(Array(bytes[2..<6]) == withUnsafeBytes(of: crc.bigEndian) { Array($0) })
    }

    @Test func `all five remembered batches come back`() {
        let states = states(
            (0..<8).map { (id: 7, sequence: Int32($0 * 2), time: Int64($0)) } + [
                (id: 9, sequence: 0, time: 1)
            ])
        #expect(ProducerSnapshot.decode(ProducerSnapshot.encode(states), now: 0) == states)
    }

    @Test func `no producers make a snapshot too`() {
        #expect(
            ProducerSnapshot.decode(ProducerSnapshot.encode(ProducerStates()), now: 0) == ProducerStates())
    }

    @Test func `any cut and any flipped bit make it count as missing`() {
        let bytes = ProducerSnapshot.encode(states((0..<3).map { (id: Int64($0), sequence: 0, time: 0) }))
        for cut in 0..<bytes.count { #expect(ProducerSnapshot.decode(Array(bytes[..<cut]), now: 0) == nil) }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(ProducerSnapshot.decode(damaged, now: 0) == nil)
        }
    }

    @Test func `a silent producer is forgotten by our clock, not by its records'`() throws {
        let log = try makeLog(.init()) { $0.producerIDExpirationMs = 1000 }
        // Records of 1970, appended now.
        try log.append(batch(time: 0, producer: Producer(id: 1, sequence: 0)), now: 1_000_000)
        try log.append(batch(time: 0, producer: Producer(id: 2, sequence: 0)), now: 1_000_900)
        log.expireProducers(now: 1_000_999)
        #expect(log.producers.map(\.producerID) == [1, 2])
        log.expireProducers(now: 1_001_000)
        #expect(log.producers.map(\.producerID) == [2])
        // Who was forgotten may go on with any sequence number (KIP-360).
        #expect(
            try log.append(batch(producer: Producer(id: 1, sequence: 17))) == [
                .appended(base: 2, logAppendTime: nil)
            ])
    }
}
