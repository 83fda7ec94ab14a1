import ArgumentParser
import Client
import Messages
import Vocabulary

typealias Described = [(String, JSON)]

extension ConnectionOptions {
    var described: Described { [("bootstrap", .string(bootstrap))] }
}

/// Which topics carry the load.
struct BenchTopics: ParsableArguments {
    @Option(help: "The topic's name; with --topics several: bench-0, bench-1, ...") var topic = "bench"
    @Option(help: "How many topics.") var topics = 1
    @Option(help: "Partitions of each topic that is created.") var partitions: Int32 = 1
    @Option(help: "Replicas of each partition that is created; the broker's default by default.")
    var replicationFactor: Int16 = -1
    @Option(
        help: ArgumentHelp(
            "A configuration of topics that are created; may be repeated.", valueName: "name=value"))
    var topicConfig: [ConfigPair] = []
    @Flag(help: "Create the topics first, deleting those of the same names.") var createTopic = false
    @Flag(help: "Delete the topics afterwards.") var deleteTopic = false

    func validate() throws {
        if topics < 1 || partitions < 1 {
            throw ValidationError("--topics and --partitions must be at least 1.")
        }
    }

    var names: [String] { topics == 1 ? [topic] : (0..<topics).map { "\(topic)-\($0)" } }

    var described: Described {
        [
            ("topics", .int(Int64(topics))), ("partitions", .int(Int64(partitions))),
            ("topicConfig", .strings(topicConfig.map { "\($0.name)=\($0.value)" })),
        ]
    }

    /// Makes the topics if asked to, and waits until every partition has a leader.
    func prepare(_ connection: ConnectionOptions) throws -> [String] {
        let session = AdminSession(connection)
        if createTopic {
            try delete(session)
            try create(session)
        }
        for _ in 0..<100 {
            let view = try asking { try session.refresh(topics: names) }
            let open = names.filter { name in
                guard let topic = view.topics[name], topic.error == .none else { return true }
                return topic.partitions.isEmpty || topic.partitions.contains { $0.leader == .none }
            }
            if open.isEmpty { return names }
            if !createTopic,
                let name = open.first(where: { view.topics[$0]?.error == .unknownTopicOrPartition })
            {
                throw Failure.failed("topic \(name) does not exist; --create-topic makes it")
            }
        }
        throw Failure.failed("not every partition has a leader")
    }

    func cleanUp(_ connection: ConnectionOptions) throws {
        if deleteTopic { try delete(AdminSession(connection)) }
    }

    private func delete(_ session: AdminSession) throws {
        _ = try asking { try session.call(AdminRequests.deleteTopics(names), versionMax: 5) }
    }

    /// A topic of that name may take a moment to be gone.
    private func create(_ session: AdminSession) throws {
        let configs = topicConfig.map { (name: $0.name, value: $0.value) }
        for attempt in 0... {
            let response = try asking {
                try session.call(
                    AdminRequests.createTopics(
                        names, partitions: partitions, replicationFactor: replicationFactor, configs: configs,
                        validateOnly: false))
            }
            let bad = response.topics.filter { $0.errorCode != 0 }
            guard let first = bad.first else { return }
            let code = ErrorCode.of(first.errorCode)
            let passes = code == .topicAlreadyExists || code.isRetriable
            if !passes || attempt > 50 {
                throw Failure.failed("topic \(first.name): \(ClientError.broker(code, first.errorMessage))")
            }
            if attempt > 0, bad.allSatisfy({ ErrorCode.of($0.errorCode) == .topicAlreadyExists }),
                bad.count < names.count
            {
                return
            }
            _ = try asking { try session.refresh(topics: names) }
            try delete(session)
        }
    }
}
