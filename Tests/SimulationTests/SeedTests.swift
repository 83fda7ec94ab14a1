import Simulation
import Testing
import Vocabulary

/// Whole runs of real clusters. `swift run -c release simulate` has more of them.
struct SeedTests {
    private static let seeds = 1...50 as ClosedRange<UInt64>

    @Test(arguments: seeds)
    func `a cluster keeps its promises through whatever this seed does to it`(seed: UInt64) {
        let result = Simulation(seed: seed).run()
        #expect(
            result.failure == nil,
            """
            seed \(seed): \(result.failure.map(String.init(describing:)) ?? "")
            \(result.options.description)
            \(result.trace.joined(separator: "\n"))
            """)
        #expect(result.counters.written > 0)
    }

    @Test(arguments: [3, 7, 14, 22, 31] as [UInt64])
    func `a seed gives the same run each time`(seed: UInt64) {
        let first = Simulation(seed: seed).run()
        let second = Simulation(seed: seed).run()
        #expect(first.digest == second.digest)
        #expect(first.happenings == second.happenings)
        #expect(first.counters == second.counters)
    }

    @Test func `two seeds give two runs`() {
        #expect(Simulation(seed: 3).run().digest != Simulation(seed: 4).run().digest)
    }
}

/// A planted bug must be found; in processes of their own, since it is planted for the whole process.
struct CanaryTests {
    /// Ends the process with a failure when one of the seeds breaks a rule, or a broker stops itself.
    private static func look(for canary: Canary, in seeds: ClosedRange<UInt64>) {
        Canary.choose(canary)
        for seed in seeds {
            if let failure = Simulation(seed: seed).run().failure { fatalError("seed \(seed): \(failure)") }
        }
    }

    @Test func `ephemeral nodes that outlive their session are found`() async {
        await #expect(processExitsWith: .failure) { CanaryTests.look(for: .keepsEphemerals, in: 1...10) }
    }

    @Test func `events that are lost are found`() async {
        await #expect(processExitsWith: .failure) { CanaryTests.look(for: .losesEvents, in: 1...10) }
    }

    @Test func `votes for a shorter log are found`() async {
        await #expect(processExitsWith: .failure) { CanaryTests.look(for: .votesForShorterLog, in: 1...10) }
    }
}
