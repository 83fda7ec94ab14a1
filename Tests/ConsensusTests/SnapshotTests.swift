import Testing
import Vocabulary

@testable import Consensus

struct SnapshotTests {
    /// A leader of term 2 whose log begins at 50, with a snapshot of 25 bytes up to 60 of 101 entries; pieces have 10 bytes.
    private func leader() -> Dialogue {
        var one = Dialogue(log: [position(100, 1)], configure: { $0.snapshotChunkBytes = 10 })
        one.lead()
        _ = one.hear(.matched(term: 2, durable: 101), from: 3)
        _ = one.step(.snapshotTaken(position(60, 1), bytes: 25, logStart: 50))
        return one
    }

    private func piece(at start: Int64, _ count: Int, round: UInt64 = 1) -> RaftOutgoing {
        .snapshotChunk(
            .of(
                term: 2,
                .snapshotChunk(chunk(of: position(60, 1), at: start, count: count, total: 25, round: round))))
    }

    private func received(_ bytes: Int64, isInstalled: Bool = false) -> Message {
        .of(
            term: 2,
            .snapshotResponse(
                SnapshotResponse(
                    snapshot: position(60, 1), received: bytes, isInstalled: isInstalled, round: 1)))
    }

    @Test
    func
        `§7: a replica that needs entries that are gone gets the snapshot in pieces, then the entries behind it`()
    {
        var one = leader()
        #expect(one.hear(.mismatch(term: 2, hint: position(20, 1)), from: 2) == [.replicate(to: key(2))])
        #expect(one.outgoing(to: 2) == [piece(at: 0, 10)])
        #expect(one.hear(received(10), from: 2) == [.replicate(to: key(2))])
        #expect(one.outgoing(to: 2) == [piece(at: 10, 10)])
        _ = one.hear(received(20), from: 2)
        #expect(one.outgoing(to: 2) == [piece(at: 20, 5)])
        #expect(one.hear(received(25), from: 2) == [])
        #expect(one.outgoing(to: 2) == [])
        #expect(one.hear(received(25, isInstalled: true), from: 2) == [.replicate(to: key(2))])
        #expect(
            one.outgoing(to: 2) == [
                .append(
                    .append(
                        term: 2, after: position(60, 1), position(100, 1), position(101, 2), committed: 101))
            ])
    }

    @Test func `entries that are still there are sent, though the snapshot has them too`() {
        var one = leader()
        _ = one.hear(.mismatch(term: 2, hint: position(55, 1)), from: 2)
        _ = one.hear(.matched(term: 2, durable: 55), from: 2)
        #expect(
            one.outgoing(to: 2) == [
                .append(
                    .append(
                        term: 2, after: position(55, 1), position(100, 1), position(101, 2), committed: 101))
            ])
    }

    @Test func `a transfer goes on where the receiver is, after a new connection or a restart`() {
        var one = leader()
        _ = one.hear(.mismatch(term: 2, hint: position(20, 1)), from: 2)
        _ = one.outgoing(to: 2)
        _ = one.hear(received(10), from: 2)
        _ = one.outgoing(to: 2)
        #expect(one.step(.connected(to: key(2))).last == .replicate(to: key(2)))
        #expect(one.outgoing(to: 2) == [piece(at: 10, 10, round: 2)])
        // It was started anew and has nothing.
        _ = one.hear(received(0), from: 2)
        #expect(one.outgoing(to: 2) == [piece(at: 0, 10, round: 2)])
    }

    @Test func `an answer that comes twice sends a piece once`() {
        var one = leader()
        _ = one.hear(.mismatch(term: 2, hint: position(20, 1)), from: 2)
        _ = one.outgoing(to: 2)
        _ = one.hear(received(10), from: 2)
        #expect(one.outgoing(to: 2).count == 1)
        #expect(one.hear(received(10), from: 2) == [])
        #expect(one.outgoing(to: 2) == [])
    }

    @Test func `a piece without an answer goes out again after an election timeout`() {
        var one = leader()
        _ = one.hear(.mismatch(term: 2, hint: position(20, 1)), from: 2)
        _ = one.outgoing(to: 2)
        let sent = one.now
        var effects: [RaftEffect] = []
        while !effects.contains(.replicate(to: key(2))), one.now < sent.adding(milliseconds: 5_000) {
            _ = one.hear(.matched(term: 2, durable: 101), from: 3)
            effects = one.wake()
        }
        #expect(one.now == sent.adding(milliseconds: 1_000))
    }

    @Test func `heartbeats go on during a transfer, and their answers do not end it`() {
        var one = leader()
        _ = one.hear(.mismatch(term: 2, hint: position(20, 1)), from: 2)
        _ = one.outgoing(to: 2)
        #expect(
            one.wake().contains(.send(.append(term: 2, after: .start, committed: 101, round: 2), to: key(2))))
        #expect(one.hear(.matched(term: 2, durable: 0, round: 2), from: 2) == [])
        #expect(one.hear(.mismatch(term: 2, hint: position(3, 1), round: 2), from: 2) == [])
        #expect(one.raft.snapshotsInUse == [position(60, 1)])
    }

    @Test func `what a transfer needs is told: the snapshot's file, and the entries behind it`() {
        var one = leader()
        #expect(one.raft.snapshotsInUse == [])
        #expect(one.raft.neededFrom == 100)
        _ = one.hear(.mismatch(term: 2, hint: position(20, 1)), from: 2)
        #expect(one.raft.snapshotsInUse == [position(60, 1)])
        #expect(one.raft.neededFrom == 60)
        // Kept, the old one goes on.
        _ = one.outgoing(to: 2)
        _ = one.step(.snapshotTaken(position(90, 1), bytes: 30, logStart: 60))
        #expect(one.raft.snapshotsInUse == [position(60, 1)])
        // Not kept, a newer one begins.
        #expect(
            one.step(.snapshotTaken(position(95, 1), bytes: 40, logStart: 95)) == [.replicate(to: key(2))])
        #expect(one.raft.snapshotsInUse == [position(95, 1)])
    }

    @Test func `a log that is cut below what a replica gets next sends it the snapshot`() {
        var one = leader()
        _ = one.hear(.mismatch(term: 2, hint: position(55, 1)), from: 2)
        #expect(one.step(.snapshotTaken(position(80, 1), bytes: 5, logStart: 80)) == [.replicate(to: key(2))])
        #expect(one.raft.snapshotsInUse == [position(80, 1)])
    }

    // MARK: Receiving

    private func hear(_ one: inout Dialogue, _ chunk: SnapshotChunk, term: Int32 = 2, from id: Int32 = 2)
        -> [RaftEffect]
    {
        one.hear(.of(term: term, .snapshotChunk(chunk)), from: id)
    }

    private func answer(
        _ bytes: Int64, of id: SnapshotID = position(60, 1), isInstalled: Bool = false, term: Int32 = 2
    ) -> RaftEffect {
        let response = SnapshotResponse(snapshot: id, received: bytes, isInstalled: isInstalled, round: 1)
        return .send(.of(term: term, .snapshotResponse(response)), to: key(2))
    }

    @Test func `§7: a snapshot takes the log's place when its last piece is stored`() {
        var one = Dialogue(log: [position(20, 1)])
        let first = chunk(of: position(60, 1), at: 0, count: 10, total: 15)
        let last = chunk(of: position(60, 1), at: 10, count: 5, total: 15)
        #expect(hear(&one, first).last == .storeChunk(first))
        #expect(one.step(.chunkStored(first)) == [answer(10)])
        #expect(hear(&one, last) == [.storeChunk(last)])
        #expect(one.raft.logEnd == 20)
        #expect(
            one.step(.chunkStored(last)) == [
                .installSnapshot(position(60, 1)), answer(15, isInstalled: true),
            ])
        #expect(one.raft.logStart == 60)
        #expect(one.raft.logEnd == 60)
        #expect(one.raft.committed == 60)
        #expect(one.raft.snapshot == position(60, 1))
        _ = one.hear(.append(term: 2, after: position(60, 1), position(70, 2)), from: 2)
        #expect(one.step(.durable(end: 70)) == [.send(.matched(term: 2, durable: 70), to: key(2))])
    }

    @Test func `§7: a log that holds the snapshot's end keeps what is behind it`() {
        var one = Dialogue(log: [position(70, 1)])
        let all = chunk(of: position(60, 1), at: 0, count: 15, total: 15)
        let effects = hear(&one, all)
        #expect(effects.suffix(2) == [.commit(upTo: 60), answer(15, isInstalled: true)])
        #expect(one.raft.logEnd == 70)
    }

    @Test func `a log that holds the snapshot's end, but not yet for good, says so when it does`() {
        var one = Dialogue()
        _ = one.hear(.append(term: 2, after: .start, position(70, 1)), from: 2)
        #expect(hear(&one, chunk(of: position(60, 1), at: 0, count: 15, total: 15)).last == answer(15))
        #expect(one.step(.durable(end: 70)) == [.send(.matched(term: 2, durable: 70), to: key(2))])
    }

    @Test func `pieces out of order are answered with what is there`() {
        var one = Dialogue()
        let first = chunk(of: position(60, 1), at: 0, count: 10, total: 15)
        let last = chunk(of: position(60, 1), at: 10, count: 5, total: 15)
        #expect(hear(&one, last).last == answer(0))
        #expect(hear(&one, first) == [.storeChunk(first)])
        // The same again, while it is being stored: one answer is enough.
        #expect(hear(&one, first) == [])
        _ = one.step(.chunkStored(first))
        #expect(hear(&one, first) == [answer(10)])
    }

    @Test func `a snapshot for which there was no room comes again from its beginning`() {
        var one = Dialogue()
        let first = chunk(of: position(60, 1), at: 0, count: 10, total: 15)
        let last = chunk(of: position(60, 1), at: 10, count: 5, total: 15)
        _ = hear(&one, first)
        _ = one.step(.chunkStored(first))
        #expect(hear(&one, last) == [.storeChunk(last)])
        #expect(one.step(.chunkLost(last)) == [])
        #expect(hear(&one, last) == [answer(0)])
        #expect(hear(&one, first) == [.storeChunk(first)])
    }

    @Test func `another leader's snapshot begins anew, though it ends at the same place`() {
        var one = Dialogue()
        let first = chunk(of: position(60, 1), at: 0, count: 10, total: 15)
        let last = chunk(of: position(60, 1), at: 10, count: 5, total: 15)
        _ = hear(&one, first)
        _ = one.step(.chunkStored(first))
        #expect(hear(&one, last, term: 3).last == answer(0, term: 3))
        #expect(hear(&one, first, term: 3) == [.storeChunk(first)])
        #expect(one.step(.chunkStored(first)) == [answer(10, term: 3)])
    }

    @Test func `a piece that is stored after the leader changed changes nothing`() {
        var one = Dialogue()
        let all = chunk(of: position(60, 1), at: 0, count: 15, total: 15)
        _ = hear(&one, all)
        _ = one.hear(.append(term: 3, after: .start), from: 3)
        #expect(one.step(.chunkStored(all)) == [])
        #expect(one.raft.logEnd == 0)
    }

    @Test func `a snapshot that the log caught up with meanwhile is not put in its place`() {
        var one = Dialogue()
        let all = chunk(of: position(60, 1), at: 0, count: 15, total: 15)
        _ = hear(&one, all)
        _ = one.hear(.append(term: 2, after: .start, position(60, 1), position(70, 2)), from: 2)
        _ = one.step(.durable(end: 70))
        #expect(one.step(.chunkStored(all)) == [answer(15, isInstalled: true)])
        #expect(one.raft.logEnd == 70)
        #expect(one.raft.logStart == 0)
    }

    @Test func `a snapshot older than what is committed is not wanted`() {
        var one = Dialogue(snapshot: position(80, 1))
        #expect(
            hear(&one, chunk(of: position(60, 1), at: 0, count: 15, total: 15)).last
                == answer(15, isInstalled: true))
        #expect(one.raft.snapshot == position(80, 1))
    }

    @Test func `a snapshot brings its voters`() {
        var one = Dialogue(me: 7, voters: .empty)
        let all = chunk(of: position(60, 1), at: 0, count: 15, total: 15)
        _ = hear(&one, all)
        #expect(one.step(.chunkStored(all)).contains(.votersChanged(voterSet(1, 2, 3))))
        #expect(one.raft.voters == voterSet(1, 2, 3))
    }

    // MARK: Our own

    @Test func `compaction keeps the set of voters that is in force, and those that may come back`() {
        var one = Dialogue(hardState: HardState(term: 1))
        let four = PlacedVoterSet(offset: 4, voters: voterSet(1, 2, 3, 4))
        let five = PlacedVoterSet(offset: 40, voters: voterSet(1, 2, 3, 4, 5))
        _ = one.hear(
            .append(term: 1, after: .start, position(50, 1), committed: 30, voterSets: [four, five]), from: 2)
        _ = one.step(.durable(end: 50))
        #expect(one.step(.snapshotTaken(position(30, 1), bytes: 9, logStart: 30)) == [])
        #expect(one.raft.voterSets == [four, five])
        #expect(one.raft.voterSet(asOf: 30) == four)
        let effects = one.hear(.append(term: 2, after: position(30, 1), position(41, 2)), from: 3)
        #expect(effects.contains(.votersChanged(voterSet(1, 2, 3, 4))))
    }

    @Test func `a snapshot of a log that a crash has cut below its end stands alone`() {
        let one = Dialogue(log: [position(20, 1)], snapshot: position(30, 2), logStart: 10)
        #expect(one.raft.logStart == 30)
        #expect(one.raft.logEnd == 30)
        #expect(one.raft.lastPosition == position(30, 2))
    }

    @Test func `a log that is not the snapshot's is dropped at the start, one that is goes on`() {
        let other = Dialogue(log: [position(20, 1), position(50, 2)], snapshot: position(30, 3), logStart: 0)
        #expect(other.raft.logStart == 30)
        #expect(other.raft.logEnd == 30)
        let same = Dialogue(log: [position(20, 1), position(50, 2)], snapshot: position(30, 2), logStart: 0)
        #expect(same.raft.logStart == 0)
        #expect(same.raft.lastPosition == position(50, 2))
        #expect(same.raft.committed == 30)
    }

    @Test func `a snapshot beyond what is committed stops the process`() async {
        await #expect(processExitsWith: .failure) {
            var one = Dialogue(log: [position(20, 1)])
            _ = one.step(.snapshotTaken(position(10, 1), bytes: 1, logStart: 10))
        }
    }
}
