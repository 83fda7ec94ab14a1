import Broker
import Simulation
import SimulatedDisk
import Testing
import Vocabulary

/// The simulator on its own: a service that keeps all promises passes, one with a bug is found out.
struct ToyClusterTests {
    private func makeCluster(
        seed: UInt64, bug: ToyKeeper.Bug? = nil, _ change: (inout WorkloadOptions) -> Void = { _ in }
    ) -> Cluster {
        let world = World(seed: seed, brokers: 3)
        var workload = WorkloadOptions()
        workload.usesSequentials = true
        change(&workload)
        let cluster = Cluster(world: world, network: NetworkOptions(), workload: workload)
        let keeper = ToyKeeper(bug: bug, seed: seed)
        for _ in 0..<3 {
            cluster.addNode { _, _, _ in
                BootedBroker(
                    loops: [(LoopID(0), ToyLoop(keeper))],
                    ports: [.init(number: 2181, listener: "ZOOKEEPER", loops: [LoopID(0)])])
            }
        }
        for node in cluster.nodes { node.start() }
        for _ in 0..<workload.clients { cluster.addClient(port: 2181).start() }
        return cluster
    }

    /// Crashes, pauses and blocks at random while clients work; then quiet, and every rule.
    private func play(_ cluster: Cluster, seed: UInt64, ms: Int64 = 8000) {
        var chance = SeededGenerator(seed: seed ^ 0xF00D)
        let end = cluster.world.now.adding(milliseconds: ms)
        while cluster.world.now < end, cluster.world.failure == nil {
            cluster.run(forMs: Int64.random(in: 100...900, using: &chance))
            let node = cluster.nodes.randomElement(using: &chance)!
            switch Int.random(in: 0..<7, using: &chance) {
            case 0: node.state == .stopped ? node.start() : node.crash(.process)
            case 1: node.state == .stopped ? node.start() : node.crash(.power)
            case 2: node.state == .paused ? node.resume() : node.pause()
            case 3:
                let client = HostID.client(Int.random(in: 1...cluster.clients.count, using: &chance))
                let path =
                    Bool.random(using: &chance)
                    ? NetworkPath(from: client, to: node.host) : NetworkPath(from: node.host, to: client)
                cluster.network.block(path)
            case 4, 5: cluster.network.unblockAll()
            default:
                let client = HostID.client(Int.random(in: 1...cluster.clients.count, using: &chance))
                cluster.network.breakConnection(between: client, and: node.host)
            }
        }
        cluster.network.unblockAll()
        for node in cluster.nodes {
            node.resume()
            node.start()
        }
        for client in cluster.clients { client.isSteady = true }
        cluster.run(forMs: 30_000) { cluster.clients.allSatisfy(\.isConnected) }
        for client in cluster.clients {
            client.isQuiet = true
            client.audit()
        }
        cluster.run(forMs: 3000)
        for client in cluster.clients { client.finish() }
        #expect(cluster.workload.checkAll() == 0)
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `a service that keeps its promises breaks no rule`(seed: UInt64) {
        let cluster = makeCluster(seed: seed)
        play(cluster, seed: seed)
        #expect(cluster.world.failure == nil, "\(cluster.world.trace.lines.joined(separator: "\n"))")
        #expect(
            cluster.clients.allSatisfy { $0.isConnected },
            "\(cluster.standing) \(cluster.world.trace.lines.joined(separator: "\n"))")
        #expect(cluster.workload.counters.written > 30)
        #expect(cluster.workload.counters.events > 0)
    }

    @Test func `the same seed gives the same run, another seed another`() {
        let runs = ([3, 3, 4] as [UInt64]).map { seed in
            let cluster = makeCluster(seed: seed)
            play(cluster, seed: seed, ms: 3000)
            return (cluster.world.digest, cluster.world.happenings, cluster.workload.counters)
        }
        #expect(runs[0] == runs[1])
        #expect(runs[0].0 != runs[2].0)
    }

    @Test(arguments: ToyKeeper.Bug.allCases)
    func `every bug is found by one seed of a few`(bug: ToyKeeper.Bug) {
        var rules: [String] = []
        for seed in 100..<110 as Range<UInt64> where rules.isEmpty {
            let cluster = makeCluster(seed: seed, bug: bug)
            play(cluster, seed: seed)
            if let failure = cluster.world.failure { rules.append(failure.rule) }
        }
        #expect(!rules.isEmpty, "\(bug) was not found")
    }
}
