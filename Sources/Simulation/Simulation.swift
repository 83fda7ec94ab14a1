import Vocabulary

/// One seed's run: a cluster comes up, things go wrong for a while, then nothing does any more, and it must come to
/// order in bounded time.
package final class Simulation {
    package struct Result {
        package let seed: UInt64
        package let options: SimulationOptions
        package let digest: Digest
        package let failure: SimulationFailure?
        package let counters: WorkloadCounters
        package let kafka: KafkaCounters
        package let happenings: Int
        package let virtualMs: Int64
        /// Parts of the history that were too entangled to decide.
        package let undecided: Int
        /// The last happenings.
        package let trace: [String]
    }

    package let seed: UInt64
    package let options: SimulationOptions
    package let cluster: Cluster
    private let plan: FaultPlan
    private var undecided = 0
    private var world: World { cluster.world }

    /// How long a cluster may take to come to order once nothing goes wrong any more: connections that hang are given up after
    /// `userTimeout`, sessions after theirs.
    private static let convergenceMs: Int64 = 60_000

    package init(seed: UInt64, options: SimulationOptions? = nil, print: ((String) -> Void)? = nil) {
        self.seed = seed
        var options = options ?? SimulationOptions(seed: seed)
        // A leader tells by its own clock how long a node lives.
        if options.faults.kinds.contains(.skewClock) { options.workload.ttlNodes = 0 }
        self.options = options
        let world = World(seed: seed, brokers: self.options.brokers)
        world.trace.print = print
        cluster = Cluster(world: world, network: self.options.network, workload: self.options.workload)
        plan = FaultPlan(self.options.faults, on: cluster)
        SimulatedBroker.build(cluster, self.options)
    }

    package func run() -> Result {
        comeUp()
        goWrong()
        comeToOrder()
        finish()
        return Result(
            seed: seed, options: options, digest: world.digest, failure: world.failure,
            counters: cluster.workload.counters, kafka: cluster.kafka.counters, happenings: world.happenings,
            virtualMs: world.now.nanoseconds / 1_000_000, undecided: undecided, trace: world.trace.lines)
    }

    // MARK: - Phases

    private func comeUp() {
        cluster.inspect(everyMs: 250)
        for node in cluster.nodes { node.start() }
        for client in cluster.clients { client.start() }
        for client in cluster.kafkaClients { client.start() }
        demand("a fresh cluster elects a leader", withinMs: 20_000) { cluster.leader != nil }
    }

    private func goWrong() {
        plan.begin()
        cluster.run(forMs: options.faultyMs)
    }

    private func comeToOrder() {
        plan.heal()
        for client in cluster.clients { client.isSteady = true }
        demand("the cluster converges once nothing goes wrong any more", withinMs: Self.convergenceMs) {
            cluster.leader != nil && cluster.clients.allSatisfy(\.isConnected)
        }
        let expired = cluster.workload.counters.expired
        // Clients go on for a while, all of them served.
        let since = world.now
        for client in cluster.clients where client.isConnected { client.touch() }
        demand("every client's write is answered", withinMs: 15_000) {
            cluster.clients.allSatisfy { $0.lastWriteAt.map { $0 > since } ?? false }
        }
        serveKafka()
        if cluster.workload.counters.expired > expired {
            world.fail("healthy sessions do not expire", "\(cluster.workload.counters.expired - expired) did")
        }
    }

    /// Kafka's clients are served too: topics are decided on, records are taken.
    private func serveKafka() {
        let since = world.now
        let produces = options.workload.kafka.produces
        demand("every Kafka client is served", withinMs: 30_000) {
            cluster.kafkaClients.allSatisfy { client in
                client.decidedAt.map { $0 > since } ?? false
                    && (!produces || client.producedAt.map { $0 > since } ?? false)
            }
        }
    }

    /// Everything that Kafka's clients were promised, of every broker.
    private func auditKafka() {
        cluster.run(forMs: 500)  // Brokers bring about what the replicas have agreed on.
        for client in cluster.kafkaClients.prefix(1) { client.beginAudit() }
        demand("every broker tells Kafka's clients of everything", withinMs: 30_000) {
            cluster.kafkaClients.allSatisfy(\.isAnswered)
        }
    }

    /// Nodes that go by themselves do.
    private func outliveMortals() {
        let workload = options.workload
        guard workload.containers + workload.ttlNodes > 0,
            let client = cluster.clients.first(where: \.isConnected)
        else { return }
        client.clearMortals()
        demand("all is answered", withinMs: 15_000) { client.isAnswered }
        cluster.run(forMs: workload.ttlMs + 2 * workload.sweepMs + 1000)
        demand("all is answered", withinMs: 15_000) { client.isAnswered }
        client.auditMortals()
    }

    private func finish() {
        for client in cluster.clients { client.isQuiet = true }
        for client in cluster.kafkaClients { client.isQuiet = true }
        // A connection may just be lost; then the client comes back.
        demand("all is answered", withinMs: 15_000) {
            cluster.clients.allSatisfy(\.isAnswered) && cluster.kafkaClients.allSatisfy(\.isAnswered)
        }
        outliveMortals()
        for client in cluster.clients where client.isConnected {
            client.audit(everything: client.number == 1)
        }
        demand("reads behind syncs are answered", withinMs: 15_000) {
            cluster.clients.allSatisfy(\.isAnswered)
        }
        demand("the replicas come to the same state", withinMs: Self.convergenceMs) { cluster.isConverged }
        if world.failure == nil { cluster.compareReplicas() }
        auditKafka()
        for client in cluster.clients { client.finish() }
        if world.failure == nil { undecided = cluster.workload.checkAll() + cluster.kafka.checkAll() }
    }

    private func demand(_ rule: String, withinMs: Int64, _ isMet: () -> Bool) {
        guard world.failure == nil else { return }
        if !cluster.run(forMs: withinMs, isDone: isMet), world.failure == nil {
            world.fail(rule, "not within \(withinMs) ms: \(cluster.standing)")
        }
    }
}
