import Messages
package import Vocabulary
import Wire

/// A Kafka client from the bytes up: a connection to each broker it needs, one request at a time over all of them.
///
/// It never asks again for what may have happened, so each record it wrote is there once or not at all; but for an idempotent
/// producer's records, of which the brokers see to that.
package final class KafkaClient {
    enum Link: Equatable {
        case dialing(SocketID)
        case open(SocketID)

        var socket: SocketID {
            switch self {
            case .dialing(let socket), .open(let socket): socket
            }
        }
    }
    /// The request on its way.
    struct Asked {
        let server: HostID
        let correlationID: Int32
        let at: Instant
        let answered: ([UInt8]) throws(WireError) -> Void
    }

    package let number: Int
    let workload: KafkaWorkload
    let world: World
    private let network: SimulatedNetwork
    let servers: [HostID]
    private let port: UInt16

    private var links: [HostID: Link] = [:]
    private var incoming: [HostID: [UInt8]] = [:]
    private var outgoing: [HostID: [UInt8]] = [:]
    private var asked: Asked?
    private var nextCorrelation: Int32 = 1
    private var nextAction = Instant(nanoseconds: 0)
    private var wakeAt: Instant?
    /// Where it takes what any broker can do.
    var home: HostID
    /// As an idempotent producer.
    var producer = ProducerState()
    /// What it still has to read at the end of a run.
    var audits: [Audit] = []
    /// It asks for nothing of its own accord any more but what is left in `audits`.
    package var isQuiet = false
    /// When the controller last decided a change that it asked for, and when a record was acknowledged.
    package internal(set) var decidedAt: Instant?
    package internal(set) var producedAt: Instant?

    /// How long it waits for an answer.
    private static let patienceMs: Int64 = 6000

    package init(
        number: Int, workload: KafkaWorkload, network: SimulatedNetwork, servers: [HostID], port: UInt16
    ) {
        self.number = number
        self.workload = workload
        world = workload.world
        self.network = network
        self.servers = servers
        self.port = port
        home = servers.randomElement(using: &workload.world.workload)!
    }

    /// Kafka's clients count from 501.
    package static let firstHost = 501
    package var host: HostID { .client(Self.firstHost + number - 1) }
    var place: Place { .client(Self.firstHost + number - 1) }
    package var isAnswered: Bool { asked == nil && audits.isEmpty }

    // MARK: - What the world calls

    package func start() {
        wake(at: world.now.adding(milliseconds: Int64.random(in: 0...1000, using: &world.workload)))
    }

    package func clockRang() {
        guard wakeAt == world.now else { return }
        wakeAt = nil
        if let asked, world.now >= asked.at.adding(milliseconds: Self.patienceMs) {
            drop(asked.server, "no answer")
        }
        if asked == nil, nextAction <= world.now {
            let pause =
                audits.isEmpty
                ? Int64.random(in: 0...Int64(2 * workload.options.pauseMs), using: &world.workload) : 5
            nextAction = world.now.adding(milliseconds: max(1, pause))
            if !audits.isEmpty { audit() } else if !isQuiet { askSomething() }
        }
        reschedule()
    }

    /// There is something to do for one that is quiet.
    func wakeNow() { wake(at: Instant(nanoseconds: world.now.nanoseconds + 1000)) }

    package func take(_ notice: NetworkNotice) {
        switch notice {
        case .connected(let socket):
            guard let server = server(of: socket) else { return }
            links[server] = .open(socket)
        case .connectFailed(let socket, let why), .closed(let socket, let why):
            guard let server = server(of: socket) else { return }
            readAll(server)
            drop(server, why)
        case .readable(let socket): if let server = server(of: socket) { readAll(server) }
        case .writable(let socket): if let server = server(of: socket) { flush(server) }
        case .accepted: break
        }
        reschedule()
    }

    // MARK: - Connections

    /// - Returns: whether there is a connection; if not, one is on its way.
    func isConnected(to server: HostID) -> Bool {
        switch links[server] {
        case .open: return true
        case .dialing: return false
        case nil:
            links[server] = .dialing(network.dial(from: host, to: server, port: port))
            return false
        }
    }

    private func server(of socket: SocketID) -> HostID? { servers.first { links[$0]?.socket == socket } }

    func drop(_ server: HostID, _ why: String) {
        guard let link = links.removeValue(forKey: server) else { return }
        world.note(place, "disconnected:", text: "\(server): \(why)")
        network.close(link.socket)
        incoming[server] = nil
        outgoing[server] = nil
        if asked?.server == server {
            asked = nil
            workload.count(\.lost)
        }
        if home == server { home = servers.randomElement(using: &world.workload)! }
    }

    // MARK: - Bytes

    /// Sends a request to a broker that it is connected to. `answered` gets the answer, if one comes.
    func ask<Request: RequestMessage>(
        _ request: Request, version: Int16, at server: HostID,
        _ answered: @escaping (Request.Response) -> Void
    ) {
        invariant(asked == nil, "Kafka client \(number) asks two things at once")
        let id = nextCorrelation
        nextCorrelation += 1
        asked = Asked(server: server, correlationID: id, at: world.now) { frame throws(WireError) in
            let reply = try KafkaFrame.reply(frame, to: Request.self, version: version)
            guard reply.correlationID == id else {
                throw WireError(.unexpectedValue(Int(reply.correlationID)), at: 0, "correlationId")
            }
            answered(reply.message)
        }
        outgoing[server, default: []] += KafkaFrame.request(
            request, version: version, correlationID: id, clientID: "kafka-\(number)")
        flush(server)
    }

    private func flush(_ server: HostID) {
        guard case .open(let socket) = links[server], let bytes = outgoing[server], !bytes.isEmpty else {
            return
        }
        outgoing[server]!.removeFirst(network.send(socket, bytes))
    }

    private func readAll(_ server: HostID) {
        guard case .open(let socket) = links[server] else { return }
        incoming[server, default: []] += network.read(socket)
        while let bytes = incoming[server], let length = KafkaFrame.length(bytes) {
            let frame = Array(bytes[4..<4 + length])
            incoming[server]!.removeFirst(4 + length)
            guard let asked, asked.server == server else {
                return world.fail(
                    "the protocol is kept", "Kafka client \(number) got an answer it did not ask for")
            }
            self.asked = nil
            workload.count(\.answered)
            do throws(WireError) {
                try asked.answered(frame)
            } catch {
                world.fail(
                    "the protocol is kept", "Kafka client \(number) got an answer it cannot read: \(error)")
            }
        }
    }

    // MARK: - Time

    private func reschedule() {
        if let asked { return wake(at: asked.at.adding(milliseconds: Self.patienceMs)) }
        if !isQuiet || !audits.isEmpty { wake(at: nextAction) }
    }

    private func wake(at: Instant) {
        let at = max(at, Instant(nanoseconds: world.now.nanoseconds + 1000))
        if let already = wakeAt, already <= at, already > world.now { return }
        wakeAt = at
        world.schedule(.client(Self.firstHost + number - 1), at: at)
    }
}
