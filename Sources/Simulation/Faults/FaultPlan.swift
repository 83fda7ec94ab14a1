import Ports
import SimulatedDisk
import Vocabulary

/// Deals out the strokes of fate of a run, one after the other, and carries them out on the cluster.
///
/// What it breaks it mends after a while, and `heal` mends all that is left. It keeps good copies of what was promised on a
/// majority: only a chosen minority's disks rot.
package final class FaultPlan {
    package let options: FaultOptions
    private unowned let cluster: Cluster
    private var isOver = false
    package private(set) var counts: [FaultOptions.Kind: Int] = [:]

    package init(_ options: FaultOptions, on cluster: Cluster) {
        self.options = options
        self.cluster = cluster
        cluster.onFault = { [weak self] fault in self?.strike(fault) }
        cluster.onInspect = { [weak self] in self?.restartFailed() }
    }

    private var world: World { cluster.world }

    // MARK: - Dealing

    package func begin() { if !options.kinds.isEmpty { dealNext() } }

    private func dealNext() {
        let gap = Int64.random(in: 1...2 * options.gapMs, using: &world.faults)
        guard let fault = deal() else { return }
        world.schedule(.fault(fault), afterMicroseconds: gap * 1000)
    }

    private func deal() -> Fault? {
        guard let kind = options.kinds.randomElement(using: &world.faults) else { return nil }
        counts[kind, default: 0] += 1
        let broker = Int.random(in: 1...cluster.nodes.count, using: &world.faults)
        switch kind {
        case .kill: return .kill(broker: broker)
        case .power: return .losePower(broker: broker)
        // It ends everything else that is under way: seldom, then.
        case .blackout: return world.faults.once(in: 4) ? .blackout : .nothing
        case .stop: return .stop(broker: broker)
        case .pause: return .pause(broker: broker)
        case .isolate: return .isolate(broker: broker)
        case .oneWay: return .block(anyPath(from: broker))
        case .breakConnection: return .breakConnection(.broker(broker), anyHost(but: broker))
        case .stall: return .stall(anyPath(from: broker))
        case .rot:
            return options.rotting.randomElement(using: &world.faults).map { .rot(broker: $0) } ?? .nothing
        case .fillDisk: return .fillDisk(broker: broker)
        case .slowDisk: return .slowDisk(broker: broker, ms: Int.random(in: 20...800, using: &world.faults))
        case .failSync: return .failSync(broker: broker)
        case .skewClock:
            return .skewClock(
                broker: broker, ms: Int.random(in: -3_600_000...3_600_000, using: &world.faults))
        case .membership:
            return world.faults.once(in: 2) ? .addVoter(broker: broker) : .removeVoter(broker: broker)
        case .transfer: return .transferLeadership(to: broker)
        }
    }

    private func anyHost(but broker: Int) -> HostID {
        if cluster.nodes.count > 1, !world.faults.once(in: 3) {
            var other = Int.random(in: 1..<cluster.nodes.count, using: &world.faults)
            if other >= broker { other += 1 }
            return .broker(other)
        }
        return .client(Int.random(in: 1...max(1, cluster.clients.count), using: &world.faults))
    }

    private func anyPath(from broker: Int) -> NetworkPath {
        let other = anyHost(but: broker)
        return world.faults.once(in: 2)
            ? NetworkPath(from: .broker(broker), to: other) : NetworkPath(from: other, to: .broker(broker))
    }

    // MARK: - Striking

    private func strike(_ fault: Fault) {
        if !fault.isMending {
            if isOver { return }
            dealNext()
        }
        world.note(.world, "fault:", text: "\(fault)")
        switch fault {
        case .nothing: break
        case .kill(let broker):
            cluster.node(broker).crash(.process)
            mend(.start(broker: broker))
        case .losePower(let broker):
            cluster.node(broker).crash(.power)
            mend(.start(broker: broker))
        case .blackout:
            for node in cluster.nodes {
                node.crash(.power)
                mend(.start(broker: node.number))
            }
        case .stop(let broker):
            cluster.node(broker).stop()
            mend(.start(broker: broker))
        case .start(let broker):
            cluster.node(broker).start()
            if cluster.node(broker).state == .stopped { mend(.start(broker: broker)) }
        case .pause(let broker):
            cluster.node(broker).pause()
            mend(.resume(broker: broker))
        case .resume(let broker): cluster.node(broker).resume()
        case .isolate(let broker):
            for path in paths(isolating: broker) { cluster.network.block(path) }
            mend(.rejoin(broker: broker))
        case .rejoin(let broker): for path in paths(isolating: broker) { cluster.network.unblock(path) }
        case .block(let path):
            cluster.network.block(path)
            mend(.unblock(path))
        case .unblock(let path): cluster.network.unblock(path)
        case .stall(let path):
            cluster.network.block(path)
            mend(.unblock(path), withinMs: 300)
        case .breakConnection(let a, let b): cluster.network.breakConnection(between: a, and: b)
        case .rot(let broker): rot(cluster.node(broker))
        case .fillDisk(let broker):
            let disk = cluster.node(broker).disks[0]
            disk.setCapacity(disk.usedBytes + Int64.random(in: 0...2000, using: &world.faults))
            mend(.freeDisk(broker: broker))
        case .freeDisk(let broker): cluster.node(broker).disks[0].setCapacity(1 << 40)
        case .slowDisk(let broker, let ms):
            cluster.node(broker).syncLatency = 1000...Int64(ms) * 1000
            mend(.quickDisk(broker: broker))
        case .quickDisk(let broker): cluster.node(broker).syncLatency = cluster.node(broker).usualSyncLatency
        case .failSync(let broker):
            cluster.node(broker).disks[0].fail(.sync, with: .io(5))
            mend(.restart(broker: broker))
        case .restart(let broker):
            cluster.node(broker).crash(.process)
            cluster.node(broker).start()
        case .skewClock(let broker, let ms): cluster.node(broker).clockSkewMs = Int64(ms)
        case .addVoter, .removeVoter, .transferLeadership: cluster.onOperator?(fault)
        }
    }

    private func mend(_ fault: Fault, withinMs: Int64? = nil) {
        let delay = Int64.random(in: 1...(withinMs ?? options.durationMaxMs), using: &world.faults)
        world.schedule(.fault(fault), afterMicroseconds: delay * 1000)
    }

    /// All ways to and from the other brokers; clients still reach it.
    private func paths(isolating broker: Int) -> [NetworkPath] {
        cluster.nodes.filter { $0.number != broker }.flatMap {
            [
                NetworkPath(from: .broker(broker), to: $0.host),
                NetworkPath(from: $0.host, to: .broker(broker)),
            ]
        }
    }

    /// A bit of the quorum's files, wherever chance puts it; on a broker that is down as often as on one that runs.
    private func rot(_ node: SimulatedNode) {
        let disk = node.disks[0]
        let files = disk.paths.filter { $0.hasPrefix("__cluster_metadata-0/") && $0.hasSuffix(".log") }
        guard let path = files.randomElement(using: &world.faults), let size = disk.bytes(of: path)?.count,
            size > 0
        else {
            return
        }
        disk.corrupt(
            path, at: Int.random(in: 0..<size, using: &world.faults),
            mask: 1 << UInt8.random(in: 0...7, using: &world.faults))
    }

    /// A broker whose disk failed, or that could not start, stays out until an operator comes by.
    private func restartFailed() {
        for node in cluster.nodes {
            let isFailed =
                node.probe?.failureReason != nil || (node.state == .stopped && node.startFailure != nil)
            guard isFailed, isOver || world.faults.once(in: 20) else { continue }
            node.crash(.process)
            node.start()
        }
    }

    // MARK: - Healing

    /// The faults are over; everything that can be mended is.
    package func heal() {
        isOver = true
        world.note(.world, "HEALING")
        cluster.network.unblockAll()
        for node in cluster.nodes {
            node.syncLatency = node.usualSyncLatency
            node.disks[0].setCapacity(1 << 40)
            node.disks[0].clearFaults()
            node.resume()
            // Its disk failed while it ran: an operator has changed what was wrong, and starts it again.
            if node.probe?.failureReason != nil { node.crash(.process) }
            node.start()
        }
    }
}
