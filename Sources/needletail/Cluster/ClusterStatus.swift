import ArgumentParser
import Client
import Messages
import Vocabulary

struct ClusterStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say in a few lines how the cluster is.",
        discussion: """
            The exit code is 1 when a broker is fenced, a partition has no leader, or a voter is not heard of.

            Examples:
              needletail cluster status
              needletail cluster status --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    /// A voter that was not heard of for so long is missing.
    private static var silentMaxMs: Int64 { 5000 }

    func run() throws {
        let session = AdminSession(connection)
        let view = try asking { try session.refresh(topics: nil) }
        let cluster = try asking { try session.call(AdminRequests.describeCluster(includeFenced: true), to: .any) }
        let quorum = try QuorumView(session)
        let fenced = cluster.brokers.filter(\.isFenced).map(\.brokerId)
        let partitions = view.topics.values.flatMap(\.partitions)
        let leaderless = partitions.filter { $0.leader == .none }.count
        let newest = quorum.partition.currentVoters.map(\.lastFetchTimestamp).max() ?? -1
        let silent = quorum.partition.currentVoters.filter { newest - $0.lastFetchTimestamp > Self.silentMaxMs }.map(\.replicaId)
        if json {
            print(
                JSON.object([
                    ("clusterId", .string(cluster.clusterId)), ("controller", .int(Int64(cluster.controllerId))),
                    ("brokers", .int(Int64(cluster.brokers.count))), ("fencedBrokers", .ints(fenced)),
                    ("quorumLeader", .int(Int64(quorum.partition.leaderId))),
                    ("leaderEpoch", .int(Int64(quorum.partition.leaderEpoch))),
                    ("voters", .ints(quorum.partition.currentVoters.map(\.replicaId))), ("silentVoters", .ints(silent)),
                    ("topics", .int(Int64(view.topics.count))), ("partitions", .int(Int64(partitions.count))),
                    ("leaderlessPartitions", .int(Int64(leaderless))),
                ]))
        } else {
            print("cluster     \(cluster.clusterId)")
            print("brokers     \(count(cluster.brokers.count, "broker"))\(list(fenced, "fenced"))")
            let voters = quorum.partition.currentVoters.count
            print(
                "quorum      broker \(quorum.partition.leaderId) leads \(count(voters, "voter")) since epoch "
                    + "\(quorum.partition.leaderEpoch)\(list(silent, "silent"))")
            print(
                "partitions  \(partitions.count) of \(count(view.topics.count, "topic"))"
                    + (leaderless == 0 ? ", all with a leader" : ", \(leaderless) WITHOUT A LEADER"))
        }
        if !fenced.isEmpty || !silent.isEmpty || leaderless > 0 { throw ExitCode.failure }
    }

    private func list(_ ids: [Int32], _ what: String) -> String {
        ids.isEmpty ? "" : "; \(what.uppercased()): \(ids.map(String.init).joined(separator: ", "))"
    }
}

struct ClusterBrokers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "brokers", abstract: "List the brokers, and which of them is the controller.",
        discussion: """
            Examples:
              needletail cluster brokers
              needletail cluster brokers --fenced --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Brokers that are away too.") var fenced = false
    @Flag(help: "Print JSON, one line for each broker.") var json = false

    func run() throws {
        let session = AdminSession(connection)
        let response = try asking { try session.call(AdminRequests.describeCluster(includeFenced: fenced), to: .any) }
        var rows = [["broker", "address", "rack", "state"]]
        for broker in response.brokers.sorted(by: { $0.brokerId < $1.brokerId }) {
            let isController = broker.brokerId == response.controllerId
            if json {
                print(
                    JSON.object([
                        ("id", .int(Int64(broker.brokerId))), ("host", .string(broker.host)),
                        ("port", .int(Int64(broker.port))), ("rack", broker.rack.map(JSON.string) ?? .null),
                        ("fenced", .bool(broker.isFenced)), ("controller", .bool(isController)),
                    ]))
            }
            rows.append([
                "\(broker.brokerId)", "\(broker.host):\(broker.port)", broker.rack ?? "-",
                broker.isFenced ? "fenced" : isController ? "controller" : "up",
            ])
        }
        if !json { printTable(rows) }
    }
}

struct ClusterQuorum: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quorum", abstract: "Show who votes, who only listens, and how far each one's log is.",
        discussion: """
            LAG is in entries of the metadata log; SILENT is how long ago the leader last heard of a replica.

            Examples:
              needletail cluster quorum
              needletail cluster quorum --json
            """)

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON, one line for each replica.") var json = false

    func run() throws {
        let view = try QuorumView(AdminSession(connection))
        let quorum = view.partition
        let replicas =
            quorum.currentVoters.map { ($0, "voter") } + quorum.observers.map { ($0, "observer") }
        let newest = replicas.map(\.0.lastFetchTimestamp).max() ?? -1
        let end = replicas.map(\.0.logEndOffset).max() ?? 0
        var rows = [["replica", "role", "directory", "endpoint", "log end", "lag", "silent"]]
        for (replica, role) in replicas {
            let isLeader = replica.replicaId == quorum.leaderId
            let silent = replica.lastFetchTimestamp < 0 ? nil : newest - replica.lastFetchTimestamp
            if json {
                print(
                    JSON.object([
                        ("id", .int(Int64(replica.replicaId))), ("role", .string(isLeader ? "leader" : role)),
                        ("directoryId", .string("\(replica.replicaDirectoryId)")),
                        ("endpoint", view.endpoint(of: replica.replicaId).map(JSON.string) ?? .null),
                        ("logEndOffset", .int(replica.logEndOffset)), ("lag", .int(end - replica.logEndOffset)),
                        ("silentMs", silent.map(JSON.int) ?? .null),
                        ("leaderEpoch", .int(Int64(quorum.leaderEpoch))),
                        ("highWatermark", .int(quorum.highWatermark)),
                    ]))
            }
            rows.append([
                "\(replica.replicaId)", isLeader ? "leader" : role, "\(replica.replicaDirectoryId)",
                view.endpoint(of: replica.replicaId) ?? "-", "\(replica.logEndOffset)",
                "\(end - replica.logEndOffset)", silent.map { "\($0) ms" } ?? "never heard",
            ])
        }
        if json { return }
        print("epoch \(quorum.leaderEpoch), high watermark \(quorum.highWatermark)")
        printTable(rows)
    }
}
