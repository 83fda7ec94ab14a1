import Vocabulary

/// What clients do in a run; drawn per seed.
package struct WorkloadOptions: Sendable {
    package var clients = 6
    /// Nodes that everybody creates, sets, deletes and reads.
    package var sharedNodes = 4
    /// Pairs of nodes that are only changed together, by a `multi`.
    package var pairs = 1
    /// Nodes that are created as ephemerals only, as locks are.
    package var locks = 2
    /// Between a client's requests, in milliseconds, on average.
    package var pauseMs = 40
    /// How many requests a client sends ahead.
    package var requestsInFlightMax = 3
    package var sessionTimeoutMs: Int32 = 6000
    /// One client in so many takes its answers slowly; 0: none.
    package var slowReaderOnceIn = 0
    /// One client in so many only reads, behind syncs; 0: none. Where nobody writes, a leader that was replaced has nothing in hand that
    /// keeps it from answering.
    package var readerOnceIn = 0
    /// A client that lost its connection sleeps long once in so many times; 0: never.
    package var napOnceIn = 4
    package var usesWatches = true
    package var usesSequentials = true
    /// A client adds a watch that stays once in so many requests; 0: never.
    package var lastingOnceIn = 0
    package var containers = 0
    package var ttlNodes = 0
    package var ttlMs: Int64 = 1000
    /// How often a leader looks for nodes that are due to go.
    package var sweepMs: Int64 = 500
    /// Nodes that only some may read and write.
    package var guarded = 0
    package var kafka = KafkaOptions()

    package init() {}

    static func drawn(from chance: inout SeededGenerator) -> WorkloadOptions {
        var options = WorkloadOptions()
        options.clients = Int.random(in: 2...8, using: &chance)
        options.sharedNodes = Int.random(in: 1...6, using: &chance)
        options.pairs = Int.random(in: 0...2, using: &chance)
        options.locks = Int.random(in: 0...3, using: &chance)
        options.pauseMs = [5, 20, 60, 150].randomElement(using: &chance)!
        options.requestsInFlightMax = Int.random(in: 1...6, using: &chance)
        options.sessionTimeoutMs = [4000, 6000, 10_000].randomElement(using: &chance)!
        options.slowReaderOnceIn = chance.once(in: 3) ? 3 : 0
        options.napOnceIn = chance.once(in: 3) ? 0 : 4
        options.readerOnceIn = chance.once(in: 2) ? 2 : 0
        options.usesWatches = !chance.once(in: 4)
        options.usesSequentials = !chance.once(in: 3)
        options.kafka = KafkaOptions.drawn(from: &chance)
        options.lastingOnceIn = [0, 10, 40].randomElement(using: &chance)!
        options.containers = chance.once(in: 2) ? Int.random(in: 1...2, using: &chance) : 0
        options.ttlNodes = chance.once(in: 2) ? Int.random(in: 1...2, using: &chance) : 0
        options.ttlMs = [100, 1000, 3000].randomElement(using: &chance)!
        options.sweepMs = [50, 300, 1000].randomElement(using: &chance)!
        options.guarded = chance.once(in: 2) ? Int.random(in: 1...2, using: &chance) : 0
        return options
    }

    static let root = "/sim"
    static let sequenceRoot = "/sim/seq"
    var shared: [String] { (0..<sharedNodes).map { "\(Self.root)/n\($0)" } }
    var paired: [(String, String)] { (0..<pairs).map { ("\(Self.root)/p\($0)a", "\(Self.root)/p\($0)b") } }
    static let guardedRoot = "/sim/guarded"
    var containerPaths: [String] { (0..<containers).map { "\(Self.root)/c\($0)" } }
    var ttlPaths: [String] { (0..<ttlNodes).map { "\(Self.root)/t\($0)" } }
    /// Nodes that go by themselves.
    var mortals: [String] { containerPaths + ttlPaths }
    var guardedPaths: [String] { (0..<guarded).map { "\(Self.guardedRoot)/g\($0)" } }
    var lockPaths: [String] { (0..<locks).map { "\(Self.root)/lock\($0)" } }
}
