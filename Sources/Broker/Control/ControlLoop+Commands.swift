import HashTreeCollections
import Metadata
import Ports
import Vocabulary

/// The way of a command: to the quorum's leader, and back with what came of it; brought about here, answered.
extension ControlLoop {
    /// Has the controller decide a command, and calls `finish` once what came of it is committed and runs here.
    func submit(
        _ command: MetadataCommand, deadline: Instant? = nil, finish: @escaping (CommandOutcome) -> Void
    ) {
        if let failure = quorumFailure { return finish(.refused(Self.storageError(failure))) }
        let id = held.begin(HeldReply(deadline: deadline, finish: finish))
        emit(.post(.quorum(.command(id: id, command)), to: .quorum))
    }

    /// Says of this broker what the controller must know, again as often as the leader is lost meanwhile, until the broker registers
    /// anew.
    func insist(_ command: MetadataCommand) {
        let epoch = brokerEpoch
        submit(command) { [unowned self] outcome in
            guard case .refused(let error) = outcome, error.code == QuorumNews.noLeader.code,
                epoch == brokerEpoch,
                !isStopped
            else { return }
            insist(command)
        }
    }

    /// What the quorum has to tell.
    func heard(_ news: QuorumNews) {
        switch news {
        case .committed(let image, let records, let offset): committed(image, records, offset)
        case .replaced(let image): replaced(by: image)
        case .commandEnded(let id, let outcome): commandEnded(id, outcome)
        case .joined(let epoch, let image): joined(epoch: epoch, image)
        case .joinRefused(let error): joinRefused(error)
        case .leader(let id): broker.topology.update { $0.controller = id }
        case .adminEnded(let id, let result): broker.admin.ended(id, result)
        case .failed(let why): quorumFailed(why)
        }
    }

    private func committed(_ image: ClusterImage, _ records: [MetadataRecord], _ offset: Offset) {
        self.image = image
        imageOffset = offset
        guard startup == nil else {
            for record in records { startup?.history.note(record) }
            return
        }
        broker.topology.update { $0.image = image }
        noteChanges(records)
        reconcile()
    }

    /// Too much has happened to be told one by one: everything is looked at.
    private func replaced(by image: ClusterImage) {
        self.image = image
        imageOffset = image.lastOffset + 1
        guard startup == nil else { return }
        broker.topology.update { $0.image = image }
        topicConfigs = TopicConfigs(effectiveConfigs)
        upkeep.configure(topicConfigs, now: now)
        for id in Set(running.keys).union(image.topics.keys).sorted() { reconciling.add(id) }
        reconcile()
    }

    private func commandEnded(_ id: UInt64, _ outcome: MetadataOutcome) {
        guard let reply = held.take(id) else { return }  // Nobody waits any more.
        switch outcome {
        case .success(let result):
            let topics = topics(of: result).filter { reconciling.contains($0) }
            if topics.isEmpty { reply.end(.done(result)) } else { held.wait(reply, result, topics) }
        case .failure(let error): reply.end(.refused(error))
        }
    }

    /// The topics that a command changed.
    private func topics(of reply: MetadataReply) -> Set<TopicID> {
        switch reply {
        case .topicsCreated(let topics): Set(topics.filter { $0.error == nil }.map(\.id))
        case .topicsDeleted(let topics): Set(topics.filter { $0.error == nil }.map(\.id))
        case .partitionsCreated(let topics):
            Set(topics.filter { $0.error == nil }.compactMap { image.topicIDs[$0.topic] })
        case .configsAltered(let results):
            Set(
                results.filter { $0.error == nil && $0.resource.kind == .topic }.compactMap {
                    image.topicIDs[$0.resource.name]
                })
        case .done, .brokerRegistered, .producerIDsAllocated, .partitionsAltered, .directoriesSet: []
        }
    }

    func expireReplies() {
        for reply in held.takeExpired(at: now.instant) { reply.end(.timedOut) }
    }

    private func quorumFailed(_ why: String) {
        quorumFailure = why
        for reply in held.takeUnanswered() { reply.end(.refused(Self.storageError(why))) }
        if let startup, !startup.isJoined {
            emit(.startFailed(StartError(Self.quorumFailureText(why))))
        }
    }

    static func storageError(_ why: String) -> MetadataError {
        MetadataError(.kafkaStorageError, quorumFailureText(why))
    }

    /// A partition's file may have failed there, and not the metadata log's own.
    private static func quorumFailureText(_ why: String) -> String {
        "The log directory that holds the metadata log failed: \(why)"
    }
}
