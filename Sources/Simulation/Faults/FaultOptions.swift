import Vocabulary

/// Which strokes of fate a run has, and how often; each may be off (swarm).
package struct FaultOptions: Sendable {
    package enum Kind: String, CaseIterable, Sendable, Codable {
        // By the clock.
        case kill, power, blackout, stop, pause, isolate, oneWay, breakConnection, stall, rot, fillDisk,
            slowDisk, failSync,
            skewClock, membership, transfer
        // Aimed: within milliseconds of something that others then rest on.
        /// A candidate is cut off as it stands, so that another stands in the same term.
        case splitVote
        /// A voter dies once it has voted, and is back while the election goes on.
        case crashAfterVote
        /// Leaders are cut off or die as they come to office, one after the other.
        case leaderChurn
        /// Two leaders in a row keep their first entries to themselves, the first leads again, and all but one lose power once it commits
        /// (figure 8 of the Raft paper).
        case figureEight
        /// A leader stops for about as long as the others need to elect another, and wakes up in the belief that it leads.
        case pauseLeader
        /// The power fails at several brokers once something is committed: it must be on disks by then.
        case powerAfterCommit

        var isAimed: Bool {
            switch self {
            case .splitVote, .crashAfterVote, .leaderChurn, .figureEight, .pauseLeader, .powerAfterCommit:
                true
            default: false
            }
        }
    }
    package var kinds: [Kind] = []
    /// Between two strokes, on average; of the aimed, between two of a kind or two bursts of it.
    package var gapMs: Int64 = 800
    /// How long what is ended again lasts, at most.
    package var durationMaxMs: Int64 = 5000
    /// Measures how long elections are disturbed.
    package var electionTimeoutMs: Int64 = 1000
    /// The brokers whose disks may rot: so few that a majority keeps good copies, in the whole run.
    package var rotting: [Int] = []

    package init() {}

    static func drawn(brokers: Int, from chance: inout SeededGenerator) -> FaultOptions {
        var options = FaultOptions()
        // Where much goes wrong by the clock, or aimed at something else, what is aimed seldom comes to its end.
        let clockOnceIn = [2, 2, 6].randomElement(using: &chance)!
        let aimed: [[Kind]] = [
            [], [.splitVote, .crashAfterVote, .leaderChurn], [.figureEight], [.pauseLeader],
            [.powerAfterCommit],
            Kind.allCases.filter { $0.isAimed && chance.once(in: 2) },
        ]
        options.kinds = Kind.allCases.filter { !$0.isAimed && chance.once(in: clockOnceIn) }
        options.kinds += aimed.randomElement(using: &chance)!
        // A smaller quorum would have a smaller minority to lose.
        if options.kinds.contains(.rot) { options.kinds.removeAll { $0 == .membership } }
        options.gapMs = [300, 1000, 2000, 5000].randomElement(using: &chance)!
        options.durationMaxMs = [300, 1500, 4000, 12_000].randomElement(using: &chance)!
        let order = Array(1...brokers).shuffled(using: &chance)
        options.rotting = Array(order.prefix((brokers - 1) / 2)).sorted()
        return options
    }
}
