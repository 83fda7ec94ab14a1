import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

/// Random lives of a log on a disk whose power fails.
struct PowerLossTests {
    private struct Life {
        let disk = SimulatedDisk()
        var config = LogConfig()
        /// Every batch ever appended and not truncated, by base offset, as its bytes stand in the log.
        var written: [Int64: BatchHeader] = [:]
        /// What the checkpoint file says.
        var point: Offset?
        var acknowledged: Offset = 0
        var sequence: Int32 = 0
        var epoch: Int32 = 0
    }

    private func append(_ log: Log, _ life: inout Life, using generator: inout SeededGenerator) throws {
        var batches: [[UInt8]] = []
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let count = Int.random(in: 1...3, using: &generator)
            let size = Int.random(in: 0...3, using: &generator) == 0 ? 700 : 40
            let isIdempotent = Bool.random(using: &generator)
            batches.append(
                batch(
                    count, size: size, time: Int64(life.written.count),
                    producer: isIdempotent ? Producer(sequence: life.sequence) : nil))
            if isIdempotent { life.sequence += Int32(count) }
        }
        let from = log.endOffset
        try log.append(all: batches, epoch: LeaderEpoch(life.epoch))
        for header in try log.headers(from: from) { life.written[header.baseOffset] = header }
    }

    private func live(_ log: Log, _ life: inout Life, using generator: inout SeededGenerator) throws {
        var underWay: [LogSync] = []
        for _ in 0..<Int.random(in: 1...40, using: &generator) {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0..<6: try append(log, &life, using: &generator)
            case 6, 7:
                if let sync = try log.beginSync(checkpoint: Int.random(in: 0..<3, using: &generator) == 0) {
                    underWay.append(sync)
                }
            case 8, 9:
                // Syncs end in any order, and take a while.
                guard let index = underWay.indices.randomElement(using: &generator) else { continue }
                let sync = underWay.remove(at: index)
                for target in sync.targets { try life.disk.sync(target) }
                life.acknowledged = max(life.acknowledged, try log.syncCompleted(sync))
            case 10: life.point = log.recoveryPoint
            default: life.epoch += 1
            }
        }
    }

    private func verify(_ log: Log, _ life: inout Life, _ seed: UInt64) throws {
        #expect(log.endOffset >= life.acknowledged, "seed \(seed)")
        let headers = try log.headers()
        var next: Int64 = 0
        for header in headers {
            #expect(header.baseOffset == next, "seed \(seed)")
            #expect(life.written[header.baseOffset] == header, "seed \(seed)")
            next = header.nextOffset
        }
        #expect(next == log.endOffset.value, "seed \(seed)")
        life.written = life.written.filter { $0.key < next }
        #expect(log.producerStates == recomputedProducers(headers), "seed \(seed)")
        life.sequence = log.producers.first.map { $0.lastSequence + 1 } ?? 0
        var epochs = LeaderEpochs()
        for header in headers {
            _ = epochs.assign(
                LeaderEpoch(header.partitionLeaderEpoch), startOffset: Offset(header.baseOffset))
        }
        #expect(log.epochs == epochs, "seed \(seed)")
        life.epoch = max(life.epoch, 0)
    }

    @Test(arguments: 0..<160 as Range<UInt64>)
    func `what was synced is there after every loss of power`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var life = Life()
        life.config.segmentBytes = Int64.random(in: 2000...20_000, using: &generator)
        life.config.indexIntervalBytes = Int.random(in: 1...600, using: &generator)
        life.config.fillsAhead = seed % 2 == 1
        var log = try Log.create(
            disk: life.disk, topicPartition: partition, topicID: topicID, config: life.config, now: 0)
        try log.syncAll()
        life.point = 0
        for _ in 0..<5 {
            try live(log, &life, using: &generator)
            let kind: SimulatedDisk.Crash = Int.random(in: 0..<4, using: &generator) == 0 ? .process : .power
            life.disk.crash(kind, using: &generator)
            log = try openLog(life.disk, from: life.point, config: life.config).0
            try verify(log, &life, seed)
        }
        try log.close()
        let end = log.endOffset
        let (clean, report) = try openLog(life.disk, from: end, clean: true, config: life.config)
        #expect(report.wasClean)
        life.acknowledged = end
        try verify(clean, &life, seed)
    }
}
