import Messages
import Vocabulary
import Wire

/// An operator who changes the quorum's voters, by Kafka's own requests over a connection of his own; one request at a time.
///
/// He asks any broker that listens, and does not insist: a change that is refused, or whose answer is lost, is left at that.
final class QuorumOperator {
    static let host = HostID(2001)

    private let world: World
    private let network: SimulatedNetwork
    private let port: UInt16
    private var request: [UInt8]?
    private var socket: SocketID?
    private var incoming: [UInt8] = []
    private(set) var asked = 0
    private(set) var succeeded = 0

    init(world: World, network: SimulatedNetwork, port: UInt16) {
        self.world = world
        self.network = network
        self.port = port
    }

    func addVoter(
        _ id: Int32, directory: UUID128, listener: (name: String, host: String, port: UInt16),
        cluster: String, at server: HostID
    ) {
        var message = AddRaftVoterRequest()
        message.clusterId = cluster
        message.timeoutMs = 10_000
        message.voterId = id
        message.voterDirectoryId = directory
        var place = AddRaftVoterRequest.Listener()
        place.name = listener.name
        place.host = listener.host
        place.port = listener.port
        message.listeners = [place]
        ask(message, at: server)
    }

    func removeVoter(_ id: Int32, directory: UUID128, cluster: String, at server: HostID) {
        var message = RemoveRaftVoterRequest()
        message.clusterId = cluster
        message.voterId = id
        message.voterDirectoryId = directory
        ask(message, at: server)
    }

    private func ask(_ message: some RequestMessage, at server: HostID) {
        if let socket { network.close(socket) }
        let header = RequestHeader(
            apiKey: type(of: message).apiKey, apiVersion: 0, correlationID: Int32(asked), clientID: "operator"
        )
        let size = header.size(version: 2) + message.size(version: 0)
        request = [UInt8](unsafeUninitializedCapacity: 4 + size) { out, count in
            let room = UnsafeMutableRawBufferPointer(out)
            var at = 0
            writeInt32(Int32(size), room, &at)
            header.write(room, &at, version: 2)
            message.write(room, &at, version: 0)
            count = at
        }
        asked += 1
        incoming = []
        socket = network.dial(from: Self.host, to: server, port: port)
    }

    func take(_ notice: NetworkNotice) {
        switch notice {
        case .connected(let id) where id == socket:
            guard let request else { return }
            invariant(network.send(id, request) == request.count, "an operator's request has no room")
        case .readable(let id) where id == socket:
            incoming += network.read(id)
            guard incoming.count >= 4,
                incoming.count >= 4 + Int(incoming[0..<4].reduce(0) { $0 << 8 | UInt32($1) })
            else {
                return
            }
            answered()
            network.close(id)
            socket = nil
        case .connectFailed(let id, _) where id == socket: socket = nil
        case .closed(let id, _) where id == socket:
            network.close(id)
            socket = nil
        default: break
        }
    }

    /// Behind length and header (correlation id, no tags) stand throttle time and error code, of both answers.
    private func answered() {
        guard incoming.count >= 15 else {
            return world.fail("the protocol is kept", "the operator got an answer of \(incoming.count) bytes")
        }
        let code = Int16(incoming[13]) << 8 | Int16(incoming[14])
        if code == 0 { succeeded += 1 }
        world.note(.world, "the operator was answered", Int(code))
    }
}
