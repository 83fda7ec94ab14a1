import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogTruncationTests {
    @Test(arguments: 0..<40 as Range<Int64>)
    func `after a cut the log is as if nothing more had ever been appended`(cut: Int64) throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) {
            $0.segmentBytes = 900
            $0.indexIntervalBytes = 100
        }
        for index in 0..<20 {
            try log.append(
                batch(2, size: 20, time: Int64(index), producer: Producer(sequence: Int32(index * 2))),
                epoch: LeaderEpoch(Int32(index / 5)))
            if index == 12 { try log.syncAll(checkpoint: true) }
        }
        let all = try log.headers()
        try log.truncate(to: Offset(cut), now: 0)
        let expected = all.filter { $0.nextOffset <= cut }
        #expect(log.endOffset.value == cut / 2 * 2)
        #expect(try log.headers() == expected)
        #expect(log.producerStates == recomputedProducers(expected))
        #expect(log.latestEpoch?.value == expected.last?.partitionLeaderEpoch)
        #expect(log.syncedOffset <= log.endOffset)
        #expect(try log.maxTimestamp()?.timestamp.milliseconds == expected.last?.maxTimestamp)
        // It goes on, and what it becomes is what recovery finds.
        try log.append(batch(3, size: 30, time: 500), epoch: 9)
        try log.syncAll(checkpoint: true)
        try log.append(batch(1, size: 30), epoch: 9)
        let headers = try log.headers()
        #expect(headers.count == expected.count + 2)
        let (again, report) = try openLog(disk, from: log.recoveryPoint, config: log.config)
        #expect(try again.headers() == headers)
        #expect(again.producerStates == log.producerStates)
        #expect(again.epochs == log.epochs)
        #expect(report.rebuiltIndexes == 0)
    }

    @Test func `a sync under way vouches for nothing above the cut`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch(5))
        try log.append(batch(5))
        let sync = try #require(try log.beginSync())
        try log.truncate(to: 5, now: 0)
        try log.append(batch(5), epoch: 1)
        for target in sync.targets { try log.disk.sync(target) }
        #expect(try log.syncCompleted(sync) == 5)
        try log.syncAll()
        #expect(log.syncedOffset == 10)
    }

    @Test func `beginning anew elsewhere leaves nothing of the old log`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk) { $0.segmentBytes = 300 }
        for index in 0..<10 { try log.append(batch(size: 50, producer: Producer(sequence: Int32(index)))) }
        try log.truncateFully(startAt: 100, now: 0)
        #expect((log.startOffset, log.endOffset, log.segmentCount, log.sizeBytes) == (100, 100, 1, 0))
        #expect(log.producers.isEmpty)
        try log.append(batch())
        #expect(try log.headers().map(\.baseOffset) == [100])
        try log.syncAll(checkpoint: true)
        #expect(try openLog(disk, from: log.recoveryPoint, start: 100, config: log.config).0.endOffset == 101)
    }
}
