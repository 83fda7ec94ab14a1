import ArgumentParser
import Client
import Messages
import Vocabulary

struct ClusterAddVoter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-voter", abstract: "Give a broker a vote in the quorum.",
        discussion: """
            The broker must run and have been formatted with --no-initial-voters. It gets its vote once it has caught up.
            Without --directory-id the one that it is registered with is taken.

            Examples:
              needletail cluster add-voter 4 --endpoint broker4:9093
              needletail cluster add-voter 4 --endpoint broker4:9093 --directory-id O1yZyXQqRHu1cWrCvCMsJQ
            """)

    @Argument(help: "The broker's node.id.") var id: Int32
    @Option(help: ArgumentHelp("Where it listens for the other voters.", valueName: "host:port"))
    var endpoint: HostAndPort
    @Option(help: ArgumentHelp("The directory.id in its meta.properties.", valueName: "id"))
    var directoryId: String?
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let session = AdminSession(connection)
        let directory = try directoryId.map(parseDirectory) ?? observer(id, session)
        let request = AdminRequests.addVoter(
            id, directory: directory, host: endpoint.host, port: endpoint.port, timeoutMs: Int32(clamping: connection.requestTimeout))
        let response = try asking { try session.call(request, to: .any) }
        let code = ErrorCode.of(response.errorCode)
        guard code == .none else { throw Failure.failed("broker \(id): \(ClientError.broker(code, response.errorMessage))") }
        print("broker \(id) votes now")
    }

    private func observer(_ id: Int32, _ session: AdminSession) throws -> UUID128 {
        let quorum = try QuorumView(session).partition
        if let observer = quorum.observers.first(where: { $0.replicaId == id }) { return observer.replicaDirectoryId }
        if quorum.currentVoters.contains(where: { $0.replicaId == id }) {
            throw Failure.failed("broker \(id) votes already")
        }
        throw Failure.failed("broker \(id) is not connected to the quorum; start it first, or give --directory-id")
    }
}

struct ClusterRemoveVoter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-voter", abstract: "Take a broker's vote away.",
        discussion: """
            The broker goes on as an observer while it runs. A voter that is gone for good should be removed, so that
            the others need one answer less.

            Examples:
              needletail cluster remove-voter 2
              needletail cluster remove-voter 2 --directory-id O1yZyXQqRHu1cWrCvCMsJQ
            """)

    @Argument(help: "The broker's node.id.") var id: Int32
    @Option(help: ArgumentHelp("The directory.id that votes for it, if it is not the one that the quorum knows.", valueName: "id"))
    var directoryId: String?
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let session = AdminSession(connection)
        let directory = try directoryId.map(parseDirectory) ?? voter(id, session)
        let response = try asking { try session.call(AdminRequests.removeVoter(id, directory: directory), to: .any) }
        let code = ErrorCode.of(response.errorCode)
        guard code == .none else { throw Failure.failed("broker \(id): \(ClientError.broker(code, response.errorMessage))") }
        print("broker \(id) has no vote any more")
    }

    private func voter(_ id: Int32, _ session: AdminSession) throws -> UUID128 {
        guard let voter = try QuorumView(session).partition.currentVoters.first(where: { $0.replicaId == id }) else {
            throw Failure.failed("broker \(id) is no voter; 'needletail cluster quorum' shows those that are")
        }
        return voter.replicaDirectoryId
    }
}

private func parseDirectory(_ text: String) throws -> UUID128 {
    guard let id = UUID128(text) else {
        throw Failure.failed("'\(text)' is no directory id; take the 22 characters of directory.id in meta.properties")
    }
    return id
}
