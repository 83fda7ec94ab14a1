import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary

@testable import CommitLog

struct LogSyncTests {
    @Test func `the first sync names the new directory, later ones only the file`() throws {
        let log = try makeLog(SimulatedDisk())
        let first = try #require(try log.beginSync())
        #expect(first.targets.contains(.directory("")))
        #expect(first.targets.contains(.directory(directory)))
        try log.syncCompleted(first)
        #expect(try log.beginSync() == nil)
        try log.append(batch())
        try log.syncAll()
        try log.append(batch())
        let next = try #require(try log.beginSync())
        #expect(next.targets == [.file(log.active.log)])
        #expect(next.upTo == 2)
        #expect(try log.beginSync() == nil)
        #expect(try log.syncCompleted(next) == 2)
    }

    @Test func `a sync counts only when those before it are through`() throws {
        let log = try makeLog(SimulatedDisk())
        try log.append(batch())
        let first = try #require(try log.beginSync())
        try log.append(batch())
        let second = try #require(try log.beginSync())
        #expect(try log.syncCompleted(second) == 0)
        #expect(try log.syncCompleted(first) == 2)
        #expect(try log.syncCompleted(first) == 2)
    }

    @Test func `a roll is covered by the next sync: both segments, the snapshot, the directory`() throws {
        let log = try makeLog(SimulatedDisk()) { $0.segmentBytes = 400 }
        try log.append(batch(size: 100))
        try log.syncAll()
        for _ in 0..<2 { try log.append(batch(size: 100)) }
        try #require(log.segmentCount == 2)
        let sync = try #require(try log.beginSync())
        #expect(sync.targets.contains(.file(log.segments[0].log)))
        #expect(sync.targets.contains(.file(log.segments[1].log)))
        #expect(sync.targets.contains(.directory(directory)))
        #expect(try log.syncCompleted(sync) == 3)
        // The rolled segment needs no recovery any more; the active one does, until a checkpoint.
        #expect(log.recoveryPoint == log.active.baseOffset)
        try log.syncAll(checkpoint: true)
        #expect(log.recoveryPoint == 3)
        #expect(log.bytesBehindRecoveryPoint == 0)
    }

    @Test func `flush.messages and flush.ms ask for a sync`() throws {
        let log = try makeLog(SimulatedDisk()) {
            $0.flushMessages = 3
            $0.flushMs = 100
        }
        #expect(!log.isFlushDue(now: 0))
        try log.append(batch(2), now: 50)
        #expect(!log.isFlushDue(now: 149))
        #expect(log.isFlushDue(now: 150))
        try log.append(batch(1), now: 60)
        #expect(log.isFlushDue(now: 60))
        try log.syncAll()
        #expect(!log.isFlushDue(now: 500))
    }

    @Test func `old snapshots go, the two that recovery may need stay`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        for _ in 0..<6 {
            try log.append(batch())
            try log.syncAll(checkpoint: true)
        }
        #expect(
            disk.paths.filter { $0.hasSuffix(".snapshot") } == [path(5, ".snapshot"), path(6, ".snapshot")])
    }

    @Test func `closing makes up for syncs that were never reported, and for what a checkpoint leaves open`()
        throws
    {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        try log.append(batch(time: 7))
        _ = try log.beginSync()
        try log.append(batch(time: 9))
        _ = try log.beginSync(checkpoint: true)
        try log.close()
        #expect(log.recoveryPoint == 2)
        var generator = SeededGenerator(seed: 0)
        disk.crash(.power, using: &generator)
        let (again, report) = try openLog(disk, from: 2, clean: true)
        #expect(report.wasClean)
        try again.append(batch(time: 11))
        try again.syncAll(checkpoint: true)
        try again.close()
        let (third, _) = try openLog(disk, from: 3, clean: true)
        disk.resetCounts()
        #expect(try third.maxTimestamp()?.timestamp == 11)
        // From the index: nothing had to be made anew.
        #expect(disk.count(.truncate) == 0)
    }

    @Test func `an idle log closes without touching the disk`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        try log.append(batch())
        try log.close()
        let (again, _) = try openLog(disk, from: 1, clean: true)
        disk.resetCounts()
        try again.close()
        #expect(disk.count(.write) + disk.count(.sync) + disk.count(.open) == 0)
    }

    @Test func `records become durable though the disk has no room for the leader epochs`() throws {
        let disk = SimulatedDisk()
        let log = try makeLog(disk)
        try log.append(batch(3))
        disk.limitSpace(to: 0)
        try log.syncAll()
        #expect(log.syncedOffset == 3)
        #expect(!disk.paths.contains { $0.hasSuffix(".tmp") })
        #expect(try log.beginSync() == nil, "nothing else can be made durable now")
        disk.limitSpace(to: nil)
        for _ in 0..<3 { try log.syncAll(checkpoint: true) }
        #expect(log.recoveryPoint == 3, "the epochs were made up for")
    }
}
