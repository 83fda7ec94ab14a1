import SimulatedDisk
import Testing
import Vocabulary

@testable import Simulation

/// Faults that are aimed at what a broker just did.
struct AimedFaultTests {
    private func options(_ kinds: [FaultOptions.Kind]) -> SimulationOptions {
        var options = SimulationOptions(seed: 7)
        options.brokers = 3
        options.voters = 3
        options.workload = WorkloadOptions()
        options.faults = FaultOptions()
        options.faults.kinds = kinds
        options.faults.gapMs = 300
        options.electionTimeoutMs = 300
        options.faults.electionTimeoutMs = 300
        return options
    }

    @Test(arguments: FaultOptions.Kind.allCases.filter(\.isAimed))
    func `each kind strikes by itself, and the cluster comes to order behind it`(kind: FaultOptions.Kind) {
        let options = options([kind])
        let cluster = Simulation(seed: 7, options: options).cluster
        let plan = FaultPlan(options.faults, on: cluster)
        for node in cluster.nodes { node.start() }
        for client in cluster.clients { client.start() }
        plan.begin()
        cluster.run(forMs: 6000)
        // Nothing but the first election is there to aim at, unless leaders go.
        #expect(plan.counts[kind, default: 0] > 0)
        plan.heal()
        cluster.run(forMs: 10_000) { cluster.leader != nil && cluster.clients.allSatisfy(\.isConnected) }
        #expect(cluster.leader != nil)
        #expect(cluster.world.failure == nil, "\(cluster.world.trace.lines.joined(separator: "\n"))")
    }

    @Test func `a voter is down within milliseconds and back within tens of them`() {
        let options = options([.crashAfterVote])
        let cluster = Simulation(seed: 7, options: options).cluster
        let plan = FaultPlan(options.faults, on: cluster)
        for node in cluster.nodes { node.start() }
        plan.begin()
        cluster.run(forMs: 5000) { cluster.nodes.contains { $0.state == .stopped } }
        let down = cluster.nodes.first { $0.state == .stopped }
        #expect(down != nil)
        cluster.run(forMs: 25)
        #expect(down?.life == 2)
    }

    @Test func `occasions are what changed within a life`() {
        let cluster = Simulation(seed: 7, options: options([])).cluster
        let node = cluster.node(1)
        let replica = FakeReplica()
        var watch = OccasionWatch()
        #expect(watch.look(at: node, replica) == [])
        replica.term = 2
        replica.votedFor = 3
        #expect(watch.look(at: node, replica) == [.voted(broker: 1)])
        #expect(watch.look(at: node, replica) == [])
        replica.term = 3
        replica.votedFor = 1
        #expect(watch.look(at: node, replica) == [.stood(broker: 1)])
        replica.isLeader = true
        #expect(watch.look(at: node, replica) == [.elected(broker: 1)])
        replica.committedOffset = 9
        replica.logEndOffset = 10
        #expect(watch.look(at: node, replica) == [.committed(broker: 1, isAll: false)])
        replica.committedOffset = 10
        #expect(watch.look(at: node, replica) == [.committed(broker: 1, isAll: true)])
        replica.isLeader = false
        replica.committedOffset = 12
        #expect(watch.look(at: node, replica) == [])
    }

    /// Figure 8 of the Raft paper: what was overwritten may lie below an entry that all agree on.
    @Test func `an entry that was committed in another term is found though nobody ends there any more`() {
        let cluster = Simulation(seed: 7, options: options([])).cluster
        var checker = ReplicaChecker()
        let (a, b) = (FakeReplica(), FakeReplica())
        (a.term, a.committedOffset, a.terms) = (4, 6, [5: 2, 6: 2])
        checker.look(at: cluster.node(1), a, world: cluster.world)
        #expect(cluster.world.failure == nil)
        (b.term, b.committedOffset, b.terms) = (5, 8, [5: 2, 6: 3, 7: 5, 8: 5])
        checker.look(at: cluster.node(2), b, world: cluster.world)
        #expect(cluster.world.failure?.rule == "what is committed stays")
    }

    /// Found by the simulator: the session could not be ended while the leadership was handed over, and was due all the time.
    @Test func `a leader that hands over does not spin while a session is due`() throws {
        var options = options([])
        options.workload.clients = 1
        options.workload.sessionTimeoutMs = 4000
        let cluster = Simulation(seed: 7, options: options).cluster
        for node in cluster.nodes { node.start() }
        let client = try #require(cluster.clients.first)
        client.start()
        cluster.run(forMs: 10_000) { client.isConnected && cluster.leader != nil }
        let leader = try #require(cluster.leader)
        let target = try #require(cluster.nodes.first { $0 !== leader })
        for node in cluster.nodes { cluster.network.block(NetworkPath(from: client.host, to: node.host)) }
        cluster.run(forMs: 1500)
        cluster.network.block(NetworkPath(from: leader.host, to: target.host))
        for _ in 0..<20 {
            cluster.onOperator?(.transferLeadership(to: target.number))
            cluster.run(forMs: 280)
        }
        #expect(cluster.world.failure == nil)
    }
}

/// A replica that says what it is told to.
private final class FakeReplica: ReplicaProbe {
    var term: LeaderEpoch = 1
    var isLeader = false
    var votedFor: BrokerID?
    var logEndOffset: Offset = 0
    var committedOffset: Offset = 0
    var terms: [Offset: LeaderEpoch] = [:]
    var appliedOffset: Offset { 0 }
    var stateDigest: UInt64 { 0 }
    var metadataOffset: Offset { 0 }
    var metadataHash: Int { 0 }
    func term(before end: Offset) -> LeaderEpoch? { terms[end] }
    var voterIDs: [BrokerID] { [1, 2, 3] }
    var failureReason: String? { nil }
    var orphanedOwners: [Int64] { [] }
    func checkInvariants() {}
}
