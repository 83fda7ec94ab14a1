package import Broker
import CLinux
import Glibc
package import Logging
import Ports
import Synchronization
import Vocabulary

/// A running broker: its disks, listeners, threads and HTTP, put together and taken apart in the right order.
package final class Node: Sendable {
    package let settings: BrokerSettings
    package let broker: Broker
    /// As opened: with the ports that were asked for as 0.
    package let listeners: [Listener]
    package let zookeeperListeners: [Listener]
    package let http: HTTPServer?
    private let reactor: Reactor
    private let disks: [any Disk]
    private let limits: ConnectionLimits
    private let logger: Logger
    private let state: NodeState
    private let addresses: String
    private let budget: DescriptorBudget

    /// Starts everything but what Kafka's clients are served by, which waits for the quorum: `waitUntilReady`.
    /// - Parameter mayMove: takes any port for HTTP and for ZooKeeper's clients when the configured one is in
    ///   use.
    /// - Throws: what is wrong, and what to do about it.
    package init(_ settings: BrokerSettings, logger: Logger, mayMove: Bool = false) throws(SettingsProblems) {
        let started = SystemClock.instant()
        let budget = DescriptorBudget(connectionsMax: settings.connectionsMax, disks: settings.logDirs.count)
        let disks = try Self.openDisks(settings.logDirs, budget, logger)
        let limits = ConnectionLimits(
            totalMax: budget.connections, perAddressMax: settings.connectionsPerAddressMax,
            overrides: settings.connectionsPerAddressOverrides)
        let open = try NodeListeners(settings, limits: limits, zookeeperMayMove: mayMove, logger)

        var config = settings.broker
        config.endpoints = Self.endpoints(settings.advertised, open.clients)
        config.quorum.endpoint =
            Self.endpoints(
                [settings.controllerAdvertised].compactMap { $0 }, open.controllers
            ).first
        let syncNumbers = SyncNumbers()
        let reactor = Reactor(
            settings: settings.reactor, limits: limits, listeners: open.ofDataLoops,
            quorumListeners: open.ofQuorumLoop, disks: disks, logger: logger
        ) { targets, nanoseconds, failed in syncNumbers.note(targets, nanoseconds, failed) }

        let broker: Broker
        do throws(SettingsProblems) {
            broker = try Self.start(reactor, config, disks, threads: settings.recoveryThreads)
        } catch {
            open.close()
            Self.release(disks)
            throw error
        }
        syncNumbers.metrics.withLock { $0 = broker.metrics }
        let state = NodeState(started: started)
        do throws(SettingsProblems) {
            http = try Self.startHTTP(settings.httpListener, mayMove, logger) { request, answer in
                if request.isPost { return Console.wish(request, broker, reactor, answer) }
                switch request.path {
                case "/metrics": answer(Console.metrics(broker, disks, limits, state))
                case "/health": answer(Console.health(broker, state))
                default: answer(nil)
                }
            }
        } catch {
            reactor.finishLoops(by: started)
            reactor.finishControl()
            reactor.finishQuorum(by: started)
            Self.release(disks)
            throw error
        }
        self.settings = settings
        self.broker = broker
        listeners = open.clients
        zookeeperListeners = open.zookeepers
        self.reactor = reactor
        self.disks = disks
        self.limits = limits
        self.logger = logger
        self.state = state
        addresses = open.all.map(\.description).joined(separator: ",")
        self.budget = budget
    }

    /// Blocks until clients are answered: until the quorum has let the broker in, and its partitions are there.
    ///
    /// - Returns: false when it was stopped before.
    /// - Throws: why the broker cannot run.
    package func waitUntilReady() throws(SettingsProblems) -> Bool {
        switch reactor.gate.wait() {
        case .stopped: return false
        case .failed(let error):
            throw SettingsProblems(problems: [SettingsProblem(place: "broker", message: error.description)])
        case .up: break
        }
        let isRunning = reactor.startLoops { [broker] id in
            var generator = SystemRandomNumberGenerator()
            return BrokerLoop(id: id, broker: broker, now: SystemClock.now(), seed: generator.next())
        }
        if !isRunning { return false }
        state.isReady.store(true, ordering: .releasing)
        let milliseconds = (SystemClock.instant() - state.started) / 1_000_000
        logger.info(
            "The broker is ready.",
            metadata: [
                "broker.id": "\(settings.nodeID)", "cluster.id": "\(broker.clusterID)",
                "listeners": "\(addresses)",
                "log.dirs": "\(settings.logDirs.joined(separator: ","))",
                "data.loops": "\(settings.reactor.dataLoops)",
                "connections.max": "\(budget.connections)", "open.files.max": "\(budget.filesPerDisk)",
                "start.ms": "\(milliseconds)",
            ])
        return true
    }

    /// `needletail ready id=1 pid=4711 kafka=127.0.0.1:9092 http=127.0.0.1:8080 zookeeper=127.0.0.1:2181`
    package var readyLine: String {
        var line = "needletail ready id=\(settings.nodeID) pid=\(getpid())"
        for (index, listener) in listeners.enumerated() {
            line +=
                index == 0
                ? " kafka=\(listener.shownAddress)"
                : " kafka.\(listener.name.lowercased())=\(listener.shownAddress)"
        }
        if let http { line += " http=\(http.listener.address)" }
        if !zookeeperListeners.isEmpty {
            line += " zookeeper=\(zookeeperListeners.map(\.shownAddress).joined(separator: ","))"
        }
        return line
    }

    /// Ends gracefully: no new connections or requests, running ones answered within `grace`, then everything
    /// made durable and the shutdown marked clean. The directories are another broker's to use then.
    package func stop(graceMs: Int64 = 2000) {
        let start = SystemClock.instant()
        state.isReady.store(false, ordering: .releasing)
        logger.info("The broker stops.")
        reactor.gate.open(.stopped)
        reactor.finishLoops(by: start.adding(milliseconds: graceMs))
        reactor.finishControl()
        waitToLeave(until: SystemClock.instant().adding(milliseconds: graceMs))
        reactor.finishQuorum(by: SystemClock.instant().adding(milliseconds: 100))
        http?.stop()
        Self.release(disks)
        logger.info(
            "The broker has stopped.", metadata: ["stop.ms": "\((SystemClock.instant() - start) / 1_000_000)"]
        )
    }

    /// The quorum closes the broker's session, and hands the leadership over; if it cannot, others will notice.
    private func waitToLeave(until deadline: Instant) {
        while !broker.quorum.hasLeft, SystemClock.instant() < deadline { usleep(2000) }
    }

    // MARK: - The parts

    /// One that another broker uses, or the first, ends the start; another that fails is left out, as one
    /// that fails later.
    private static func openDisks(
        _ paths: [String], _ budget: DescriptorBudget, _ logger: Logger
    ) throws(SettingsProblems) -> [any Disk] {
        var disks: [any Disk] = []
        var problems: [SettingsProblem] = []
        for (index, path) in paths.enumerated() {
            do throws(DiskError) {
                disks.append(try PosixDisk(path, descriptorsMax: budget.filesPerDisk))
            } catch {
                let why = error.detail.isEmpty ? "\(error)" : error.detail
                if index == 0 || error.operation == "lock" {
                    problems.append(SettingsProblem(place: "log.dirs", message: "cannot use \(path): \(why)"))
                } else {
                    logger.error(
                        "A log directory cannot be used.",
                        metadata: ["log.dir": "\(path)", "reason": "\(error)"])
                    disks.append(UnusableDisk(path, DiskError(.offline, error.operation, path, detail: why)))
                }
            }
        }
        if !problems.isEmpty { throw SettingsProblems(problems: problems) }
        return disks
    }

    /// Behind the last thread that writes to them.
    private static func release(_ disks: [any Disk]) {
        for disk in disks { (disk as? PosixDisk)?.release() }
    }

    /// What clients and other replicas are told; a listener on every address is known by the machine's name.
    private static func endpoints(_ advertised: [Listener], _ listeners: [Listener]) -> [BrokerConfig
        .Endpoint]
    {
        advertised.map { told in
            let port = told.port == 0 ? listeners.first { $0.name == told.name }?.port ?? 0 : told.port
            return BrokerConfig.Endpoint(
                listener: told.name, host: told.host.isEmpty ? hostName() : told.host, port: Int32(port))
        }
    }

    static func hostName() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            gethostname(name.baseAddress!, 255) == 0 ? String(cString: name.baseAddress!) : "localhost"
        }
    }

    private static func startHTTP(
        _ listener: Listener?, _ mayMove: Bool, _ logger: Logger, respond: @escaping HTTPServer.Respond
    ) throws(SettingsProblems) -> HTTPServer? {
        guard var listener else { return nil }
        while true {
            do {
                return try HTTPServer(listener, respond: respond)
            } catch {
                guard mayMove, listener.port != 0 else {
                    let problem =
                        error as? SettingsProblem
                        ?? SettingsProblem(place: "http.listener", message: "\(error)")
                    throw SettingsProblems(problems: [problem])
                }
                logger.notice(
                    "The port for HTTP is in use; taking any other.", metadata: ["port": "\(listener.port)"])
                listener.port = 0
            }
        }
    }
}

/// Whether the broker answers, and since when it runs.
final class NodeState: Sendable {
    let started: Instant
    let isReady = Atomic(false)
    init(started: Instant) { self.started = started }
}

/// The pool's measurements before and after there is a broker to give them to.
private final class SyncNumbers: Sendable {
    let metrics = Mutex<Metrics?>(nil)

    func note(_ targets: Int, _ nanoseconds: Int64, _ failed: Bool) {
        metrics.withLock { $0 }?.update { counters in
            counters.rounds += 1
            counters.targets += UInt64(targets)
            counters.nanoseconds += UInt64(max(0, nanoseconds))
            if failed { counters.failures += 1 }
        }
    }
}

/// How the process's descriptors are shared out between connections and files. The soft limit is raised to
/// the hard one.
struct DescriptorBudget {
    let connections: Int
    let filesPerDisk: Int
    private static let reserve = 128

    init(connectionsMax: Int, disks: Int) {
        let limit = Int(nt_raise_descriptor_limit()) - Self.reserve
        // Files come first to a third of what there is: without them there is nothing to serve.
        let files = min(8192, max(64, limit / 3))
        connections = max(16, min(connectionsMax, limit - files))
        filesPerDisk = max(32, min(8192, limit - connections) / max(1, disks))
    }
}
