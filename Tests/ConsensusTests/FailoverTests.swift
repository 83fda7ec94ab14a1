import Testing
import Vocabulary

@testable import Consensus

/// How long a quorum is without a leader that commits, at default settings, with round trips of 2 ms and syncs of up to 8 ms.
struct FailoverTests {
    private enum Fate { case dies, isCutOff, isStopped, movesOn }

    /// - Returns: milliseconds from the leader's fate until another has committed an entry.
    private func downtime(voters: Int, _ fate: Fate, seed: UInt64) throws -> Int64 {
        let cluster = Cluster(count: voters, voters: voters, seed: seed)
        cluster.weather.delay = 800...1_200
        for n in 0..<voters { try cluster.start(n) }
        #expect(try cluster.run(upTo: 5_000) { $0.leader != nil })
        try cluster.run(milliseconds: 1_000 + Int64(seed))
        let old = try #require(cluster.leader)
        switch fate {
        case .dies:
            cluster.crash(old)
            try cluster.connectionsBreak(of: old)
        case .isStopped: cluster.pause(old, milliseconds: 60_000)
        case .isCutOff:
            for other in 0..<voters where other != old {
                cluster.cut(old, other)
                cluster.cut(other, old)
            }
        case .movesOn: try cluster.step(old, .resign)
        }
        let began = cluster.now
        let end = cluster.ledger.end
        #expect(try cluster.run(upTo: 10_000) { $0.ledger.end > end })
        return (cluster.now - began) / 1_000_000
    }

    private func worst(_ fate: Fate) throws -> (worst: Int64, mean: Int64) {
        var all: [Int64] = []
        for voters in [3, 5] {
            for seed in 0..<40 as Range<UInt64> { all.append(try downtime(voters: voters, fate, seed: seed)) }
        }
        return (all.max()!, all.reduce(0, +) / Int64(all.count))
    }

    @Test func `a leader whose process dies is replaced within half a second`() throws {
        let time = try worst(.dies)
        #expect(time.worst <= 500, "mean \(time.mean) ms")
        #expect(time.mean <= 150)
    }

    @Test func `a leader that is cut off, or stopped, is replaced within two seconds`() throws {
        for fate in [Fate.isCutOff, .isStopped] {
            let time = try worst(fate)
            #expect(time.worst <= 2_000, "mean \(time.mean) ms")
            #expect(time.mean <= 1_300)
        }
    }

    @Test func `a leader that resigns is replaced within fifty milliseconds`() throws {
        let time = try worst(.movesOn)
        #expect(time.worst <= 50, "mean \(time.mean) ms")
    }
}
