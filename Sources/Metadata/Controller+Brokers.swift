import HashTreeCollections
import Vocabulary

// Brokers that come, go, and lose directories. Who is alive is known outside, by sessions: here it arrives as commands.
extension Controller {
    /// A broker's start. It gets an epoch of its own; what an older one of the same broker still asks is stale.
    ///
    /// The one who asks has made sure that no other process lives under this id. A command that arrives twice changes
    /// nothing the second time. A process that registers again with a greater epoch, after its session was lost, did not
    /// restart: its logs hold what they held, however it stopped before it was started.
    func registerBroker(_ new: NewBroker) throws(MetadataError) -> MetadataDecision {
        if let clusterID = image.clusterID, clusterID != new.clusterID {
            throw MetadataError(
                .inconsistentClusterId,
                "Expected cluster ID \(clusterID), but got cluster ID \(new.clusterID).")
        }
        if image.clusterID == nil {
            throw MetadataError(.inconsistentClusterId, "The cluster is not formatted yet.")
        }
        if new.id.value < 0 {
            throw MetadataError(.invalidRegistration, "Broker id \(new.id) is negative.")
        }
        if new.endpoints.isEmpty {
            throw MetadataError(.invalidRegistration, "No listener was given for broker \(new.id).")
        }
        try checkDirectories(of: new)
        try checkFeatures(of: new)
        let old = image.brokers[new.id]
        let isSameProcess = old?.incarnation == new.incarnation
        let isRetry = isSameProcess && (new.epoch == nil || new.epoch == old?.epoch)
        let epoch = isRetry ? old?.epoch ?? 0 : try nextEpoch(of: new)
        let registration = BrokerRegistration(
            id: new.id, epoch: epoch, incarnation: new.incarnation,
            endpoints: new.endpoints, rack: new.rack, directories: new.directories.sorted(),
            features: new.features.sorted { $0.name < $1.name },
            isFenced: isRetry ? old?.isFenced ?? true : new.startsFenced,
            isShuttingDown: isSameProcess && old?.isShuttingDown == true)
        var draft = Draft(image)
        if registration != old { draft.conclude(with: .brokerRegistered(registration)) }
        if !isRetry {
            let isUnclean = !isSameProcess && !new.stoppedCleanly
            settlePartitions(on: new.id, in: &draft, restartedUnclean: isUnclean) { state in
                isUnclean || new.startsFenced || !holds(registration, state)
            }
        }
        return MetadataDecision(
            records: draft.records, reply: .brokerRegistered(epoch: registration.epoch), isAtomic: false)
    }

    func fenceBroker(_ id: BrokerID, _ epoch: Int64) throws(MetadataError) -> MetadataDecision {
        let old = try registered(id, epoch)
        var draft = Draft(image)
        fence(old, in: &draft)
        return MetadataDecision(records: draft.records, reply: .done, isAtomic: false)
    }

    func unfenceBroker(_ id: BrokerID, _ epoch: Int64) throws(MetadataError) -> MetadataDecision {
        let old = try registered(id, epoch)
        var draft = Draft(image)
        if old.isFenced { draft.add(.brokerUnfenced(id, epoch: epoch)) }
        settlePartitions(on: id, in: &draft) { _ in false }
        return MetadataDecision(records: draft.records, reply: .done, isAtomic: false)
    }

    /// Moves leadership to others where there are any; what only this broker can lead it leads until it is fenced.
    func startBrokerShutdown(_ id: BrokerID, _ epoch: Int64) throws(MetadataError) -> MetadataDecision {
        let old = try registered(id, epoch)
        var draft = Draft(image)
        if !old.isShuttingDown {
            draft.add(.brokerShutdownStarted(id, epoch: epoch))
            let image = draft.image
            let touched = image.partitions.filter { $0.value.isr.contains(id) }
            var rules = RulesByTopic(effective(image), restartedUnclean: nil)
            for (key, state) in touched.sorted(by: { $0.key < $1.key }) {
                let rest = state.isr.filter { $0 != id }
                let topicRules = rules[key.topic]
                let isCovered = rest.contains { topicRules.isLive($0, state.directory(on: $0) ?? .zero) }
                if isCovered { settle(key, state, isr: rest, topicRules, in: &draft) }
            }
        }
        return MetadataDecision(records: draft.records, reply: .done, isAtomic: false)
    }

    func unregisterBroker(_ id: BrokerID) throws(MetadataError) -> MetadataDecision {
        guard let old = image.brokers[id] else {
            throw MetadataError(.brokerIdNotRegistered, "Broker ID \(id) is not currently registered.")
        }
        var draft = Draft(image)
        fence(old, in: &draft)
        draft.conclude(with: .brokerUnregistered(id, epoch: old.epoch))
        return MetadataDecision(records: draft.records, reply: .done, isAtomic: false)
    }

    /// A failed directory stays failed until the broker registers again.
    func failDirectories(
        _ id: BrokerID, _ epoch: Int64, _ failed: [UUID128]
    ) throws(MetadataError) -> MetadataDecision {
        let old = try registered(id, epoch)
        let left = old.directories.filter { !failed.contains($0) }
        var draft = Draft(image)
        if left != old.directories {
            // An empty list would stand for a broker that tells nothing of its directories.
            let directories = left.isEmpty ? [ReplicaDirectory.lost] : left
            draft.add(.brokerDirectoriesChanged(id, epoch: epoch, directories: directories))
            settlePartitions(on: id, in: &draft) { state in
                state.directory(on: id).map(failed.contains) == true
            }
        }
        return MetadataDecision(records: draft.records, reply: .done, isAtomic: false)
    }

    // MARK: Helpers

    /// - Throws: when the request comes from before the broker's last registration.
    func registered(_ id: BrokerID, _ epoch: Int64) throws(MetadataError) -> BrokerRegistration {
        guard let broker = image.brokers[id] else {
            throw MetadataError(.staleBrokerEpoch, "No broker registration found for broker id \(id)")
        }
        guard broker.epoch == epoch else {
            throw MetadataError(
                .staleBrokerEpoch, "Expected broker epoch \(broker.epoch), but got broker epoch \(epoch)")
        }
        return broker
    }

    /// - Throws: when the epoch given is not above all that were there; requests of an older life would pass for new.
    private func nextEpoch(of new: NewBroker) throws(MetadataError) -> Int64 {
        guard let epoch = new.epoch else { return image.nextBrokerEpoch }
        if epoch < image.nextBrokerEpoch {
            throw MetadataError(
                .staleBrokerEpoch,
                "Broker \(new.id) cannot register with broker epoch \(epoch): "
                    + "the next broker epoch is \(image.nextBrokerEpoch) or above.")
        }
        if epoch == .max {
            throw MetadataError(
                .invalidRegistration, "Broker epoch \(epoch) leaves none for the next broker.")
        }
        return epoch
    }

    private func fence(_ broker: BrokerRegistration, in draft: inout Draft) {
        if !broker.isFenced { draft.conclude(with: .brokerFenced(broker.id, epoch: broker.epoch)) }
        settlePartitions(on: broker.id, in: &draft) { $0.isr.contains(broker.id) }
    }

    private func holds(_ broker: BrokerRegistration, _ state: PartitionState) -> Bool {
        state.directory(on: broker.id).map(broker.holdsReplicas) == true
    }

    private func checkDirectories(of new: NewBroker) throws(MetadataError) {
        if let directory = Self.repeated(new.directories).min() {
            throw MetadataError(.invalidRegistration, "Directory \(directory) was given more than once.")
        }
        let reserved = [ReplicaDirectory.unassigned, ReplicaDirectory.lost, ReplicaDirectory.migrating]
        if let directory = new.directories.first(where: reserved.contains) {
            throw MetadataError(.invalidRegistration, "Directory \(directory) is a reserved id.")
        }
        for other in image.brokersByID where other.id != new.id {
            if let directory = new.directories.first(where: other.directories.contains) {
                throw MetadataError(
                    .invalidRegistration,
                    "Broker \(other.id) is already registered with directory \(directory)")
            }
        }
    }

    /// A broker that cannot work at the cluster's levels must not join.
    private func checkFeatures(of new: NewBroker) throws(MetadataError) {
        for (name, level) in image.features.sorted(by: { $0.key < $1.key }) {
            let range = new.features.first { $0.name == name }
            guard let range, range.min <= level, level <= range.max else {
                throw MetadataError(
                    .unsupportedVersion,
                    "Unable to register because the broker does not support finalized version \(level) of \(name)."
                )
            }
        }
    }
}
