package import Ports
import Synchronization
package import Vocabulary

/// One broker: what its loops share. Each part guards itself; there is no lock over the whole.
///
/// Made by `BrokerStart`, which opens the directories first.
package final class Broker: Sendable {
    package let config: BrokerConfig
    package let clusterID: String
    /// The log directories, in the order of `log.dirs`. The first holds the metadata log too.
    package let disks: [BrokerDisk]
    package let topology: SharedTopology
    package let metrics = Metrics()
    package let quorum: QuorumShared
    package let admin = AdminDesk()

    package init(
        config: BrokerConfig, clusterID: String, disks: [BrokerDisk], topology: Topology,
        quorum: QuorumShared = QuorumShared()
    ) {
        self.quorum = quorum
        self.config = config
        self.clusterID = clusterID
        self.disks = disks
        self.topology = SharedTopology(topology)
    }
}

/// One log directory as the loops see it: whether it may be written.
package final class BrokerDisk: Sendable {
    /// How it fares. `open` ⇄ `throttled` ⇄ `full` as its free space goes down and up; `offline` is for good.
    package enum Standing: UInt8, Sendable {
        case open, throttled, full, offline
    }

    package let disk: any Disk
    /// Its `directory.id` in `meta.properties`.
    package let directoryID: UUID128
    private let raw: Atomic<UInt8>
    private let availableBytes = Atomic<Int64>(.max)

    package init(disk: any Disk, directoryID: UUID128) {
        self.disk = disk
        self.directoryID = directoryID
        raw = Atomic(Standing.open.rawValue)
    }

    package var standing: Standing { Standing(rawValue: raw.load(ordering: .relaxed))! }
    /// Bytes free when it was last looked at, less what was written since.
    package var available: Int64 { availableBytes.load(ordering: .relaxed) }

    /// Bytes were written: between two looks a fast producer could fill what is left unseen.
    package func took(_ bytes: Int) { availableBytes.subtract(Int64(bytes), ordering: .relaxed) }

    /// - Returns: false when nothing changed: it stands so already, or is offline for good.
    package func set(_ standing: Standing, available: Int64? = nil) -> Bool {
        if let available { availableBytes.store(available, ordering: .relaxed) }
        while true {
            let old = raw.load(ordering: .relaxed)
            if old == standing.rawValue || old == Standing.offline.rawValue { return false }
            if raw.compareExchange(expected: old, desired: standing.rawValue, ordering: .relaxed).exchanged { return true }
        }
    }
}
