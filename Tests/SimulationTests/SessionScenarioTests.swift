import Testing
import Vocabulary

@testable import Simulation

/// Sessions where a broker is cut off in one way or another: the leader expires them, the broker answers for them.
struct SessionScenarioTests {
    /// A cluster where nothing goes wrong but what the test does.
    private final class Scene {
        let simulation: Simulation
        var cluster: Cluster { simulation.cluster }
        let leader: SimulatedNode

        init(seed: UInt64, brokers: Int) throws {
            var options = SimulationOptions(seed: seed)
            (options.brokers, options.voters) = (brokers, brokers)
            options.electionTimeoutMs = 1000
            options.syncMicroseconds = 100...500
            options.network = NetworkOptions()
            // The system itself takes long to notice that nothing is acknowledged.
            options.network.userTimeoutMicroseconds = 20_000_000
            options.workload = WorkloadOptions()
            options.workload.pauseMs = 150
            options.workload.sessionTimeoutMs = 4000
            options.faults = FaultOptions()
            simulation = Simulation(seed: seed, options: options)
            let cluster = simulation.cluster
            cluster.inspect(everyMs: 250)
            for node in cluster.nodes { node.start() }
            for client in cluster.clients {
                client.isSteady = true
                client.start()
            }
            cluster.run(forMs: 10_000) { cluster.leader != nil && cluster.clients.allSatisfy(\.isConnected) }
            cluster.run(forMs: 1000)
            leader = try #require(cluster.leader)
        }

        func clients(of node: SimulatedNode) -> [ZnodeClient] {
            cluster.clients.filter { client in
                client.state.socket.flatMap { cluster.network.sockets[$0]?.peerHost } == node.host
            }
        }

        /// A broker with clients that does not lead.
        func follower() throws -> SimulatedNode {
            try #require(cluster.nodes.first { $0 !== leader && !clients(of: $0).isEmpty })
        }

        /// - Returns: how many clients were told that their session expired.
        func run(forMs milliseconds: Int64) -> Int {
            let before = cluster.workload.counters.expired
            cluster.run(forMs: milliseconds)
            #expect(
                cluster.world.failure == nil, "\(cluster.world.failure.map(String.init(describing:)) ?? "")")
            return cluster.workload.counters.expired - before
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `who is on a broker that the leader cannot hear finds another in time`(seed: UInt64) throws {
        let scene = try Scene(seed: seed, brokers: 3)
        let follower = try scene.follower()
        scene.cluster.network.block(NetworkPath(from: follower.host, to: scene.leader.host))
        #expect(scene.run(forMs: 12_000) == 0)
        #expect(!scene.cluster.clients.contains { !$0.isConnected })
        #expect(scene.clients(of: follower).isEmpty)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `a leader that was stopped lets nobody's session expire for that`(seed: UInt64) throws {
        let scene = try Scene(seed: seed, brokers: 1)
        scene.leader.pause()
        _ = scene.run(forMs: 6000)
        scene.leader.resume()
        #expect(scene.run(forMs: 5000) == 0)
    }
}
