import Testing
import Vocabulary

@testable import Replication

struct LeaderReplicaTests {
    @Test func `a record is committed when the leader's disk holds it, not when it is appended`() {
        var leader = LeaderReplica(endOffset: 10, durableOffset: 10, highWatermark: 10, writeCaching: false)
        #expect(leader.step(.appended(endOffset: 15)) == [])
        #expect(leader.step(.synced(upTo: 12)) == [.advanceHighWatermark(to: 12)])
        #expect(leader.step(.synced(upTo: 15)) == [.advanceHighWatermark(to: 15)])
    }

    @Test func `with write caching a record is committed when it is appended`() {
        var leader = LeaderReplica(endOffset: 10, durableOffset: 0, highWatermark: 0, writeCaching: true)
        #expect(leader.step(.appended(endOffset: 15)) == [.advanceHighWatermark(to: 15)])
        #expect(leader.step(.synced(upTo: 12)) == [])
    }

    @Test func `switching write caching on commits what waited for the disk`() {
        var leader = LeaderReplica(endOffset: 10, durableOffset: 4, highWatermark: 4, writeCaching: false)
        #expect(leader.step(.writeCachingSet(true)) == [.advanceHighWatermark(to: 10)])
        #expect(leader.step(.writeCachingSet(false)) == [])
        #expect(leader.highWatermark == 10)
    }

    @Test func `a joining follower already holds the high watermark back`() {
        var leader = LeaderReplica(
            endOffset: 10, durableOffset: 10, highWatermark: 10, writeCaching: true, followers: [2, 3])
        #expect(leader.step(.isrCommitted([2])) == [])
        #expect(leader.step(.fetched(by: 2, from: 10)) == [])
        #expect(leader.step(.fetched(by: 3, from: 10)) == [.proposeISR([2, 3])])
        #expect(leader.step(.appended(endOffset: 20)) == [])
        #expect(leader.step(.fetched(by: 2, from: 20)) == [])
        #expect(leader.step(.fetched(by: 3, from: 15)) == [.advanceHighWatermark(to: 15)])
    }

    @Test func `a log that begins later takes the high watermark along`() {
        var leader = LeaderReplica(endOffset: 10, durableOffset: 3, highWatermark: 3, writeCaching: false)
        #expect(leader.step(.startMoved(to: 5)) == [.advanceHighWatermark(to: 5)])
        #expect(leader.step(.startMoved(to: 4)) == [])
    }

    @Test func `a log end that goes back stops the broker`() async {
        await #expect(processExitsWith: .failure) {
            var leader = LeaderReplica(endOffset: 10, durableOffset: 10, highWatermark: 10, writeCaching: false)
            _ = leader.step(.appended(endOffset: 9))
        }
    }
}
