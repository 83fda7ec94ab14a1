import Vocabulary

/// Which strokes of fate a run has, and how often; each may be off (swarm).
package struct FaultOptions: Sendable {
    package enum Kind: String, CaseIterable, Sendable, Codable {
        case kill, power, blackout, stop, pause, isolate, oneWay, breakConnection, stall, rot, fillDisk,
            slowDisk, failSync,
            skewClock, membership, transfer
    }
    package var kinds: [Kind] = []
    /// Between two strokes, on average.
    package var gapMs: Int64 = 800
    /// How long what is ended again lasts, at most.
    package var durationMaxMs: Int64 = 5000
    /// The brokers whose disks may rot: so few that a majority keeps good copies, in the whole run.
    package var rotting: [Int] = []

    package init() {}

    static func drawn(brokers: Int, from chance: inout SeededGenerator) -> FaultOptions {
        var options = FaultOptions()
        options.kinds = Kind.allCases.filter { _ in !chance.once(in: 2) }
        // A smaller quorum would have a smaller minority to lose.
        if options.kinds.contains(.rot) { options.kinds.removeAll { $0 == .membership } }
        options.gapMs = [300, 1000, 2000, 5000].randomElement(using: &chance)!
        options.durationMaxMs = [300, 1500, 4000, 12_000].randomElement(using: &chance)!
        let order = Array(1...brokers).shuffled(using: &chance)
        options.rotting = Array(order.prefix((brokers - 1) / 2)).sorted()
        return options
    }
}
