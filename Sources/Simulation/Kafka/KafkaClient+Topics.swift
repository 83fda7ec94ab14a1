import Messages
import Vocabulary
import Wire

/// What a Kafka client does to topics, and what it is told of them.
extension KafkaClient {
    var options: KafkaOptions { workload.options }

    func askSomething() {
        if world.workload.once(in: 40) { drop(home, "it lets go") }
        let pick = Int.random(in: 0..<100, using: &world.workload)
        if options.produces {
            if pick < 45 { return produce() }
            if pick < 60 { return fetchSomething() }
        }
        guard isConnected(to: home) else { return }
        switch pick {
        case ..<70: askMetadata(at: home)
        case ..<82: createTopic()
        case ..<88: options.deletes ? deleteTopic() : askMetadata(at: home)
        case ..<93: options.addsPartitions ? addPartitions() : createTopic()
        default: options.altersConfigs ? setRetention() : askMetadata(at: home)
        }
    }

    private func anyName() -> String { options.names.randomElement(using: &world.workload)! }

    /// Never so short that anything is deleted for it, and never the same twice.
    private func anyRetention() -> Int64 { 1_000_000_000 + workload.takeValue() }

    // MARK: - Changes

    private func createTopic() {
        var topic = CreateTopicsRequest.CreatableTopic()
        topic.name = anyName()
        topic.numPartitions = Int32.random(in: 1...3, using: &world.workload)
        topic.replicationFactor = 1
        var retention: Int64?
        if options.altersConfigs, world.workload.once(in: 2) {
            retention = anyRetention()
            var config = CreateTopicsRequest.CreatableTopicConfig()
            config.name = Self.retention
            config.value = String(retention!)
            topic.configs = [config]
        }
        var request = CreateTopicsRequest()
        request.topics = [topic]
        request.timeoutMs = 5000
        let name = topic.name
        change(name, .create(partitions: topic.numPartitions, retention: retention), request, version: 7) {
            reply in
            guard let result = reply.topics.first else { return nil }
            if result.errorCode == 0 {
                self.workload.count(\.created)
                self.workload.hold(
                    "a topic's id is its own", client: self.number,
                    self.workload.views.made(result.topicId, name))
                return .created(result.topicId)
            }
            return Self.outcome(result.errorCode)
        }
    }

    private func deleteTopic() {
        let name = anyName()
        var request = DeleteTopicsRequest()
        request.timeoutMs = 5000
        var state = DeleteTopicsRequest.DeleteTopicState()
        if options.usesIDs {
            guard let topic = workload.topics[name] else { return askMetadata(at: home) }
            state.topicId = topic.id
        } else {
            state.name = name
        }
        request.topics = [state]
        change(name, .delete(id: options.usesIDs ? state.topicId : nil), request, version: 6) { reply in
            guard let code = reply.responses.first?.errorCode else { return nil }
            if code == 0 { self.workload.count(\.deleted) }
            return Self.outcome(code)
        }
    }

    private func addPartitions() {
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = anyName()
        topic.count = Int32.random(in: 1...5, using: &world.workload)
        topic.assignments = nil
        var request = CreatePartitionsRequest()
        request.topics = [topic]
        request.timeoutMs = 5000
        change(topic.name, .addPartitions(total: topic.count), request, version: 3) {
            $0.results.first.flatMap { Self.outcome($0.errorCode) }
        }
    }

    private func setRetention() {
        let retention: Int64? = world.workload.once(in: 4) ? nil : anyRetention()
        var config = IncrementalAlterConfigsRequest.AlterableConfig()
        config.name = Self.retention
        config.configOperation = retention == nil ? 1 : 0  // Delete, set.
        config.value = retention.map { String($0) }
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = 2  // A topic.
        resource.resourceName = anyName()
        resource.configs = [config]
        var request = IncrementalAlterConfigsRequest()
        request.resources = [resource]
        change(resource.resourceName, .setRetention(retention), request, version: 1) {
            $0.responses.first.flatMap { Self.outcome($0.errorCode) }
        }
    }

    static let retention = "retention.ms"

    /// Asks for a change of one topic; what became of it goes into the history, unless that stays open.
    private func change<Request: RequestMessage>(
        _ name: String, _ step: TopicStep, _ request: Request, version: Int16,
        _ outcome: @escaping (Request.Response) -> TopicOutcome?
    ) {
        let record = workload.history.begin(client: number, name, step, at: world.now)
        world.note(place, "asks", text: "\(name): \(step)")
        ask(request, version: version, at: home) { reply in
            let outcome = outcome(reply)
            self.world.note(
                self.place, "told", text: "\(name): \(outcome.map { "\($0)" } ?? "nothing certain")")
            guard let outcome else { return }
            self.workload.history.finish(record, outcome, at: self.world.now)
            self.decidedAt = self.world.now
        }
    }

    /// - Returns: nil where it may still come to pass, and where it was refused for what the model does not know.
    private static func outcome(_ code: Int16) -> TopicOutcome? {
        switch ErrorCode(rawValue: code) {
        case .some(.none): .done
        case .topicAlreadyExists: .failed(.exists)
        case .unknownTopicOrPartition, .unknownTopicId: .failed(.unknownTopic)
        case .invalidPartitions: .failed(.invalidPartitions)
        default: nil
        }
    }

    // MARK: - Metadata

    /// - Parameter isFinal: the broker is up to date, so what it shows is what all have agreed on.
    func askMetadata(at server: HostID, isFinal: Bool = false, _ then: (() -> Void)? = nil) {
        var request = MetadataRequest()
        request.topics = nil
        request.allowAutoTopicCreation = false
        let asked = world.now
        ask(request, version: 12, at: server) { reply in
            let topics = reply.topics.compactMap { topic in
                topic.name.map {
                    BrokerViews.Topic(id: topic.topicId, name: $0, partitions: Int32(topic.partitions.count))
                }
            }
            self.workload.hold(
                "a broker's view of the topics goes forward", client: self.number,
                self.workload.views.saw(topics, of: server.number, askedAt: asked, answeredAt: self.world.now)
            )
            self.workload.topics = [:]
            for topic in reply.topics {
                guard let name = topic.name else { continue }
                let leaders = topic.partitions.sorted { $0.partitionIndex < $1.partitionIndex }.map {
                    $0.errorCode == 0 ? HostID.broker(Int($0.leaderId)) : nil
                }
                self.workload.topics[name] = .init(id: topic.topicId, leaders: leaders)
            }
            if isFinal { self.noteFinal(topics, asked) }
            then?()
        }
    }

    private func noteFinal(_ topics: [BrokerViews.Topic], _ asked: Instant) {
        for name in options.names {
            let topic = topics.first { $0.name == name }
            workload.history.note(
                client: number, name, .read,
                topic.map { .found($0.id, partitions: $0.partitions) } ?? .failed(.unknownTopic),
                invoked: asked,
                at: world.now)
        }
    }
}
