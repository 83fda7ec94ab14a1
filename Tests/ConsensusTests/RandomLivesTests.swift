import Testing
import Vocabulary

@testable import Consensus

struct RandomLivesTests {
    /// Crashes with the loss of what was not synced, cuts, pauses, lost, doubled and late messages, snapshots, changes of
    /// voters, wiped and damaged disks. `Cluster` and `Ledger` judge while it runs; then the faults end and all must agree.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `whatever happens, nobody disagrees, and all agree once it is over`(block: UInt64) throws {
        for seed in block * 25..<(block + 1) * 25 {
            var life = RandomLife(seed: seed)
            do { try life.run(steps: 3_000) } catch { Issue.record("seed \(seed): \(error)") }
        }
    }
}
