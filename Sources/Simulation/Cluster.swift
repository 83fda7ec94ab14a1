import SimulatedDisk
package import Vocabulary

/// Brokers, their machines, the network between them and their clients, in one world.
///
/// For random runs, by `Simulation`, and for scenarios by hand: `cluster.node(2).crash(.power)`, `cluster.run(forMs: 500)`.
package final class Cluster {
    package let world: World
    package let network: SimulatedNetwork
    package let workload: Workload
    package private(set) var nodes: [SimulatedNode] = []
    package private(set) var clients: [ZnodeClient] = []
    package let kafka: KafkaWorkload
    package private(set) var kafkaClients: [KafkaClient] = []
    private var checker = ReplicaChecker()
    private var occasions = OccasionWatch()
    /// Who changes the voters, if anybody does.
    var quorumOperator: QuorumOperator?
    /// Called with each stroke of fate that is due.
    package var onFault: ((Fault) -> Void)?
    /// Called with each occasion for a stroke that is aimed.
    var onOccasion: ((Occasion) -> Void)?
    /// Carries out an operator's wish: a change of voters, a transfer.
    package var onOperator: ((Fault) -> Void)?
    /// Called with each inspection.
    package var onInspect: (() -> Void)?
    private var inspectEveryMs: Int64 = 0

    package init(world: World, network: NetworkOptions, workload: WorkloadOptions) {
        self.world = world
        self.network = SimulatedNetwork(world: world, options: network)
        self.workload = Workload(world: world, options: workload)
        kafka = KafkaWorkload(world: world, options: workload.kafka)
    }

    // MARK: - Building

    /// A machine more, with empty disks; not started.
    @discardableResult
    package func addNode(disks: Int = 1, boot: @escaping SimulatedNode.Boot) -> SimulatedNode {
        let number = nodes.count + 1
        let node = SimulatedNode(
            number: number, world: world, network: network,
            disks: (0..<disks).map { SimulatedDisk(name: "/broker\(number)/disk\($0)") }, boot: boot)
        nodes.append(node)
        return node
    }

    @discardableResult
    package func addClient(port: UInt16) -> ZnodeClient {
        let client = ZnodeClient(
            number: clients.count + 1, workload: workload, network: network, servers: nodes.map(\.host),
            port: port)
        clients.append(client)
        return client
    }

    @discardableResult
    package func addKafkaClient(port: UInt16) -> KafkaClient {
        let client = KafkaClient(
            number: kafkaClients.count + 1, workload: kafka, network: network, servers: nodes.map(\.host),
            port: port)
        kafkaClients.append(client)
        return client
    }

    package func node(_ number: Int) -> SimulatedNode { nodes[number - 1] }

    // MARK: - Running

    /// Runs until that point, or something fails, or `isDone` says so (asked after each happening).
    /// - Returns: whether `isDone` was fulfilled.
    @discardableResult
    package func run(until end: Instant, isDone: () -> Bool = { false }) -> Bool {
        while world.failure == nil {
            if isDone() { return true }
            guard let happening = world.next(before: end) else { return isDone() }
            handle(happening)
            deliverNotices()
        }
        return false
    }

    @discardableResult
    package func run(forMs milliseconds: Int64, isDone: () -> Bool = { false }) -> Bool {
        run(until: world.now.adding(milliseconds: milliseconds), isDone: isDone)
    }

    /// From now on, all invariants of all replicas are checked so often.
    package func inspect(everyMs milliseconds: Int64) {
        inspectEveryMs = milliseconds
        world.schedule(.inspect, afterMicroseconds: milliseconds * 1000)
    }

    private func handle(_ happening: Happening) {
        switch happening {
        case .turn(let broker, let life, let loop):
            let node = node(broker)
            node.takeTurn(life: life, loop: loop)
            if let probe = node.probe {
                checker.look(at: node, probe, world: world)
                for occasion in occasions.look(at: node, probe) { onOccasion?(occasion) }
            }
        case .synced(let broker, let life, let sync): node(broker).syncDone(life: life, sync: sync)
        case .network(let what): network.handle(what)
        case .client(let number) where number >= KafkaClient.firstHost:
            kafkaClients[number - KafkaClient.firstHost].clockRang()
        case .client(let number): clients[number - 1].clockRang()
        case .fault(let fault): onFault?(fault)
        case .inspect:
            for node in nodes { node.probe?.checkInvariants() }
            onInspect?()
            inspect(everyMs: inspectEveryMs)
        }
    }

    private func deliverNotices() {
        while true {
            let notices = network.takeNotices()
            if notices.isEmpty { return }
            for (host, notice) in notices {
                if host == QuorumOperator.host {
                    quorumOperator?.take(notice)
                } else if host >= .client(KafkaClient.firstHost) {
                    kafkaClients[host.number - HostID.client(KafkaClient.firstHost).number].take(notice)
                } else if host.number > 1000 {
                    clients[host.number - 1001].take(notice)
                } else {
                    node(host.number).take(notice)
                }
            }
        }
    }

    // MARK: - What it has come to

    /// The replicas that run and take part.
    package var probes: [(node: SimulatedNode, probe: any ReplicaProbe)] {
        nodes.compactMap { node in node.probe.map { (node, $0) } }
    }

    package var leader: SimulatedNode? {
        probes.filter { $0.probe.isLeader }.max { $0.probe.term < $1.probe.term }?.node
    }

    /// Every replica runs, one leads, and all have applied the same to the end.
    package var isConverged: Bool {
        let probes = probes
        guard probes.count == nodes.count, let first = probes.first else { return false }
        guard probes.filter({ $0.probe.isLeader }).count == 1 else { return false }
        return probes.allSatisfy {
            $0.probe.failureReason == nil && $0.probe.appliedOffset == first.probe.appliedOffset
                && $0.probe.committedOffset == first.probe.committedOffset
                && $0.probe.appliedOffset == $0.probe.committedOffset
                && $0.probe.appliedOffset >= checker.committedEnd
        }
    }

    /// Converged replicas have equal states.
    package func compareReplicas() { checker.compare(probes, world: world) }

    /// In words, for a run that does not converge.
    package var standing: String {
        nodes.map { node in
            guard let probe = node.probe else {
                return "broker \(node.number): \(node.state)" + (node.startFailure.map { " (\($0))" } ?? "")
            }
            return
                "broker \(node.number): \(probe.isLeader ? "leads" : "follows") term \(probe.term), committed "
                + "\(probe.committedOffset), applied \(probe.appliedOffset)"
                + (probe.failureReason.map { ", failed: \($0)" } ?? "")
        }.joined(separator: "; ")
            + "; clients: "
            + clients.map { client in
                let waits = client.oldestRequest.map { ", waits for \($0) of \(client.inFlight)" } ?? ""
                return "\(client.number) \(client.isConnected ? "connected" : "apart")\(waits)"
            }.joined(separator: ", ")
    }
}
