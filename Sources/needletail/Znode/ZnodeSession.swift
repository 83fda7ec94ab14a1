import ArgumentParser
import Client
import Vocabulary
import ZooKeeper

/// Requests to a ZooKeeper service, each batch answered before the next: what commands need.
final class ZnodeSession {
    private let driver: SocketDriver<ZooKeeperClient>
    private let options: ZnodeOptions
    private var replies: [Int: ZooKeeperReply] = [:]
    private var events: [WatcherEvent] = []
    private var wasConnected = false
    /// Says on standard error when the connection is lost and found again.
    var tellsOfConnection = false

    init(_ options: ZnodeOptions) {
        self.options = options
        driver = SocketDriver([ZooKeeperClient(options.settings())])
    }

    /// - Returns: the reply, which may be a failure.
    /// - Throws: `ExitCode` after its line was printed when nobody answers.
    func call(_ request: ZooKeeperRequest) throws -> ZooKeeperReply { try call([request])[0] }

    /// The same for many, pipelined; replies in the order of the requests.
    ///
    /// A read whose connection broke is asked again; what became of a write nobody can tell.
    func call(_ requests: [ZooKeeperRequest]) throws -> [ZooKeeperReply] {
        var answers = [ZooKeeperReply?](repeating: nil, count: requests.count)
        var first = 0  // All before it are answered.
        var limit = now().adding(milliseconds: options.requestTimeout)
        while true {
            let open = Array(
                requests.indices[first...].lazy.filter { answers[$0] == nil }.prefix(Self.inFlightMax))
            guard let next = open.first else { return answers.compactMap { $0 } }
            if next > first { limit = now().adding(milliseconds: options.requestTimeout) }
            first = next
            let tokens = driver.with(0) { client, _ in open.map { client.ask(requests[$0]) } }
            while !tokens.allSatisfy({ replies[$0] != nil }) { try turn(until: limit) }
            for (index, token) in zip(open, tokens) {
                let reply = replies.removeValue(forKey: token)!
                if reply == .failure(.connectionLoss) {
                    if requests[index].isRead { continue }
                    throw Failure.unavailable("the connection broke; whether it was done is not known")
                }
                answers[index] = reply
            }
        }
    }

    /// Events of watches, once there are some.
    /// - Returns: none when the user interrupts.
    func nextEvents() throws -> [WatcherEvent] {
        while events.isEmpty, !driver.isInterrupted { try turn(until: .distantFuture, isInterruptible: true) }
        defer { events = [] }
        return events
    }

    /// Keeps the session alive until the user interrupts.
    func hold() throws {
        while !driver.isInterrupted { try turn(until: .distantFuture, isInterruptible: true) }
    }

    /// Ends the session; what is ephemeral goes at once rather than when the session would have expired.
    func close() {
        driver.with(0) { client, _ in client.close() }
        let limit = now().adding(milliseconds: 1_000)
        while now() < limit {
            if case .ended = driver.machines[0].state { return }
            driver.turn(until: limit)
        }
    }

    private static let inFlightMax = 1_000

    private func turn(until limit: Instant, isInterruptible: Bool = false) throws {
        driver.turn(until: limit)
        for output in driver.with(0, { client, _ in client.takeOutputs() }) {
            switch output {
            case .replied(let token, let reply): replies[token] = reply
            case .fired(let event): events.append(event)
            case .changed(let state): try changed(state)
            }
        }
        if driver.isInterrupted, !isInterruptible {
            close()
            throw ExitCode(130)
        }
        if !wasConnected, let reason = driver.machines[0].unreachable {
            throw Failure.unavailable("\(options.zookeeper): \(reason); is the service running?")
        }
        if now() >= limit {
            throw Failure.unavailable(
                "no answer from \(options.zookeeper) within \(options.requestTimeout) ms")
        }
    }

    private func changed(_ state: ZooKeeperClient.State) throws {
        switch state {
        case .connected:
            if wasConnected, tellsOfConnection { complain("connected again") }
            wasConnected = true
        case .connecting: if tellsOfConnection { complain("connection lost; trying again") }
        case .ended(.authFailed): throw Failure.failed("the service does not accept --auth")
        case .ended(.ok): break
        case .ended(let code): throw Failure.unavailable("the session is over: \(code)")
        }
    }
}

extension ZooKeeperRequest {
    /// Asking twice does no harm.
    fileprivate var isRead: Bool {
        switch self {
        case .exists, .getData, .getACL, .getChildren, .getChildren2, .sync, .multiRead, .getEphemerals,
            .getAllChildrenNumber, .whoAmI, .addWatch:
            true
        default: false
        }
    }
}
