import Ports
import SimulatedDisk
import Vocabulary

/// Deals out the strokes of fate of a run and carries them out on the cluster: some come by the clock, others are aimed at
/// what a broker just did (`Occasion`).
///
/// What it breaks it mends after a while, and `heal` mends all that is left. It keeps good copies of what was promised on a
/// majority: only a chosen minority's disks rot.
package final class FaultPlan {
    package let options: FaultOptions
    unowned let cluster: Cluster
    private(set) var isOver = false
    package internal(set) var counts: [FaultOptions.Kind: Int] = [:]
    /// Until then a kind of aimed faults rests.
    var restsUntil: [FaultOptions.Kind: Instant] = [:]
    /// How far `figureEight` has come: offices that were ended, and the one that is to commit.
    var officesEnded = 0
    var committing: Int?

    package init(_ options: FaultOptions, on cluster: Cluster) {
        self.options = options
        self.cluster = cluster
        cluster.onFault = { [weak self] fault in self?.strike(fault) }
        cluster.onInspect = { [weak self] in self?.restartFailed() }
    }

    var world: World { cluster.world }

    // MARK: - Dealing by the clock

    package func begin() {
        scheduleNext()
        if options.kinds.contains(where: \.isAimed) {
            cluster.onOccasion = { [weak self] occasion in self?.take(occasion) }
        }
    }

    private func scheduleNext() {
        guard options.kinds.contains(where: { !$0.isAimed }) else { return }
        let gap = Int64.random(in: 1...2 * options.gapMs, using: &world.faults)
        world.schedule(.fault(.next), afterMicroseconds: gap * 1000)
    }

    func dealNext() {
        guard !isOver else { return }
        if let fault = deal() { strike(fault) }
        scheduleNext()
    }

    private func deal() -> Fault? {
        let kinds = options.kinds.filter { !$0.isAimed }
        guard let kind = kinds.randomElement(using: &world.faults) else { return nil }
        counts[kind, default: 0] += 1
        let broker = Int.random(in: 1...cluster.nodes.count, using: &world.faults)
        switch kind {
        case .kill: return .kill(broker: broker, ms: duration())
        case .power: return .losePower(broker: broker, ms: duration())
        // It ends everything else that is under way: seldom, then.
        case .blackout: return world.faults.once(in: 4) ? .blackout : nil
        case .stop: return .stop(broker: broker, ms: duration())
        case .pause: return .pause(broker: broker, ms: duration())
        case .isolate: return .isolate(broker: broker, ms: duration())
        case .oneWay: return .block(anyPath(from: broker), ms: duration())
        case .breakConnection: return .breakConnection(.broker(broker), anyHost(but: broker))
        // Over before anybody gives up.
        case .stall: return .block(anyPath(from: broker), ms: duration(max: 300))
        case .rot: return options.rotting.randomElement(using: &world.faults).map { .rot(broker: $0) }
        case .fillDisk: return .fillDisk(broker: broker, ms: duration())
        case .slowDisk:
            let syncMs = Int64.random(in: 20...800, using: &world.faults)
            return .slowDisk(broker: broker, syncMs: syncMs, ms: duration())
        case .failSync: return .failSync(broker: broker, ms: duration())
        case .skewClock:
            let skew = Int64.random(in: -3_600_000...3_600_000, using: &world.faults)
            return .skewClock(broker: broker, byMs: skew)
        case .membership:
            return world.faults.once(in: 2) ? .addVoter(broker: broker) : .removeVoter(broker: broker)
        case .transfer: return .transferLeadership(to: broker)
        case .splitVote, .crashAfterVote, .leaderChurn, .figureEight, .pauseLeader, .powerAfterCommit:
            return nil
        }
    }

    func duration(max: Int64? = nil) -> Int64 {
        Int64.random(in: 1...(max ?? options.durationMaxMs), using: &world.faults)
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

    // MARK: - Mending

    /// A broker whose disk failed, or that could not start, stays out until an operator comes by.
    private func restartFailed() {
        for node in cluster.nodes {
            // One that was still stopping when the faults were over is stopped only now.
            let isDown = node.state == .stopped && (isOver || node.startFailure != nil)
            guard node.hasLostDisk || isDown, isOver || world.faults.once(in: 20) else {
                continue
            }
            node.crash(.process)
            node.start()
        }
    }

    /// The faults are over; everything that can be mended is.
    package func heal() {
        isOver = true
        cluster.onOccasion = nil
        world.note(.world, "HEALING")
        cluster.network.unblockAll()
        for node in cluster.nodes {
            node.syncLatency = node.usualSyncLatency
            for disk in node.disks {
                disk.setCapacity(1 << 40)
                disk.clearFaults()
            }
            node.resume()
            // Its disk failed while it ran: an operator has changed what was wrong, and starts it again.
            if node.hasLostDisk { node.crash(.process) }
            node.start()
        }
    }
}
