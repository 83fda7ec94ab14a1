import Broker
import CommitLog
import Ports
import SimulatedDisk
import Vocabulary

/// A real broker on a simulated machine: its quorum loop, its control loop and one data loop.
enum SimulatedBroker {
    static let kafkaPort: UInt16 = 9092
    static let quorumPort: UInt16 = 9093
    static let zookeeperPort: UInt16 = 2181
    static let clusterID = "simulated-cluster-0000"

    /// Builds the cluster that the options ask for: machines with formatted disks, clients, an operator. Nothing runs yet.
    static func build(_ cluster: Cluster, _ options: SimulationOptions) {
        for _ in 0..<options.brokers {
            cluster.addNode(disks: options.disks) { try boot($0, options, now: $1, seed: $2) }
        }
        let voters = cluster.nodes.prefix(options.voters).map { node in
            QuorumVoter(
                id: BrokerID(Int32(node.number)), directory: directoryID(node.number),
                host: node.host.address,
                port: quorumPort)
        }
        for node in cluster.nodes { node.usualSyncLatency = options.syncMicroseconds }
        for node in cluster.nodes { format(node, node.number <= options.voters ? voters : []) }
        for _ in 0..<options.workload.clients { cluster.addClient(port: zookeeperPort) }
        for _ in 0..<options.workload.kafka.clients { cluster.addKafkaClient(port: kafkaPort) }
        let quorumOperator = QuorumOperator(world: cluster.world, network: cluster.network, port: kafkaPort)
        cluster.quorumOperator = quorumOperator
        cluster.onOperator = { [unowned cluster] fault in carryOut(fault, on: cluster, by: quorumOperator) }
    }

    private static func directoryID(_ broker: Int, disk: Int = 0) -> UUID128 {
        UUID128(high: 0x4000, low: UInt64(disk << 8 | broker))
    }

    private static func format(_ node: SimulatedNode, _ voters: [QuorumVoter]) {
        do {
            for (index, disk) in node.disks.enumerated() {
                let identity = DirectoryIdentity(
                    clusterID: clusterID, nodeID: BrokerID(Int32(node.number)),
                    directoryID: directoryID(node.number, disk: index))
                _ = try LogDirectory.open(disk, identity: identity)
            }
            try QuorumStorage.writeBootstrap(disk: node.disks[0], voters: voters)
        } catch { invariantFailed("a new disk cannot be formatted: \(error)") }
    }

    private static func config(_ node: SimulatedNode, _ options: SimulationOptions) -> BrokerConfig {
        var config = BrokerConfig()
        config.nodeID = BrokerID(Int32(node.number))
        config.endpoints = [.init(listener: "PLAINTEXT", host: node.host.address, port: Int32(kafkaPort))]
        config.quorum.mayVote = node.number <= options.voters
        config.quorum.endpoint = .init(
            listener: "CONTROLLER", host: node.host.address, port: Int32(quorumPort))
        config.quorum.places = (1...options.voters).filter { $0 != node.number }.map {
            .init(id: BrokerID(Int32($0)), host: HostID.broker($0).address, port: quorumPort)
        }
        config.quorum.electionTimeoutMs = options.electionTimeoutMs
        config.quorum.snapshotBytes = options.snapshotBytes
        config.zookeeper.containerCheckMs = options.workload.sweepMs
        return config
    }

    private static func boot(
        _ node: SimulatedNode, _ options: SimulationOptions, now: Moment, seed: UInt64
    ) throws -> BootedBroker {
        let start = try BrokerStart(config: config(node, options), disks: node.disks, seed: seed)
        let quorum = try start.quorumLoop(now: now)
        let control = start.controlLoop(now: now) { count, body in for index in 0..<count { body(index) } }
        let broker = start.broker
        return BootedBroker(
            loops: [(.quorum, quorum), (.control, control)],
            ports: [
                .init(number: quorumPort, listener: "CONTROLLER", loops: [.quorum]),
                .init(number: zookeeperPort, listener: "ZOOKEEPER", loops: [.quorum]),
            ],
            probe: quorum,
            whenUp: .init(
                loops: { [(LoopID(0), BrokerLoop(id: LoopID(0), broker: broker, now: $0, seed: seed))] },
                ports: [.init(number: kafkaPort, listener: "PLAINTEXT", loops: [LoopID(0)])]),
            hasLeft: { broker.quorum.hasLeft },
            hasLostDisk: { broker.disks.contains { $0.standing == .offline } })
    }

    // MARK: - The operator

    private static func carryOut(_ fault: Fault, on cluster: Cluster, by quorumOperator: QuorumOperator) {
        let server = HostID.broker(Int.random(in: 1...cluster.nodes.count, using: &cluster.world.faults))
        switch fault {
        case .addVoter(let broker):
            quorumOperator.addVoter(
                Int32(broker), directory: directoryID(broker),
                listener: ("CONTROLLER", HostID.broker(broker).address, quorumPort), cluster: clusterID,
                at: server)
        case .removeVoter(let broker):
            quorumOperator.removeVoter(
                Int32(broker), directory: directoryID(broker), cluster: clusterID, at: server)
        case .transferLeadership(let broker):
            let node = cluster.leader ?? cluster.nodes[0]
            guard node.state == .running else { return }
            node.post(.quorum(.admin(id: 0, .transferLeadership(to: BrokerID(Int32(broker))))), to: .quorum)
        default: invariantFailed("no operator's wish: \(fault)")
        }
    }
}

extension QuorumLoop: SimulatedLoop {}

extension QuorumLoop: ReplicaProbe {}
