import SimulatedDisk
import Simulation
import Testing
import Vocabulary

/// Clusters of real brokers, led by hand to where something went wrong once.
struct ScenarioTests {
    private final class Lines { var all: [String] = [] }

    /// Three voters, one client; nothing goes wrong by itself.
    private func makeCluster(_ change: (inout SimulationOptions) -> Void = { _ in }) -> Cluster {
        var options = SimulationOptions(seed: 1)
        (options.brokers, options.voters) = (3, 3)
        options.network = NetworkOptions()
        options.workload = WorkloadOptions()
        options.workload.clients = 1
        options.faults = FaultOptions()
        options.electionTimeoutMs = 1000
        change(&options)
        let cluster = Simulation(seed: 1, options: options).cluster
        for node in cluster.nodes { node.start() }
        for client in cluster.clients { client.start() }
        #expect(
            cluster.run(forMs: 20_000) { cluster.leader != nil && cluster.clients.allSatisfy(\.isConnected) })
        return cluster
    }

    @Test func `a leader that hands over its office to one who does not answer sleeps meanwhile`() throws {
        // So often is something due that the office forbids just then.
        let cluster = makeCluster { $0.workload.sweepMs = 10 }
        let leader = try #require(cluster.leader)
        let other = leader.number % 3 + 1
        cluster.node(other).pause()
        cluster.onOperator?(.transferLeadership(to: other))
        cluster.run(forMs: 1500)
        #expect(cluster.world.failure == nil)
    }

    @Test func `a leader that loses its office while one handover waits for another says so to both`() throws {
        let cluster = makeCluster { $0.workload.clients = 9 }
        let leader = try #require(cluster.leader)
        let others = (1...3).filter { $0 != leader.number }
        for other in others { cluster.node(other).pause() }
        // Clients' writes wait for the first to end, and the second behind them.
        for other in others {
            cluster.onOperator?(.transferLeadership(to: other))
            cluster.run(forMs: 400)
        }
        // Over its deadline, and out of office, in one look at the clock.
        leader.pause()
        cluster.run(forMs: 3000)
        leader.resume()
        cluster.run(forMs: 100)
        #expect(cluster.world.failure == nil)
        #expect(cluster.leader == nil)
    }

    @Test func `one that was away while all voters were replaced finds those there are by asking the old ones`() throws {
        let cluster = makeCluster { $0.voters = 1 }
        let away = cluster.node(3)
        #expect(cluster.run(forMs: 10_000) { away.probe.map { $0.appliedOffset > 0 } ?? false })
        away.crash(.process)
        for (fault, voters) in [(Fault.addVoter(broker: 2), [1, 2]), (.removeVoter(broker: 1), [2])] as [(Fault, [BrokerID])] {
            // The operator asks any broker, of which one is away.
            for _ in 0..<20 where cluster.node(2).probe?.voterIDs != voters {
                cluster.onOperator?(fault)
                cluster.run(forMs: 2000)
            }
            #expect(cluster.node(2).probe?.voterIDs == voters)
        }
        away.start()
        #expect(cluster.run(forMs: 10_000) { away.probe?.voterIDs == [2] })
        #expect(cluster.world.failure == nil)
    }

    @Test func `a leader that ran out of space catches up once it has some`() throws {
        let cluster = makeCluster {
            $0.workload.clients = 9
            $0.workload.pauseMs = 10
        }
        let lines = Lines()
        cluster.world.trace.print = { lines.all.append($0) }
        let full = try #require(cluster.leader)
        full.disks[0].setCapacity(full.disks[0].usedBytes)
        // It resigns, cannot write down the next term, and hears nothing of more than a leader sends ahead.
        #expect(cluster.run(forMs: 60_000) { cluster.leader.map { $0 !== full } ?? false })
        let end = try #require(cluster.leader?.probe?.logEndOffset) + 300
        #expect(cluster.run(forMs: 60_000) { (cluster.leader?.probe?.appliedOffset ?? 0) > end })
        #expect(lines.all.contains { $0.contains("is silent until there is") })
        full.disks[0].setCapacity(1 << 40)
        #expect(cluster.run(forMs: 10_000) { full.probe?.appliedOffset ?? 0 > end })
        #expect(cluster.world.failure == nil)
    }
}
