import Ports
import SimulatedDisk
import Vocabulary

/// What each fault does to the cluster, and when it ends.
extension FaultPlan {
    func strike(_ fault: Fault) {
        if fault == .next { return dealNext() }
        if isOver, !fault.isMending { return }
        world.note(.world, "fault:", text: "\(fault)")
        switch fault {
        case .next: break
        case .kill(let broker, let ms): crash(broker, .process, ms)
        case .losePower(let broker, let ms): crash(broker, .power, ms)
        case .blackout: for node in cluster.nodes { crash(node.number, .power, duration()) }
        case .stop(let broker, let ms):
            cluster.node(broker).stop()
            mend(.start(broker: broker), afterMs: ms)
        case .start(let broker):
            cluster.node(broker).start()
            // It could not, or is not through with its leave-taking.
            let isUp = [.running, .paused].contains(cluster.node(broker).state)
            if !isUp { mend(.start(broker: broker), afterMs: duration()) }
        case .restart(let broker):
            cluster.node(broker).crash(.process)
            cluster.node(broker).start()
        case .pause(let broker, let ms):
            cluster.node(broker).pause()
            mend(.resume(broker: broker), afterMs: ms)
        case .resume(let broker): cluster.node(broker).resume()
        case .isolate(let broker, let ms):
            for path in paths(isolating: broker) { cluster.network.block(path) }
            mend(.rejoin(broker: broker), afterMs: ms)
        case .rejoin(let broker): for path in paths(isolating: broker) { cluster.network.unblock(path) }
        case .block(let path, let ms):
            cluster.network.block(path)
            mend(.unblock(path), afterMs: ms)
        case .unblock(let path): cluster.network.unblock(path)
        case .breakConnection(let a, let b): cluster.network.breakConnection(between: a, and: b)
        case .addVoter, .removeVoter, .transferLeadership: cluster.onOperator?(fault)
        case .rot, .fillDisk, .freeDisk, .slowDisk, .quickDisk, .failSync, .skewClock: strikeMachine(fault)
        }
    }

    private func strikeMachine(_ fault: Fault) {
        switch fault {
        case .rot(let broker): rot(cluster.node(broker))
        case .fillDisk(let broker, let ms):
            let disk = anyDisk(of: cluster.node(broker))
            disk.setCapacity(disk.usedBytes + Int64.random(in: 0...2000, using: &world.faults))
            mend(.freeDisk(broker: broker), afterMs: ms)
        case .freeDisk(let broker): for disk in cluster.node(broker).disks { disk.setCapacity(1 << 40) }
        case .slowDisk(let broker, let syncMs, let ms):
            cluster.node(broker).syncLatency = 1000...syncMs * 1000
            mend(.quickDisk(broker: broker), afterMs: ms)
        case .quickDisk(let broker): cluster.node(broker).syncLatency = cluster.node(broker).usualSyncLatency
        case .failSync(let broker, let ms):
            anyDisk(of: cluster.node(broker)).fail(.sync, with: .io(5))
            mend(.restart(broker: broker), afterMs: ms)
        case .skewClock(let broker, let ms): cluster.node(broker).clockSkewMs = ms
        default: break
        }
    }

    private func anyDisk(of node: SimulatedNode) -> SimulatedDisk {
        node.disks.count == 1 ? node.disks[0] : node.disks.randomElement(using: &world.faults)!
    }

    private func mend(_ fault: Fault, afterMs: Int64) {
        world.schedule(.fault(fault), afterMicroseconds: afterMs * 1000)
    }

    private func crash(_ broker: Int, _ kind: SimulatedDisk.Crash, _ ms: Int64) {
        cluster.node(broker).crash(kind)
        mend(.start(broker: broker), afterMs: ms)
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

    /// A bit of the quorum's files, on a broker that is down as often as on one that runs.
    private func rot(_ node: SimulatedNode) {
        let disk = node.disks[0]
        let files = disk.paths.filter {
            $0.hasPrefix("__cluster_metadata-0/")
                && ($0.hasSuffix(".log") || $0.hasSuffix(".checkpoint") || $0.hasSuffix("/quorum-state"))
        }
        guard let path = files.randomElement(using: &world.faults), let bytes = disk.bytes(of: path) else {
            return
        }
        guard let at = rottable(path, bytes).randomElement(using: &world.faults) else { return }
        disk.corrupt(path, at: at, mask: 1 << UInt8.random(in: 0...7, using: &world.faults))
    }

    /// Of a log, what was written last is spared: a broker that starts cannot tell its damage from a write that a loss of power cut
    /// off, as long as the recovery point has not passed it. Now and then it is the room ahead. Of the voter's memory, one copy stays.
    private func rottable(_ path: String, _ bytes: [UInt8]) -> Range<Int> {
        if path.hasSuffix(".checkpoint") { return 0..<bytes.count }
        if path.hasSuffix(".log") {
            let last = Self.lastBatch(bytes)
            return world.faults.once(in: 8) ? last.upperBound..<bytes.count : 0..<last.lowerBound
        }
        let copy = bytes.count - 4096
        guard copy > 0, bytes.prefix(copy) == bytes.suffix(copy) else { return 0..<0 }
        return world.faults.once(in: 2) ? 0..<copy : 4096..<bytes.count
    }

    /// Where the last batch of a log stands, as far as the lengths in it lead. Behind it there are zeros, or what lengths that rotted
    /// do not lead to.
    private static func lastBatch(_ bytes: [UInt8]) -> Range<Int> {
        var last = 0..<0
        while last.upperBound + 12 <= bytes.count {
            let at = last.upperBound
            let length = bytes[at + 8..<at + 12].reduce(0) { $0 << 8 | Int($1) }
            guard length > 0, length <= bytes.count - at - 12 else { break }
            last = at..<at + 12 + length
        }
        return last
    }
}
