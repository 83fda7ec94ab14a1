import CommitLog
import HashTreeCollections
import Metadata
import Ports
import Vocabulary

/// The reconciler: compares what the committed metadata says with what runs here, topic by topic, and starts
/// and stops logs.
///
/// It looks at states, not at changes, so it may be interrupted anywhere and begun again: a topic deleted
/// while its partitions come up just changes direction.
extension ControlLoop {
    /// Partitions made or removed in one call: a few milliseconds of file system work.
    static let sliceSteps = 64
    /// Topics looked at in one call, most of which need nothing done.
    private static let sliceTopics = 1024

    /// Puts the topics that the records touch in the queue.
    func noteChanges(_ records: [MetadataRecord]) {
        if records.contains(where: Self.changesDefaults) {
            topicConfigs = TopicConfigs(effectiveConfigs)
            upkeep.configure(topicConfigs, now: now)
            for id in running.keys.sorted() { reconciling.add(id) }
        }
        for id in topics(touchedBy: records, in: image).sorted() { reconciling.add(id) }
        for record in records {
            switch record {
            case .topicCreated(let id, let name, _):
                log(.info, "Created a topic.", [("topic", name), ("topic.id", id.description)])
            case .topicDeleted(let id):
                log(
                    .info, "Deleted a topic.",
                    [("topic", running[id]?.name ?? ""), ("topic.id", id.description)])
            default: break
            }
        }
    }

    /// The topics that a record is about.
    func topics(touchedBy records: [MetadataRecord], in image: ClusterImage) -> Set<TopicID> {
        var topics: Set<TopicID> = []
        for record in records {
            switch record {
            case .topicCreated(let id, _, _), .topicDeleted(let id): topics.insert(id)
            case .partitionCreated(let key, _), .partitionChanged(let key, _): topics.insert(key.topic)
            case .configSet(let resource, _, _), .configRemoved(let resource, _):
                if resource.kind == .topic, let id = image.topicIDs[resource.name] { topics.insert(id) }
            default: break
            }
        }
        return topics
    }

    /// One slice of work.
    func reconcile() {
        var steps = Self.sliceSteps
        for _ in 0..<Self.sliceTopics {
            guard steps > 0, let id = reconciling.first else { return }
            guard reconcile(id, &steps) else { return }
            reconciling.removeFirst()
            for (reply, result) in held.takeReady(running: id) { reply.end(.done(result)) }
        }
    }

    /// - Returns: false when there is more to do for the topic than the steps allow.
    private func reconcile(_ id: TopicID, _ steps: inout Int) -> Bool {
        guard let state = image.topics[id] else { return remove(id, &steps) }
        let config = topicConfigs.config(of: state.name, in: image)
        var topic = running.removeValue(forKey: id) ?? RunningTopic(name: state.name, id: id)
        var assigned: [DirectoryAssignment] = []
        while topic.partitions.count < Int(state.partitionCount), steps > 0 {
            steps -= 1
            topic.partitions.append(create(Int32(topic.partitions.count), of: state, config, &assigned))
        }
        while steps > 0, let index = nextWithRoom(of: topic) {
            steps -= 1
            bringUpAgain(index, of: &topic, config)
        }
        for partition in topic.partitions where partition.isHere {
            if let now = image.partition(id, partition.id.partition), now.leader == broker.config.nodeID {
                partition.lead(epoch: now.leaderEpoch)
            }
        }
        let isWhole = topic.partitions.count == Int(state.partitionCount) && nextWithRoom(of: topic) == nil
        if isWhole { publish(&topic, config, &steps) }
        running[id] = topic
        report(assigned)
        return isWhole
    }

    /// Shows the topic to the data loops, unless they see it so already.
    private func publish(_ topic: inout RunningTopic, _ config: TopicConfig, _ steps: inout Int) {
        if let old = topic.published {
            let isSame = old.config == config
            if isSame, !topic.isStale, old.partitions.count == topic.partitions.count { return }
            if !isSame {
                steps -= 1
                for partition in old.partitions {
                    wake(partition.configure(config), for: partition)
                    // What write caching let pass is made durable now, not with the next append.
                    if !config.writeCaching { requestSync(of: partition) }
                }
            }
        }
        let shown = Topic(name: topic.name, id: topic.id, config: config, partitions: topic.partitions)
        topic.published = shown
        topic.isStale = false
        upkeep.topicChanged(topic.id, config)
        broker.topology.update { $0.insert(shown) }
    }

    // MARK: - Coming up

    private func create(
        _ index: Int32, of topic: TopicState, _ config: TopicConfig, _ assigned: inout [DirectoryAssignment]
    ) -> Partition {
        let id = TopicPartition(topic: topic.name, partition: index)
        guard let state = image.partition(topic.id, index) else {
            invariantFailed("no partition \(id)")
        }
        guard state.replicas.contains(broker.config.nodeID) else {
            return Partition(elsewhere: id, topicID: topic.id, disk: directories[0].disk)
        }
        let place = state.directory(on: broker.config.nodeID)
        guard let chosen = directoryIndex(for: place) else {
            let why = "the log directory that holds it is not there: \(place.map(\.description) ?? "none")"
            return offline(id, topic.id, directories[0].disk, state.leaderEpoch, why)
        }
        let disk = directories[chosen].disk
        if place == ReplicaDirectory.unassigned {
            assigned.append(
                DirectoryAssignment(
                    partition: TopicIDPartition(topic: topic.id, partition: index),
                    directory: disk.directoryID))
        }
        return bringUp(id, topic.id, state.leaderEpoch, config, in: chosen, recovery: nil)
    }

    /// Makes the log, or opens the one that is there, from where `recovery` says.
    func bringUp(
        _ id: TopicPartition, _ topicID: TopicID, _ leaderEpoch: LeaderEpoch, _ config: TopicConfig, in index: Int,
        recovery: RecoveryStart?
    ) -> Partition {
        let disk = directories[index].disk
        do throws(LogError) {
            let log =
                if let recovery {
                    try openLog(id, topicID, config.log, in: index, from: recovery)
                } else {
                    try createLog(id, topicID, config.log, in: index)
                }
            directories[index].partitionCount += 1
            let partition = Partition(
                id: id, topicID: topicID, disk: disk, log: log, leaderEpoch: leaderEpoch,
                writeCaching: config.writeCaching)
            upkeep.add(partition)
            // So that its directory is there for good before anyone asks, and a stop in order has nothing to
            // wait for.
            requestSync(of: partition)
            return partition
        } catch {
            noteFailure(error, of: id.partition, topicID, disk, recovery: recovery)
            return offline(id, topicID, disk, leaderEpoch, "\(error)")
        }
    }

    /// Makes a log. One of that name that is in the way belongs to nobody any more, and is set aside.
    func createLog(
        _ id: TopicPartition, _ topicID: TopicID, _ config: LogConfig, in index: Int
    ) throws(LogError) -> Log {
        forgetCheckpoints(of: id, in: index)
        let disk = directories[index].disk.disk
        let time = now.timestamp
        do throws(LogError) {
            return try Log.create(disk: disk, topicPartition: id, topicID: topicID, config: config, now: time)
        } catch {
            guard case .disk(let inner) = error, inner.reason == .exists else { throw error }
            setAside(id, topicID, in: index, isDeleted: false, "it lay where a new partition belongs")
            return try Log.create(disk: disk, topicPartition: id, topicID: topicID, config: config, now: time)
        }
    }

    private func offline(
        _ id: TopicPartition, _ topic: TopicID, _ disk: BrokerDisk, _ leaderEpoch: LeaderEpoch, _ why: String
    ) -> Partition {
        log(
            .error, "A partition could not be started.",
            [("topic", id.topic), ("partition", String(id.partition)), ("reason", why)])
        let partition = Partition(
            offline: id, topicID: topic, disk: disk, leaderEpoch: leaderEpoch, reason: why)
        upkeep.add(partition)
        return partition
    }

    /// The directory by its id; for one not chosen yet that with the fewest partitions among those that may
    /// be written.
    func directoryIndex(for place: UUID128?) -> Int? {
        if let place, place != ReplicaDirectory.unassigned, place != ReplicaDirectory.migrating {
            return directories.firstIndex { $0.disk.directoryID == place && $0.disk.standing != .offline }
        }
        func best(_ isAllowed: (BrokerDisk.Standing) -> Bool) -> Int? {
            directories.indices.filter { isAllowed(directories[$0].disk.standing) }
                .min { directories[$0].partitionCount < directories[$1].partitionCount }
        }
        return best { $0 == .open || $0 == .throttled } ?? best { $0 != .offline }
    }

    /// Tells the controller where the replicas went (KIP-858).
    private func report(_ assigned: [DirectoryAssignment]) {
        if assigned.isEmpty { return }
        insist(.setDirectories(broker.config.nodeID, epoch: brokerEpoch, assigned))
    }

    // MARK: - Going away

    private func remove(_ id: TopicID, _ steps: inout Int) -> Bool {
        guard var topic = running.removeValue(forKey: id) else { return true }
        awaitingSpace[id] = nil
        if let published = topic.published {
            topic.published = nil
            broker.topology.update { $0.remove(published) }
            upkeep.topicRemoved(id)
        }
        while steps > 0, let partition = topic.partitions.popLast() {
            steps -= 1
            delete(partition)
        }
        if topic.partitions.isEmpty { return true }
        running[id] = topic
        return false
    }

    /// The directory is renamed now and removed later: what is being sent from its files may end in peace.
    private func delete(_ partition: Partition) {
        guard partition.isHere else { return }
        upkeep.remove(partition)
        let (loops, log) = partition.takeOffline("the topic was deleted")
        wake(loops, for: partition)
        guard let index = directories.firstIndex(where: { $0.disk === partition.disk }) else { return }
        guard let directory = directories[index].directory, partition.disk.standing != .offline else {
            return
        }
        do throws(DiskError) {
            guard directory.disk.exists(partition.id.description) else { return }
            let name = try directory.markDeleted(partition.id, topicID: partition.topicID)
            if log != nil { directories[index].partitionCount -= 1 }
            let delay = log?.config.fileDeleteDelayMs ?? 0
            removals.add(name, in: index, due: now.instant.adding(milliseconds: delay))
        } catch {
            self.log(
                .error, "A deleted partition's directory could not be renamed.",
                [
                    ("topic", partition.id.topic), ("partition", String(partition.id.partition)),
                    ("reason", "\(error)"),
                ])
            failed(partition.disk, error)
        }
    }

    // MARK: - Configurations

    /// Of this broker, as committed.
    var effectiveConfigs: EffectiveConfigs {
        EffectiveConfigs(
            image: image, broker: broker.config.nodeID,
            staticProperties: broker.config.properties)
    }

    /// Brokers' values are the topics' defaults.
    private static func changesDefaults(_ record: MetadataRecord) -> Bool {
        switch record {
        case .configSet(let resource, _, _), .configRemoved(let resource, _): resource.kind == .broker
        default: false
        }
    }
}
