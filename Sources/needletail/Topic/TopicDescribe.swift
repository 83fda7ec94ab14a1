import ArgumentParser
import Client
import Messages
import Vocabulary

struct TopicDescribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Show partitions, leaders, offsets and configuration of topics.",
        discussion: """
            Configurations at their default are left out unless --all-configs is given.

            Examples:
              needletail topic describe orders
              needletail topic describe orders --all-configs --json
            """)

    @Argument(help: "Names of the topics; all by default.") var names: [String] = []
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Configurations at their default too.") var allConfigs = false
    @Flag(help: "Print JSON, one line for each topic.") var json = false

    func run() throws {
        let session = AdminSession(connection)
        let view = try asking { try session.refresh(topics: names.isEmpty ? nil : names) }
        let wanted = names.isEmpty ? view.topics.filter { !$0.value.isInternal }.keys.sorted() : names
        var failed = false
        var known: [String] = []
        for name in wanted {
            let error = view.topics[name]?.error ?? .unknownTopicOrPartition
            if error == .none {
                known.append(name)
            } else {
                failed = true
                complain("error: \(topicProblem(name, error, nil))")
            }
        }
        let starts = try offsets(session, view, known, timestamp: -2)
        let ends = try offsets(session, view, known, timestamp: -1)
        let configs = try configs(session, known)
        for name in known {
            let topic = view.topics[name]!
            if json {
                print(asJSON(name, topic, starts, ends, configs[name] ?? []))
            } else {
                printText(name, topic, starts, ends, configs[name] ?? [])
            }
        }
        if failed { throw ExitCode.failure }
    }

    private typealias Config = DescribeConfigsResponse.DescribeConfigsResourceResult

    private func configs(_ session: AdminSession, _ names: [String]) throws -> [String: [Config]] {
        guard !names.isEmpty else { return [:] }
        let response = try asking { try session.call(AdminRequests.describeTopicConfigs(names), to: .any) }
        var result: [String: [Config]] = [:]
        for answer in response.results {
            // Source 1 is "set on the topic"; 5 is Kafka's own default.
            result[answer.resourceName] = answer.configs.filter { allConfigs || $0.configSource == 1 }
                .sorted { $0.name < $1.name }
        }
        return result
    }

    /// A partition whose leader does not answer has no entry.
    private func offsets(
        _ session: AdminSession, _ view: ClusterView, _ names: [String], timestamp: Int64
    ) throws -> [TopicPartition: Int64] {
        var byLeader: [BrokerID: [ListOffsetsRequest.ListOffsetsTopic]] = [:]
        for name in names {
            for (index, partition) in view.topics[name]!.partitions.enumerated()
            where partition.leader != .none {
                var topic = ListOffsetsRequest.ListOffsetsTopic()
                topic.name = name
                var place = ListOffsetsRequest.ListOffsetsPartition()
                place.partitionIndex = Int32(index)
                place.timestamp = timestamp
                topic.partitions = [place]
                if byLeader[partition.leader]?.last?.name == name {
                    byLeader[partition.leader]![byLeader[partition.leader]!.count - 1].partitions.append(
                        place)
                } else {
                    byLeader[partition.leader, default: []].append(topic)
                }
            }
        }
        var found: [TopicPartition: Int64] = [:]
        for leader in byLeader.keys.sorted() {
            var request = ListOffsetsRequest()
            request.replicaId = -1
            request.topics = byLeader[leader]!
            guard let response = try? session.call(request, to: .broker(leader), versionMax: 7) else {
                continue
            }
            for topic in response.topics {
                for part in topic.partitions where part.errorCode == 0 {
                    found[TopicPartition(topic: topic.name, partition: part.partitionIndex)] = part.offset
                }
            }
        }
        return found
    }

    private func printText(
        _ name: String, _ topic: ClusterView.Topic, _ starts: [TopicPartition: Int64],
        _ ends: [TopicPartition: Int64], _ configs: [Config]
    ) {
        let id = topic.id == .zero ? "" : "  id \(topic.id)"
        print("\(name)\(id)  \(count(topic.partitions.count, "partition"))")
        for config in configs { print("  \(config.name)=\(config.value ?? "(hidden)")") }
        var rows = [["partition", "leader", "epoch", "replicas", "isr", "start", "end"]]
        for (index, partition) in topic.partitions.enumerated() {
            let place = TopicPartition(topic: name, partition: Int32(index))
            rows.append([
                "\(index)", partition.leader == .none ? "none" : "\(partition.leader)",
                "\(partition.leaderEpoch)",
                partition.replicas.map(String.init).joined(separator: ","),
                partition.isr.map(String.init).joined(separator: ","),
                starts[place].map(String.init) ?? "-", ends[place].map(String.init) ?? "-",
            ])
        }
        printTable(rows, indent: 2)
    }

    private func asJSON(
        _ name: String, _ topic: ClusterView.Topic, _ starts: [TopicPartition: Int64],
        _ ends: [TopicPartition: Int64], _ configs: [Config]
    ) -> JSON {
        let partitions = topic.partitions.enumerated().map { index, partition in
            let place = TopicPartition(topic: name, partition: Int32(index))
            return JSON.object([
                ("partition", .int(Int64(index))), ("leader", .int(Int64(partition.leader.value))),
                ("leaderEpoch", .int(Int64(partition.leaderEpoch.value))),
                ("replicas", .ints(partition.replicas)),
                ("isr", .ints(partition.isr)), ("start", starts[place].map(JSON.int) ?? .null),
                ("end", ends[place].map(JSON.int) ?? .null),
            ])
        }
        return .object([
            ("topic", .string(name)), ("id", .string("\(topic.id)")), ("internal", .bool(topic.isInternal)),
            ("configs", .object(configs.map { ($0.name, $0.value.map(JSON.string) ?? .null) })),
            ("partitions", .array(partitions)),
        ])
    }
}

/// Rows in columns; numbers to the right.
func printTable(_ rows: [[String]], indent: Int = 0) {
    guard let first = rows.first else { return }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
        var line = String(repeating: " ", count: indent)
        for (column, cell) in row.enumerated() {
            let pad = String(repeating: " ", count: widths[column] - cell.count)
            line += column == 0 ? cell + pad : "  " + pad + cell
        }
        print(line)
    }
}
