import Broker
import Glibc
import Host
import Logging
import Synchronization
import Vocabulary

/// A logic for the quorum loop, small enough to see through: echoes frames of up to 1 MiB, answers `ruok`,
/// which is no frame, with `imok`, and dials what it is told to. To a connection it has dialed it sends a
/// frame, and notes what comes back.
final class TestQuorumLogic: LoopLogic {
    /// What tests give it and look at, from outside.
    final class Shared: Sendable {
        let toDial = Mutex<[Dial]>([])
        let isWanted = Atomic(true)
        let dialed = Mutex<[String]>([])
        let failed = Mutex<[String]>([])
        let answers = Mutex<[[UInt8]]>([])
        let closed = Atomic(0)
        let messages = Atomic(0)
        let shutdowns = Atomic(0)
    }

    static let frameMax = 1 << 20
    static let greeting = TestClient.frame("e", Array("greetings".utf8))

    private let shared: Shared
    private var made: Set<UInt64> = []
    private var dirty: [BrokerConnection] = []
    private var outbound: [LoopEffect] = []
    private var nextID: UInt64 = 0

    init(_ shared: Shared) { self.shared = shared }

    private func connection(_ listener: String, _ peer: String) -> BrokerConnection {
        nextID += 1
        return BrokerConnection(id: nextID, listener: listener, peer: peer)
    }

    func open(listener: String, peer: String, now: Moment) -> BrokerConnection { connection(listener, peer) }

    func isAcceptable(frameLength: Int, on connection: BrokerConnection) -> Bool {
        frameLength >= 0 && frameLength <= Self.frameMax
    }

    func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment) -> Int
    {
        var consumed = 0
        while connection.wantsRead, bytes.count - consumed >= 4 {
            let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: consumed, as: Int32.self)))
            guard isAcceptable(frameLength: length, on: connection) else {
                if Array(bytes[consumed..<consumed + 4]) == Array("ruok".utf8) {
                    Array("imok".utf8).withUnsafeBytes { connection.output.append($0) }
                    consumed += 4
                }
                connection.close()
                dirty.append(connection)
                break
            }
            guard bytes.count - consumed - 4 >= length else { break }
            let frame = UnsafeRawBufferPointer(rebasing: bytes[consumed..<consumed + 4 + length])
            consumed += 4 + length
            if made.contains(connection.id) {
                shared.answers.withLock { $0.append(Array(frame)) }
            } else {
                connection.output.append(frame)
                dirty.append(connection)
            }
        }
        return consumed
    }

    func closed(_ connection: BrokerConnection) { shared.closed.add(1, ordering: .relaxed) }

    func deliver(_ message: LoopMessage, now: Moment) {
        shared.messages.add(1, ordering: .relaxed)
        outbound += shared.toDial.withLock { dials in
            defer { dials = [] }
            return dials.map { .dial($0) }
        }
    }

    func dialed(_ token: UInt64, peer: String, now: Moment) -> BrokerConnection? {
        shared.dialed.withLock { $0.append("\(token) \(peer)") }
        guard shared.isWanted.load(ordering: .relaxed) else { return nil }
        let connection = connection("dialed", peer)
        made.insert(connection.id)
        Self.greeting.withUnsafeBytes { connection.output.append($0) }
        dirty.append(connection)
        return connection
    }

    func dialFailed(_ token: UInt64, reason: String, now: Moment) {
        shared.failed.withLock { $0.append("\(token) \(reason)") }
    }

    func advance(to now: Moment) -> Instant? { nil }

    func takeDirty() -> [BrokerConnection] {
        defer { dirty = [] }
        return dirty
    }

    func takeOutbound() -> [LoopEffect] {
        defer { outbound = [] }
        return outbound
    }

    func shutdown(now: Moment) { shared.shutdowns.add(1, ordering: .relaxed) }
}

/// A reactor with a quorum loop around `TestQuorumLogic` and data loops around `TestLogic`, each with a
/// listener on a free port of 127.0.0.1.
final class TestQuorum {
    let shared = TestQuorumLogic.Shared()
    let port: UInt16
    let dataPort: UInt16
    let limits = ConnectionLimits()
    let reactor: Reactor
    private var isStopped = false

    init(idleMs: Int64 = 600_000, ownLimits: ConnectionLimits? = nil) throws {
        var settings = ReactorSettings()
        settings.idleNanoseconds = idleMs * 1_000_000
        var quorum = try OpenListener.open(
            Listener(name: "CONTROLLER", host: "127.0.0.1", port: 0), backlog: 50)
        quorum.limits = ownLimits
        quorum.deadPeerMs = 10_000
        let data = try OpenListener.open(Listener(name: "PLAINTEXT", host: "127.0.0.1", port: 0), backlog: 50)
        port = quorum.port
        dataPort = data.port
        reactor = Reactor(
            settings: settings, limits: limits, listeners: [data], quorumListeners: [quorum], disks: [],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let shared = shared
        reactor.startQuorum { TestQuorumLogic(shared) }
        let seen = TestLogic.Seen()
        reactor.startLoops { _ in TestLogic(seen, requestBytesMax: 1 << 20, region: nil) }
    }

    /// Makes the loop dial; the token is 7.
    func dial(_ host: String, _ port: UInt16) {
        shared.toDial.withLock { $0.append(Dial(token: 7, host: host, port: port)) }
        wake()
    }

    func wake() { reactor.run([.post(.advanced([]), to: .quorum)]) }

    func finish() {
        if isStopped { return }
        isStopped = true
        reactor.finishLoops(by: SystemClock.instant())
        reactor.finishControl()
        reactor.finishQuorum(by: SystemClock.instant())
    }

    deinit { finish() }
}

/// Waits, with the processor given to others, until there is something.
func eventually<Result>(_ body: () -> Result?) -> Result {
    while true {
        if let result = body() { return result }
        sched_yield()
    }
}
