import Simulation
import Testing
import Vocabulary

/// A few whole runs of real clusters. `Tests/run` has many more, and the planted bugs, with the release build of `simulate`.
struct SeedTests {
    private static let seeds = 1...6 as ClosedRange<UInt64>

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

    @Test(arguments: [3] as [UInt64])
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
