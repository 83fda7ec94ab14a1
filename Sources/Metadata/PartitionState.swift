package import Vocabulary

/// A partition by its topic's id: it stays the same partition when a topic of the same name replaces the old one.
package struct TopicIDPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let topic: TopicID
    package let partition: Int32

    package init(topic: TopicID, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package var description: String { "\(topic)-\(partition)" }

    package static func < (a: Self, b: Self) -> Bool {
        a.topic == b.topic ? a.partition < b.partition : a.topic < b.topic
    }
}

/// What a leader owes before it may serve: nothing, or a recovery after an unclean election (KIP-704).
package enum LeaderRecovery: UInt8, Sendable {
    case recovered = 0
    case recovering = 1
}

/// Who holds one partition, who leads it, and who may lead it next.
///
/// - `replicas`: in order of preference; the first is the preferred leader.
/// - `directories`: the log directory of each replica, in the order of `replicas` (KIP-858).
/// - `isr`: in sync, in the order of `replicas`; they hold every committed record.
/// - `eligibleLeaders`: out of sync, yet known to hold every committed record, because nothing could be committed
///   since they left: the ISR was below `min.insync.replicas` (KIP-966). Empty when the ISR is large enough.
/// - `lastKnownLeader`: who led before nobody could (KIP-966), `.none` while someone leads.
/// - `leaderEpoch` rises with each change of leader, `partitionEpoch` with each change of anything (KIP-497).
/// - `adding`, `removing`: a reassignment under way (KIP-455).
package struct PartitionState: Hashable, Sendable {
    package var replicas: [BrokerID]
    package var directories: [UUID128]
    package var isr: [BrokerID]
    package var eligibleLeaders: [BrokerID] = []
    package var leader: BrokerID
    package var lastKnownLeader: BrokerID = .none
    package var leaderEpoch: LeaderEpoch = 0
    package var partitionEpoch: Int32 = 0
    package var recovery: LeaderRecovery = .recovered
    package var adding: [BrokerID] = []
    package var removing: [BrokerID] = []

    package init(replicas: [BrokerID], directories: [UUID128], isr: [BrokerID], leader: BrokerID) {
        invariant(
            replicas.count == directories.count,
            "\(replicas.count) replicas, \(directories.count) directories")
        self.replicas = replicas
        self.directories = directories
        self.isr = isr == replicas ? replicas : isr  // One array for both.
        self.leader = leader
    }

    /// The log directory of the replica on `broker`; nil when it holds none.
    package func directory(on broker: BrokerID) -> UUID128? {
        replicas.firstIndex(of: broker).map { directories[$0] }
    }

    package mutating func apply(_ change: PartitionChange) {
        partitionEpoch = change.partitionEpoch
        if let value = change.leaderEpoch { leaderEpoch = value }
        if let value = change.leader { leader = value }
        if let value = change.isr { isr = value }
        if let value = change.eligibleLeaders { eligibleLeaders = value }
        if let value = change.lastKnownLeader { lastKnownLeader = value }
        if let value = change.recovery { recovery = value }
        if let value = change.replicas { replicas = value }
        if let value = change.directories { directories = value }
        if let value = change.adding { adding = value }
        if let value = change.removing { removing = value }
        invariant(
            replicas.count == directories.count,
            "\(replicas.count) replicas, \(directories.count) directories")
    }
}

/// What changed in a partition; nil leaves a field as it was. Says everything outright, epochs too, so that replaying
/// it needs no rule that a later version could change.
package struct PartitionChange: Hashable, Sendable {
    package var partitionEpoch: Int32
    package var leaderEpoch: LeaderEpoch?
    package var leader: BrokerID?
    package var isr: [BrokerID]?
    package var eligibleLeaders: [BrokerID]?
    package var lastKnownLeader: BrokerID?
    package var recovery: LeaderRecovery?
    package var replicas: [BrokerID]?
    package var directories: [UUID128]?
    package var adding: [BrokerID]?
    package var removing: [BrokerID]?

    package init(partitionEpoch: Int32) { self.partitionEpoch = partitionEpoch }

    /// The difference between two states, as the record to write; nil when nothing but epochs could differ.
    ///
    /// The leader epoch of `new` must be right already; the partition epoch becomes the next one.
    package init?(from old: PartitionState, to new: PartitionState) {
        self.init(partitionEpoch: old.partitionEpoch)
        if new.leaderEpoch != old.leaderEpoch { leaderEpoch = new.leaderEpoch }
        if new.leader != old.leader { leader = new.leader }
        if new.isr != old.isr { isr = new.isr }
        if new.eligibleLeaders != old.eligibleLeaders { eligibleLeaders = new.eligibleLeaders }
        if new.lastKnownLeader != old.lastKnownLeader { lastKnownLeader = new.lastKnownLeader }
        if new.recovery != old.recovery { recovery = new.recovery }
        if new.replicas != old.replicas { replicas = new.replicas }
        if new.directories != old.directories { directories = new.directories }
        if new.adding != old.adding { adding = new.adding }
        if new.removing != old.removing { removing = new.removing }
        if self == PartitionChange(partitionEpoch: old.partitionEpoch) { return nil }
        partitionEpoch = old.partitionEpoch + 1
    }
}

/// Places of a replica that are no directory (KIP-858).
package enum ReplicaDirectory {
    /// The broker chooses, and says so later.
    package static let unassigned = UUID128(high: 0, low: 0)
    /// It was on a directory that failed.
    package static let lost = UUID128(high: 0, low: 1)
    /// On the way from another layout of the cluster's metadata.
    package static let migrating = UUID128(high: 0, low: 2)
}
