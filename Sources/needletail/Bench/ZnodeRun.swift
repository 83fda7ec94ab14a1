import ArgumentParser
import CLinux
import Client
import Glibc
import Vocabulary

/// One run of a znode bench: connect and prepare, warm up, measure, let what is in flight come home, clean up.
final class ZnodeRun {
    let command: BenchZnode
    private let driver: SocketDriver<ZnodeLoad>
    private var nextProgress = now()
    private var lastShown: (at: Instant, operations: Int)?
    private let showsProgress: Bool
    private(set) var seconds = 0.0
    /// As counted when measuring ended; `final` has what came home after that as well. By `ZnodeOperation`.
    private(set) var measured: [BenchTally] = []
    private(set) var final: [BenchTally] = []
    private(set) var broker: (before: ProcessSample, after: ProcessSample)?
    private(set) var ownCPU = 0.0
    private(set) var isInterrupted = false

    init(_ command: BenchZnode, _ plan: ZnodePlan) {
        self.command = command
        driver = SocketDriver(
            (0..<command.clients).map { index in
                ZnodeLoad(plan, index: index, client: command.service.settings(index: index))
            })
        showsProgress = command.reporting.progress ?? (isatty(2) == 1)
        nt_keep_freed_memory()
    }

    private var loads: [ZnodeLoad] { driver.machines }

    /// Whatever happens, the clients have deleted their nodes and closed their sessions afterwards, as far as that is possible.
    func execute() throws {
        defer { cleanUp() }
        try prepare()
        let share = command.operations.map { ($0 + loads.count - 1) / loads.count }
        for index in loads.indices { driver.with(index) { load, _ in load.start(operations: share) } }
        if command.warmup.milliseconds > 0 {
            run(until: now().adding(milliseconds: command.warmup.milliseconds), "warming up")
        }
        try measure()
        comeHome()
    }

    private func prepare() throws {
        for index in loads.indices { driver.with(index) { _, _ in } }
        // A client that finds no place may be the first to hear of it: the others are given time to connect.
        let patience = now().adding(milliseconds: 2_000)
        while !loads.allSatisfy({ $0.phase == .ready }) {
            if now() > patience, let reason = loads.compactMap(\.client.unreachable).first {
                throw unreachable(reason)
            }
            let errors = Set(loads.flatMap { $0.tallies.flatMap(\.errors.keys) }).sorted()
            if !errors.isEmpty { throw Failure.failed(errors.joined(separator: ", ")) }
            if let end = loads.first(where: { $0.phase == .done }) {
                throw Failure.failed("a session ended before the run began: \(end.client.state)")
            }
            if driver.isInterrupted { throw ExitCode(130) }
            driver.turn(until: now().adding(milliseconds: 1_000))
        }
    }

    private func unreachable(_ reason: String) -> ExitCode {
        let connected = loads.count { if case .connected = $0.client.state { true } else { false } }
        let advice =
            connected == 0
            ? "is the service running?"
            : "\(connected) of \(loads.count) clients are connected: does the service limit them (maxClientCnxns)?"
        return Failure.unavailable("\(command.service.zookeeper): \(reason); \(advice)")
    }

    private func measure() throws {
        let from = now()
        for load in loads { load.measure() }
        let brokerBefore = try ProcessSample.sum(of: command.reporting.brokerPid)
        let ownBefore = ProcessSample(pid: getpid())
        let isBounded = command.duration != nil || command.operations == nil
        let milliseconds = command.duration?.milliseconds ?? 10_000
        run(until: isBounded ? from.adding(milliseconds: milliseconds) : .distantFuture, "measuring")
        seconds = Double(now() - from) / 1e9
        if let brokerBefore, let after = try ProcessSample.sum(of: command.reporting.brokerPid) {
            broker = (brokerBefore, after)
        }
        ownCPU = (ProcessSample(pid: getpid())?.cpuSeconds ?? 0) - (ownBefore?.cpuSeconds ?? 0)
        measured = total()
    }

    /// Until then, or until all operations are done.
    private func run(until limit: Instant, _ phase: String) {
        while now() < limit, loads.contains(where: { $0.phase == .running }) {
            driver.turn(until: showsProgress ? min(limit, nextProgress) : limit)
            if driver.isInterrupted {
                isInterrupted = true
                return
            }
            if showsProgress { show(phase) }
        }
    }

    private func comeHome() {
        for index in loads.indices { driver.with(index) { load, _ in load.stop() } }
        let limit = now().adding(milliseconds: 10_000)
        while loads.contains(where: { $0.inFlight > 0 }), now() < limit { driver.turn(until: limit) }
        final = total()
    }

    private func cleanUp() {
        for index in loads.indices { driver.with(index) { load, _ in load.cleanUp() } }
        let limit = now().adding(milliseconds: 120_000)
        while loads.contains(where: { $0.phase != .done }), now() < limit { driver.turn(until: limit) }
        if showsProgress { writeAll(2, Array("\r\u{1B}[K".utf8)) }
    }

    private func total() -> [BenchTally] {
        ZnodeOperation.allCases.map { operation in
            var sum = BenchTally()
            for load in loads { sum.add(load.tallies[operation.rawValue]) }
            return sum
        }
    }

    private func show(_ phase: String) {
        let time = now()
        guard time >= nextProgress else { return }
        nextProgress = time.adding(milliseconds: 500)
        let operations = loads.reduce(0) { $0 + $1.tallies.reduce(0) { $0 + $1.records } }
        let failed = loads.reduce(0) { $0 + $1.tallies.reduce(0) { $0 + $1.failedRecords } }
        if let last = lastShown, operations >= last.operations {
            let rate = Int(Double(operations - last.operations) / (Double(time - last.at) / 1e9))
            let line = "\(phase): \(operations) operations, \(rate)/s, \(failed) failed"
            writeAll(2, Array((isatty(2) == 1 ? "\r\u{1B}[K" + line : line + "\n").utf8))
        }
        lastShown = (time, operations)
    }
}
