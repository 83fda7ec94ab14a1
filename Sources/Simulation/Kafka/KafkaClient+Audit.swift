import Messages
import Vocabulary

/// What a Kafka client reads at the end: everything, of every broker.
extension KafkaClient {
    enum Audit {
        case topics(HostID)
        case configs(HostID)
        /// The first broker to tell says what partitions there are.
        case partitions(HostID)
        case records(PartitionLedger.Place, from: Int64, at: HostID)
    }

    /// All brokers run and are up to date, and nothing changes any more.
    package func beginAudit() {
        audits = servers.flatMap { [.topics($0), .configs($0)] } + [.partitions(servers[0])]
        wakeNow()
    }

    func audit() {
        switch audits[0] {
        case .topics(let server):
            guard isConnected(to: server) else { return }
            askMetadata(at: server, isFinal: true) { self.audits.removeFirst() }
        case .configs(let server):
            guard isConnected(to: server) else { return }
            readConfigs(at: server)
        case .partitions(let server):
            guard isConnected(to: server) else { return }
            askMetadata(at: server) { self.listPartitions() }
        case .records(let place, let start, let leader):
            guard isConnected(to: leader) else { return }
            fetch(place, from: start, at: leader) { self.read(to: $0, place, start, leader) }
        }
    }

    private func listPartitions() {
        var places: [Audit] = []
        for name in options.names {
            guard let topic = workload.topics[name] else { continue }
            for (index, leader) in topic.leaders.enumerated() {
                guard let leader else {  // Not yet: it asks again.
                    return world.note(place, "finds no leader of", text: "\(name)-\(index)")
                }
                places.append(.records(.init(topic: topic.id, partition: Int32(index)), from: 0, at: leader))
            }
        }
        audits = places
    }

    private func read(to end: Int64?, _ place: PartitionLedger.Place, _ start: Int64, _ leader: HostID) {
        guard let end else { return }
        if end > start {
            audits[0] = .records(place, from: end, at: leader)
        } else {
            // `checkEnd` has seen to it that nothing is missing behind.
            workload.hold(
                Self.kept, client: number,
                workload.ledger.checkEnd(end, known: workload.ledger.end(of: place), place))
            audits.removeFirst()
        }
    }

    private func readConfigs(at server: HostID) {
        var request = DescribeConfigsRequest()
        request.resources = options.names.map { name in
            var resource = DescribeConfigsRequest.DescribeConfigsResource()
            resource.resourceType = 2  // A topic.
            resource.resourceName = name
            resource.configurationKeys = [Self.retention]
            return resource
        }
        let asked = world.now
        ask(request, version: 4, at: server) { reply in
            for result in reply.results { self.noteFinal(result, asked) }
            self.audits.removeFirst()
        }
    }

    private func noteFinal(_ result: DescribeConfigsResponse.DescribeConfigsResult, _ asked: Instant) {
        let outcome: TopicOutcome
        switch ErrorCode(rawValue: result.errorCode) {
        case .some(.none):
            let config = result.configs.first { $0.name == Self.retention }
            let isOwn = config?.configSource == 1  // Of the topic itself.
            outcome = .foundRetention(isOwn ? config?.value.flatMap { Int64($0) } : nil)
        case .unknownTopicOrPartition: outcome = .failed(.unknownTopic)
        default: return
        }
        workload.history.note(
            client: number, result.resourceName, .read, outcome, invoked: asked, at: world.now)
    }
}
