import SimulatedDisk
import Testing
import Vocabulary

@testable import Simulation

/// Three voters, one of which finds its snapshot damaged when it starts.
struct DamageScenarioTests {
    private let cluster: Cluster
    private let lines = Lines()

    private final class Lines { var all: [String] = [] }

    init() throws {
        var options = SimulationOptions(seed: 1)
        (options.brokers, options.voters) = (3, 3)
        options.electionTimeoutMs = 1000
        options.snapshotBytes = 8 << 10
        options.network = NetworkOptions()
        options.workload = WorkloadOptions()
        options.workload.clients = 9
        options.workload.pauseMs = 50
        options.faults = FaultOptions()
        cluster = Simulation(seed: 1, options: options).cluster
        cluster.world.trace.print = { [lines] in lines.all.append($0) }
        cluster.inspect(everyMs: 250)
        for node in cluster.nodes { node.start() }
        for client in cluster.clients { client.start() }
        let cluster = cluster
        let isReady = cluster.run(forMs: 60_000) {
            cluster.leader != nil && cluster.nodes.allSatisfy { Self.snapshot(of: $0) != nil }
        }
        #expect(isReady)
    }

    /// The newest that is of more than the first voters.
    private static func snapshot(of node: SimulatedNode) -> String? {
        node.disks[0].paths.filter { $0.hasSuffix(".checkpoint") && !$0.contains("/00000000000000000000-") }.max()
    }

    private func corrupt(_ node: SimulatedNode) throws {
        let path = try #require(Self.snapshot(of: node))
        let bytes = try #require(node.disks[0].bytes(of: path))
        node.disks[0].corrupt(path, at: bytes.count / 2)
    }

    private func isWhole(_ node: SimulatedNode) -> Bool {
        guard let probe = node.probe, let leader = cluster.leader?.probe else { return false }
        return probe.appliedOffset + 20 >= leader.appliedOffset && probe.voterIDs.count == 3
    }

    private func damageAndStart(_ node: SimulatedNode) throws {
        node.crash(.process)
        try corrupt(node)
        node.start()
    }

    @Test func `it gets all from the others, and elects leaders again`() throws {
        let leader = try #require(cluster.leader)
        let damaged = try #require(cluster.nodes.first { $0 !== leader })
        try damageAndStart(damaged)
        #expect(cluster.run(forMs: 5000) { isWhole(damaged) })
        #expect(lines.all.contains { $0.contains("is damaged at byte") && $0.contains("has no vote") })
        cluster.run(forMs: 2000)
        leader.crash(.process)
        #expect(cluster.run(forMs: 10_000) { cluster.leader.map { $0 !== leader } ?? false })
        #expect(cluster.world.failure == nil)
    }

    @Test func `it gets a sound one though that of the leader is damaged too`() throws {
        let leader = try #require(cluster.leader)
        let damaged = try #require(cluster.nodes.first { $0 !== leader })
        try corrupt(leader)
        try damageAndStart(damaged)
        #expect(cluster.run(forMs: 15_000) { isWhole(damaged) })
        #expect(lines.all.contains { $0.contains("The leader's snapshot came damaged") })
        #expect(lines.all.contains { $0.contains("A snapshot is damaged; a new one takes its place") })
        #expect(cluster.nodes.allSatisfy { $0.probe?.failureReason == nil })
        #expect(cluster.world.failure == nil)
    }

    /// Where the first batch stands whose entries begin at `offset` or behind.
    private func position(of offset: Offset, _ bytes: [UInt8]) -> Int? {
        func integer(_ range: Range<Int>) -> Int64 { bytes[range].reduce(0) { $0 << 8 | Int64($1) } }
        var at = 0
        while at + 12 <= bytes.count, integer(at + 8..<at + 12) > 0 {
            if integer(at..<at + 8) >= offset.value { return at }
            at += 12 + Int(integer(at + 8..<at + 12))
        }
        return nil
    }

    /// The others are down; and where their logs end.
    private func leaderWithEntriesOfItsOwn() throws -> (SimulatedNode, Offset) {
        for _ in 0..<50 {
            let leader = try #require(cluster.leader)
            let others = cluster.nodes.filter { $0 !== leader }
            let ends = others.compactMap { $0.probe?.logEndOffset }
            for node in others { node.crash(.process) }
            let shared = try #require(ends.max())
            if cluster.run(forMs: 700, isDone: { leader.probe?.logEndOffset ?? 0 > shared }) { return (leader, shared) }
            for node in others { node.start() }
            cluster.run(forMs: 3000) { cluster.leader != nil }
            cluster.run(forMs: 500)
        }
        throw CancellationError()
    }

    @Test func `a leader that cannot read what nobody else has leads no more, and the others go on`() throws {
        let (leader, shared) = try leaderWithEntriesOfItsOwn()
        leader.crash(.process)
        leader.start()
        let probe = try #require(leader.probe)
        let path = try #require(leader.disks[0].paths.filter { $0.hasSuffix(".log") && $0.contains("cluster_metadata") }.max())
        let bytes = try #require(leader.disks[0].bytes(of: path))
        let at = try #require(position(of: shared, bytes))
        leader.disks[0].corrupt(path, at: at + 70)
        let end = probe.logEndOffset
        // With one of the others alone it leads, for its log is the longest; then those two can do without it.
        let others = cluster.nodes.filter { $0 !== leader }
        others[0].start()
        let gaveUp = "it and what follows comes back from the other voters"
        #expect(cluster.run(forMs: 10_000) { lines.all.contains { $0.contains(gaveUp) } })
        others[1].start()
        let isThrough = cluster.run(forMs: 30_000) {
            cluster.nodes.allSatisfy { $0.probe.map { $0.appliedOffset > end + 10 } ?? false }
        }
        #expect(isThrough)
        #expect(cluster.world.failure == nil)
    }
}
