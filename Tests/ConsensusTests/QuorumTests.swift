import Testing
import Vocabulary

@testable import Consensus

/// The arithmetic of majorities against a model that tries all subsets.
struct QuorumTests {
    /// The highest value that some majority has reached, all its members.
    private func dumb(_ values: [Int]) -> Int? {
        let count = values.count
        var best: Int?
        for subset in 1..<max(1 << count, 1) where subset.nonzeroBitCount * 2 > count {
            let least = (0..<count).filter { subset >> $0 & 1 == 1 }.map { values[$0] }.min()!
            best = max(best ?? least, least)
        }
        return best
    }

    @Test(arguments: 0...6)
    func `a majority has reached what the sorted values say, for every layout`(count: Int) {
        let set = VoterSet((0..<Int32(count)).map { voter($0) })
        var layouts = 1
        for _ in 0..<count { layouts *= 4 }
        for layout in 0..<layouts {
            let values = (0..<count).map { layout >> (2 * $0) & 3 }
            #expect(set.reachedByMajority { values[Int($0.id.value)] } == dumb(values))
        }
    }

    @Test(arguments: 0...6)
    func `votes are enough when more than half of the voters are among them, whoever else is`(count: Int) {
        let set = VoterSet((0..<Int32(count)).map { voter($0) })
        for subset in 0..<1 << 8 {
            let yes = (0..<8).filter { subset >> $0 & 1 == 1 }
            let isEnough = yes.count { $0 < count } * 2 > count
            #expect(set.isMajority(yes.map { key(Int32($0)) }) == isEnough)
        }
    }

    @Test func `majorities of sets that differ by one voter have a voter in common, and others need not`() {
        let sets = (0..<1 << 5).map { bits in
            VoterSet((0..<5).filter { bits >> $0 & 1 == 1 }.map { voter(Int32($0)) })
        }
        for a in sets {
            for b in sets where a.isOneChange(from: b) {
                for (x, y) in [(a, b), (b, a)] where !x.voters.isEmpty && !y.voters.isEmpty {
                    #expect(doMajoritiesMeet(x, y))
                }
            }
        }
        #expect(!voterSet(1, 2, 3).isOneChange(from: voterSet(3, 4, 5)))
        #expect(!doMajoritiesMeet(voterSet(1, 2, 3), voterSet(1, 2, 3, 4, 5)))
        // A voter's new disk is two changes: one goes, one comes.
        #expect(!VoterSet([voter(1), voter(2, directory: 9)]).isOneChange(from: voterSet(1, 2)))
    }

    private func doMajoritiesMeet(_ a: VoterSet, _ b: VoterSet) -> Bool {
        func majorities(_ set: VoterSet) -> [Set<ReplicaKey>] {
            (0..<1 << set.voters.count).filter { $0.nonzeroBitCount == set.majority }.map { bits in
                Set(set.keys.indices.filter { bits >> $0 & 1 == 1 }.map { set.keys[$0] })
            }
        }
        return majorities(a).allSatisfy { one in majorities(b).allSatisfy { !$0.isDisjoint(with: one) } }
    }

    @Test func `a set from outside in which a broker would vote twice is none`() {
        #expect(VoterSet(checking: [voter(1), voter(1, directory: 9)]) == nil)
        #expect(VoterSet(checking: [voter(2), voter(1)]) == voterSet(1, 2))
    }

    @Test func `a broker that would vote twice stops the process`() async {
        await #expect(processExitsWith: .failure) { _ = VoterSet([voter(1), voter(1, directory: 9)]) }
    }
}
