import ArgumentParser
import Client
import Messages
import Vocabulary

/// `needletail cluster`: the brokers, the quorum that leads them, and changing that quorum.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Look at the cluster and its quorum, and change who votes and who leads.",
        discussion: """
            Examples:
              needletail cluster status
              needletail cluster brokers --fenced
              needletail cluster quorum
              needletail cluster add-voter 4 --directory-id O1yZyXQqRHu1cWrCvCMsJQ --endpoint broker4:9093
              needletail cluster remove-voter 2
              needletail cluster transfer-leadership --to 3
              needletail cluster snapshot
            """,
        subcommands: [
            ClusterStatus.self, ClusterBrokers.self, ClusterQuorum.self, ClusterAddVoter.self,
            ClusterRemoveVoter.self, ClusterTransferLeadership.self, ClusterSnapshot.self,
        ])
}

/// A description of the quorum, as its leader gave it.
struct QuorumView {
    let partition: DescribeQuorumResponse.PartitionData
    let nodes: [DescribeQuorumResponse.Node]

    init(_ session: AdminSession) throws {
        let response = try asking { try session.call(AdminRequests.describeQuorum(), to: .any) }
        let code = ErrorCode.of(response.errorCode)
        guard code == .none else { throw Failure.failed("\(ClientError.broker(code, response.errorMessage))") }
        guard let partition = response.topics.first?.partitions.first else {
            throw Failure.failed("the broker's answer describes no quorum")
        }
        let inner = ErrorCode.of(partition.errorCode)
        guard inner == .none else { throw Failure.failed("\(ClientError.broker(inner, partition.errorMessage))") }
        self.partition = partition
        nodes = response.nodes
    }

    /// Where a voter listens for the others; nil for observers.
    func endpoint(of id: Int32) -> String? {
        nodes.first { $0.nodeId == id }?.listeners.first.map { "\($0.host):\($0.port)" }
    }
}

/// `host:port`, as in `--endpoint`.
struct HostAndPort: ExpressibleByArgument {
    let host: String
    let port: UInt16

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...]), port > 0
        else { return nil }
        self.port = port
        host = String(argument[..<colon].drop { $0 == "[" }.prefix { $0 != "]" })
        if host.isEmpty { return nil }
    }
}
