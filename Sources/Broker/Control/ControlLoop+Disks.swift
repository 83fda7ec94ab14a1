import CommitLog
import Metadata
import Ports
import Vocabulary

/// The policy for disks: what becomes of a log directory that fails, or fills up.
extension ControlLoop {
    /// A write, read or sync failed. A full disk gets its space back one day; anything else takes the
    /// directory offline for good: the kernel may have dropped pages, so that going on would promise what is
    /// not there.
    func failed(_ disk: BrokerDisk, _ error: DiskError) {
        if error.reason == .noSpace {
            if disk.standing != .full, disk.set(.full, available: 0) {
                log(
                    .error, "A log directory is full; writes to it are refused.",
                    [("log.dir", disk.disk.name), ("reason", "\(error)")])
            }
            return
        }
        guard disk.set(.offline), let index = directories.firstIndex(where: { $0.disk === disk }) else {
            return
        }
        log(
            .critical, "A log directory failed and is offline until the broker is restarted.",
            [("log.dir", disk.disk.name), ("reason", "\(error)")])
        for entry in upkeep.entries where entry.directory == index {
            let (loops, _) = entry.partition.takeOffline(
                "the log directory \(disk.disk.name) is offline: \(error)")
            wake(loops, for: entry.partition)
        }
        if directories.allSatisfy({ $0.disk.standing == .offline }) {
            log(.critical, "No log directory is left; the broker holds no data until it is restarted.")
        }
        // Nothing can be agreed on without the metadata log.
        if index == 0 { return emit(.post(.quorum(.diskFailed("\(error)")), to: .quorum)) }
        insist(.failDirectories(broker.config.nodeID, epoch: brokerEpoch, directories: [disk.directoryID]))
    }

    /// Whether an error says something about the disk, and not only about one file on it.
    static func isFailureOfDisk(_ error: DiskError) -> Bool {
        switch error.reason {
        case .io, .offline, .noSpace: true
        case .notFound, .exists, .corrupt: false
        }
    }

    /// Looks how much space is left.
    func watchDisks() {
        for directory in directories where directory.disk.standing != .offline {
            let disk = directory.disk
            do throws(DiskError) {
                let available = try disk.disk.space().available
                let old = disk.standing
                let new = Self.standing(
                    available: available, was: old, minFree: broker.config.diskMinFreeBytes,
                    throttleFree: broker.config.diskThrottleFreeBytes)
                if disk.set(new, available: available) {
                    report(disk, old, new, available)
                    if old == .full { for id in awaitingSpace.keys.sorted() { reconciling.add(id) } }
                }
            } catch {
                failed(disk, error)
            }
        }
    }

    /// Down at the thresholds, up again a tenth above them, so that it does not flicker.
    static func standing(
        available: Int64, was: BrokerDisk.Standing, minFree: Int64, throttleFree: Int64
    ) -> BrokerDisk.Standing {
        func margin(_ bytes: Int64) -> Int64 { min(bytes, .max / 2) + min(bytes, .max / 2) / 10 }
        if available < (was == .full ? margin(minFree) : minFree) { return .full }
        let wasLow = was == .full || was == .throttled
        if available < (wasLow ? margin(throttleFree) : throttleFree) { return .throttled }
        return .open
    }

    private func report(
        _ disk: BrokerDisk, _ old: BrokerDisk.Standing, _ new: BrokerDisk.Standing, _ available: Int64
    ) {
        let fields: [(key: String, value: String)] = [
            ("log.dir", disk.disk.name), ("available.bytes", String(available)),
            ("log.dir.min.free.bytes", String(broker.config.diskMinFreeBytes)),
            ("log.dir.throttle.free.bytes", String(broker.config.diskThrottleFreeBytes)),
        ]
        switch new {
        case .open: log(.info, "A log directory has space again.", fields)
        case .throttled where old == .full:
            log(.warning, "A log directory has some space again; its producers are slowed.", fields)
        case .throttled: log(.warning, "A log directory runs out of space; its producers are slowed.", fields)
        case .full: log(.error, "A log directory is nearly full; writes to it are refused.", fields)
        case .offline: break
        }
    }

    // MARK: - Removing directories

    /// What deleted partitions left behind before this start goes at once.
    func findLeftovers(in index: Int) {
        do throws(DiskError) {
            for name in try directories[index].directory?.leftovers() ?? [] {
                removals.add(name, in: index, due: now.instant)
            }
        } catch {
            failed(directories[index].disk, error)
        }
    }

    /// Removes directories of deleted partitions, a slice at a time.
    func removeDirectories() {
        for _ in 0..<Self.sliceSteps {
            guard let (index, name) = removals.takeNext(at: now.instant) else { return }
            let disk = directories[index].disk
            if disk.standing == .offline { continue }
            do throws(DiskError) {
                try disk.disk.removeDirectory(name)
            } catch {
                if error.reason != .notFound { failed(disk, error) }
            }
        }
    }
}
