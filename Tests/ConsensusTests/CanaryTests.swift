import Glibc
import Testing
import Vocabulary

@testable import Consensus

/// Bugs planted in the replica must be found by the random lives: else these prove nothing.
///
/// Each sings in a process of its own, since all replicas of a process have the same bugs.
struct CanaryTests {
    @Test(arguments: [
        Canary.acknowledgesUnsynced, .forgetsVote, .commitsOldTerm, .votesForShorterLog, .keepsConflict,
        .readsWithoutProof,
    ])
    func `a planted bug is found within a few hundred lives`(canary: Canary) async {
        await #expect(processExitsWith: .failure, "\(canary) was not found") {
            [number = canary.rawValue as UInt8] in
            Canary.choose(Canary(rawValue: number))
            for seed in 0..<400 as Range<UInt64> {
                var life = RandomLife(seed: seed)
                do { try life.run(steps: 3_000) } catch { exit(77) }
            }
        }
    }

    @Test func `without a planted bug the same lives find nothing`() async {
        await #expect(processExitsWith: .success) {
            for seed in 0..<20 as Range<UInt64> {
                var life = RandomLife(seed: seed)
                do { try life.run(steps: 3_000) } catch { exit(77) }
            }
        }
    }
}
