import CommitLog
import Metadata
import Ports
import Synchronization
import Vocabulary

/// Opening every partition that the metadata says is here, and setting aside what it does not know.
extension ControlLoop {
    struct Job: Sendable {
        let id: TopicPartition
        let topicID: TopicID
        let state: PartitionState
        let config: TopicConfig
        /// Nil: its directory is not there.
        let directory: Int?
        let exists: Bool
        let isHere: Bool
        let recovery: RecoveryStart
        let disk: any Disk

        func run(now: Timestamp) -> Opened {
            do throws(LogError) {
                if exists {
                    let (log, report) = try Log.open(
                        disk: disk, topicPartition: id, topicID: topicID, config: config.log, start: recovery,
                        now: now)
                    return .log(log, report)
                }
                let log = try Log.create(
                    disk: disk, topicPartition: id, topicID: topicID, config: config.log, now: now)
                return .log(log, nil)
            } catch {
                return .failed(error)
            }
        }
    }

    enum Opened: Sendable {
        case log(Log, RecoveryReport?)
        case failed(LogError)
    }

    func openPartitions(
        _ history: History, _ inParallel: (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
    ) {
        topicConfigs = TopicConfigs(effectiveConfigs)
        upkeep.configure(topicConfigs, now: now)
        let places = survivors(history)
        var jobs: [Job] = []
        var assigned: [DirectoryAssignment] = []
        for topic in image.topicsByName {
            let config = topicConfigs.config(of: topic.name, in: image)
            for (index, state) in image.partitions(of: topic).enumerated() {
                jobs.append(job(topic, Int32(index), state, config, places, &assigned))
            }
        }
        let time = now.timestamp
        let outcomes = Outcomes(count: jobs.count)
        let work = jobs
        inParallel(jobs.count) { index in
            if work[index].directory != nil { outcomes.set(index, work[index].run(now: time)) }
        }
        commitRecovered(work, outcomes, inParallel)
        var summary = RecoverySummary()
        for (index, job) in jobs.enumerated() { bringUp(job, outcomes.take(index), history, &summary) }
        publishAll()
        for line in summary.lines { emit(.log(line)) }
        let isClean = directories.allSatisfy { $0.directory?.wasClean ?? true }
        if !jobs.isEmpty { emit(.log(summary.line(partitions: jobs.count, isClean: isClean))) }
        if !assigned.isEmpty {
            submit(.setDirectories(broker.config.nodeID, epoch: brokerEpoch, assigned)) { _ in }
        }
    }

    private func job(
        _ topic: TopicState, _ index: Int32, _ state: PartitionState, _ config: TopicConfig,
        _ places: [TopicPartition: [Int]], _ assigned: inout [DirectoryAssignment]
    ) -> Job {
        let id = TopicPartition(topic: topic.name, partition: index)
        guard state.replicas.contains(broker.config.nodeID) else {
            for twin in places[id] ?? [] {
                setAside(id, topic.id, in: twin, isDeleted: false, "it is another broker's")
            }
            return Job(
                id: id, topicID: topic.id, state: state, config: config, directory: nil, exists: false, isHere: false,
                recovery: RecoveryStart(), disk: directories[0].disk.disk)
        }
        let place = state.directory(on: broker.config.nodeID)
        let found = places[id] ?? []
        // Where it lies counts for more than where it was meant to lie: the broker may have stopped before it
        // said so.
        let there = found.first { directories[$0].disk.directoryID == place } ?? found.first
        let directory = there ?? directoryIndex(for: place)
        if let directory {
            directories[directory].partitionCount += 1
            if directories[directory].disk.directoryID != place {
                assigned.append(
                    DirectoryAssignment(
                        partition: TopicIDPartition(topic: topic.id, partition: index),
                        directory: directories[directory].disk.directoryID))
            }
        }
        for twin in found where twin != there {
            setAside(id, topic.id, in: twin, isDeleted: false, "it lies in another log directory too")
        }
        let home = directories[directory ?? 0]
        return Job(
            id: id, topicID: topic.id, state: state, config: config, directory: directory,
            exists: there != nil, isHere: true,
            recovery: home.directory?.recoveryStart(of: id) ?? RecoveryStart(), disk: home.disk.disk)
    }

    /// The partitions that lie here and belong to topics that there are: by name, in which directories.
    private func survivors(_ history: History) -> [TopicPartition: [Int]] {
        var places: [TopicPartition: [Int]] = [:]
        for index in directories.indices {
            guard let directory = directories[index].directory else { continue }
            do throws(DiskError) {
                for id in try directory.partitions() where id != QuorumLog.topicPartition {
                    if let topic = image.topic(named: id.topic), id.partition < topic.partitionCount {
                        places[id, default: []].append(index)
                    } else {
                        let topic = try directory.topicID(of: id)
                        setAside(
                            id, topic ?? .zero, in: index,
                            isDeleted: topic.map(history.deleted.contains) ?? false,
                            "there is no such topic")
                    }
                }
            } catch {
                failed(directories[index].disk, error)
            }
        }
        return places
    }

    /// Renames a directory that is in the way: for removal when its topic was deleted, else so that nothing
    /// is lost.
    func setAside(_ id: TopicPartition, _ topic: TopicID, in index: Int, isDeleted: Bool, _ why: String) {
        guard let directory = directories[index].directory else { return }
        do throws(DiskError) {
            if isDeleted {
                _ = try directory.markDeleted(id, topicID: topic)
                return
            }
            try directory.markStray(id, topicID: topic)
            log(
                .warning, "Set a stray partition directory aside.",
                [
                    ("log.dir", directory.disk.name), ("topic", id.topic),
                    ("partition", String(id.partition)),
                    ("topic.id", topic.description), ("reason", why),
                ])
        } catch {
            failed(directories[index].disk, error)
        }
    }

    // MARK: - What came of it

    private func bringUp(_ job: Job, _ outcome: Opened?, _ history: History, _ summary: inout RecoverySummary) {
        guard job.isHere else {
            let partition = Partition(elsewhere: job.id, topicID: job.topicID, disk: directories[0].disk)
            running[job.topicID, default: RunningTopic(name: job.id.topic, id: job.topicID)].partitions.append(partition)
            return
        }
        let partition: Partition
        if let index = job.directory, let outcome, directories[index].disk.standing != .offline {
            partition = bringUp(job, outcome, in: index, history, &summary)
        } else {
            partition = offline(job, "its log directory is not there")
        }
        upkeep.add(partition)
        running[job.topicID, default: RunningTopic(name: job.id.topic, id: job.topicID)].partitions.append(
            partition)
    }

    private func bringUp(
        _ job: Job, _ outcome: Opened, in index: Int, _ history: History, _ summary: inout RecoverySummary
    ) -> Partition {
        let disk = directories[index].disk
        switch outcome {
        case .log(let log, let report):
            if let report { summary.add(report, job.id) } else { summary.addMissing(job.id) }
            if let mark = directories[index].written[.highWatermark]?[job.id], log.endOffset < mark {
                summary.addLoss(job.id, endOffset: log.endOffset, highWatermark: mark)
            }
            return Partition(
                id: job.id, topicID: job.topicID, disk: disk, log: log, leaderEpoch: job.state.leaderEpoch,
                writeCaching: job.config.writeCaching)
        case .failed(.inconsistentTopicID(_, _, let found)):
            // Left over from a topic of the same name.
            setAside(
                job.id, found, in: index, isDeleted: history.deleted.contains(found),
                "it is of another topic of that name")
            do throws(LogError) {
                let log = try createLog(job.id, job.topicID, job.config.log, in: index)
                return bringUp(job, .log(log, RecoveryReport()), in: index, history, &summary)
            } catch {
                directories[index].partitionCount -= 1
                noteFailure(error, of: job.id.partition, job.topicID, disk, recovery: nil)
                return offline(job, "\(error)")
            }
        case .failed(let error):
            directories[index].partitionCount -= 1
            noteFailure(error, of: job.id.partition, job.topicID, disk, recovery: job.exists ? job.recovery : nil)
            return offline(job, "\(error)")
        }
    }

    private func offline(_ job: Job, _ why: String) -> Partition {
        log(
            .error, "A partition's log cannot be used; the partition is offline.",
            [("topic", job.id.topic), ("partition", String(job.id.partition)), ("reason", why)])
        return Partition(
            offline: job.id, topicID: job.topicID, disk: directories[job.directory ?? 0].disk,
            leaderEpoch: job.state.leaderEpoch, reason: why)
    }

    private func publishAll() {
        var topics: [Topic] = []
        for id in running.keys.sorted() {
            let topic = running[id]!
            let shown = Topic(
                name: topic.name, id: id,
                config: topicConfigs.config(of: topic.name, in: image),
                partitions: topic.partitions)
            running[id]!.published = shown
            upkeep.topicChanged(id, shown.config)
            topics.append(shown)
        }
        broker.topology.update { topology in
            topology.image = image
            for topic in topics { topology.insert(topic) }
        }
    }

    /// Written by many threads, each in its own place.
    final class Outcomes: Sendable {
        private let values: Mutex<[Opened?]>

        init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

        func set(_ index: Int, _ value: Opened) { values.withLock { $0[index] = value } }

        func log(_ index: Int) -> Log? {
            values.withLock { if case .log(let log, _)? = $0[index] { log } else { nil } }
        }

        func take(_ index: Int) -> Opened? {
            values.withLock { values in
                defer { values[index] = nil }
                return values[index]
            }
        }
    }
}
