import Client
import Vocabulary
import ZooKeeper

/// One session of a znode bench, with nodes of its own: makes them, loads the server, and deletes them.
///
///     preparing ──► ready ──► running ──► draining ──► cleaning ──► done
final class ZnodeLoad: ClientMachine {
    enum Phase { case preparing, ready, running, draining, cleaning, done }
    private enum Purpose { case measured(ZnodeOperation), makeParent, makeNode, deleteNode, deleteParent }
    private struct Flight { let purpose: Purpose; let sentAt: Instant }

    private(set) var phase = Phase.preparing
    private(set) var client: ZooKeeperClient
    /// By `ZnodeOperation`.
    private(set) var tallies: [BenchTally]
    private let plan: ZnodePlan
    private let parent: String
    /// Of the nodes that are read and written, made once.
    private let paths: [String]
    private var chance: SeededGenerator
    private var flights: [Flight] = []
    private var landed = 0  // How many at the front of `flights` are; cut off now and then.
    /// The next of preparing or cleaning; below `createdCount` when cleaning.
    private var nextNode = 0
    private var createdCount = 0
    private var operationsLeft = Int.max
    private var parentIsThere = false

    init(_ plan: ZnodePlan, index: Int, client settings: ZooKeeperClient.Settings) {
        self.plan = plan
        parent = "\(plan.root)/client-\(index)"
        let parent = parent
        paths = plan.workload.needsNodes ? (0..<plan.nodes).map { Self.path($0, of: parent) } : []
        client = ZooKeeperClient(settings)
        chance = SeededGenerator(seed: UInt64(index))
        tallies = Self.newTallies()
    }

    var inFlight: Int { flights.count - landed }

    /// Lets it work; `woke` must follow.
    func start(operations: Int?) {
        operationsLeft = operations ?? .max
        phase = .running
    }

    /// Counts from here on.
    func measure() { tallies = Self.newTallies() }

    /// Begins nothing new; what is in flight still counts.
    func stop() { if phase == .running { phase = .draining } }

    /// Deletes what it made, and ends its session; without a connection only that.
    func cleanUp() {
        nextNode = 0
        phase = .cleaning
        guard case .connected = client.state else { return client.close() }
    }

    func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        advance(client.step(event, at: now), at: now)
    }

    func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        advance(client.receive(frame, on: link, at: now), at: now)
    }

    private func advance(_ effects: [LinkEffect], at now: Instant) -> [LinkEffect] {
        for output in client.takeOutputs() {
            switch output {
            case .replied(_, let reply): replied(reply, at: now)
            case .changed(.ended(let code)):
                if phase != .cleaning { failed(.create, "the session ended: \(code)") }
                phase = .done
            case .changed, .fired: break
            }
        }
        pump(at: now)
        return effects + client.flush(at: now)
    }

    // MARK: Answers

    /// Answers and failures come in the order of the requests.
    private func replied(_ reply: ZooKeeperReply, at now: Instant) {
        let flight = flights[landed]
        landed += 1
        if landed == flights.count || landed >= 1024 {
            flights.removeFirst(landed)
            landed = 0
        }
        switch flight.purpose {
        case .measured(let operation): measured(operation, reply, flight, at: now)
        case .makeParent:
            if reply.code == .ok {
                parentIsThere = true
            } else {
                failed(.create, "making nodes: \(reply.code)")
            }
        case .makeNode:
            if reply.code == .ok { createdCount += 1 } else { failed(.create, "making nodes: \(reply.code)") }
        case .deleteNode, .deleteParent:
            if reply.code != .ok, reply.code != .noNode { failed(.create, "deleting nodes: \(reply.code)") }
        }
        if case .deleteParent = flight.purpose { client.close() }
    }

    private func measured(
        _ operation: ZnodeOperation, _ reply: ZooKeeperReply, _ flight: Flight, at now: Instant
    ) {
        switch reply {
        case .data(let data, _) where data?.count != plan.data.count:
            return failed(operation, "data of another size")
        case .data, .stat, .path: break
        case .failure(let code): return failed(operation, "\(code)")
        default: return failed(operation, "an answer of another kind")
        }
        tallies[operation.rawValue].records += 1
        tallies[operation.rawValue].took(now - flight.sentAt)
    }

    private func failed(_ operation: ZnodeOperation, _ error: String) {
        tallies[operation.rawValue].failed(error, records: 1)
    }

    // MARK: Requests

    private func pump(at now: Instant) {
        switch phase {
        case .preparing: prepare(at: now)
        case .running:
            while inFlight < plan.inFlightMax, operationsLeft > 0 {
                operationsLeft -= 1
                sendMeasured(at: now)
            }
            if operationsLeft == 0, inFlight == 0 { phase = .draining }
        case .cleaning: clean(at: now)
        case .ready, .draining, .done: break
        }
        if phase == .cleaning, case .ended = client.state { phase = .done }
    }

    private func prepare(at now: Instant) {
        guard parentIsThere else {
            if inFlight == 0 { send(.create(CreateRequest(.create, path: parent)), .makeParent, at: now) }
            return
        }
        while nextNode < paths.count, inFlight < Self.preparedInFlightMax {
            send(.create(CreateRequest(.create, path: paths[nextNode], data: plan.data)), .makeNode, at: now)
            nextNode += 1
        }
        if nextNode == paths.count, inFlight == 0 { phase = .ready }
    }

    private func sendMeasured(at now: Instant) {
        let operation = nextOperation()
        let request: ZooKeeperRequest =
            switch operation {
            case .create: .create(CreateRequest(.create, path: nextPath(), data: plan.data))
            case .set: .setData(SetDataRequest(path: anyPath(), data: plan.data))
            case .get: .getData(ReadRequest(path: anyPath()))
            }
        send(request, .measured(operation), at: now)
    }

    private func nextOperation() -> ZnodeOperation {
        switch plan.workload {
        case .only(let operation): operation
        case .mix(let gets): Double.random(in: 0..<1, using: &chance) < gets ? .get : .set
        }
    }

    private func nextPath() -> String {
        defer { createdCount += 1 }
        return Self.path(createdCount, of: parent)
    }

    private func anyPath() -> String { paths[Int.random(in: 0..<paths.count, using: &chance)] }

    private func clean(at now: Instant) {
        guard !plan.keepsNodes else {
            if inFlight == 0 { client.close() }
            return
        }
        while nextNode < createdCount, inFlight < Self.preparedInFlightMax {
            let path = Self.path(nextNode, of: parent)
            send(.delete(VersionedPath(path: path)), .deleteNode, at: now)
            nextNode += 1
        }
        if nextNode == createdCount, inFlight == 0 {
            nextNode += 1  // Once.
            send(.delete(VersionedPath(path: parent)), .deleteParent, at: now)
        }
    }

    private func send(_ request: ZooKeeperRequest, _ purpose: Purpose, at now: Instant) {
        _ = client.ask(request)
        flights.append(Flight(purpose: purpose, sentAt: now))
    }

    private static let preparedInFlightMax = 100

    private static func path(_ number: Int, of parent: String) -> String { "\(parent)/node-\(number)" }

    private static func newTallies() -> [BenchTally] {
        ZnodeOperation.allCases.map { operation in
            var tally = BenchTally()
            tally.latencyKind = operation.name
            return tally
        }
    }
}
