import ArgumentParser
import CLinux
import Client
import Glibc
import Vocabulary

/// One run: get ready, warm up, measure, let what is in flight come home.
final class BenchRun {
    let kind: String
    let timing: BenchTiming
    let reporting: BenchReporting
    /// nil where it is not known: records made by others.
    let recordBytes: Int?
    private(set) var seconds = 0.0
    /// As counted when measuring ended; `final` has what came home after that as well.
    private(set) var measured = BenchTally()
    private(set) var final = BenchTally()
    private(set) var produced = BenchTally()
    private(set) var brokerBefore: ProcessSample?
    private(set) var brokerAfter: ProcessSample?
    private(set) var ownBefore: ProcessSample?
    private(set) var ownAfter: ProcessSample?
    private(set) var isInterrupted = false
    private let driver: SocketDriver<BenchClient>
    private var nextProgress = now()
    private var lastShown: (at: Instant, records: Int, bytes: Int)?
    private let showsProgress: Bool

    init(
        kind: String, clients: [BenchClient], timing: BenchTiming, reporting: BenchReporting,
        recordBytes: Int?
    ) {
        self.kind = kind
        self.timing = timing
        self.reporting = reporting
        self.recordBytes = recordBytes
        driver = SocketDriver(clients)
        showsProgress = reporting.progress ?? (isatty(2) == 1)
        // Large buffers come and go all the time: they must not be mapped and unmapped each time.
        nt_keep_freed_memory()
    }

    private var clients: [BenchClient] { driver.machines }

    func execute() throws {
        try getReady()
        let start = now().adding(milliseconds: 1)
        let share = timing.records.map { ($0 + producerCount - 1) / max(1, producerCount) }
        for index in clients.indices {
            driver.with(index) { client, _ in client.start(at: start, records: share) }
        }
        let warm = start.adding(milliseconds: timing.warmup.milliseconds)
        if timing.warmup.milliseconds > 0 { try run(until: warm, "warming up") }
        try measure()
        try comeHome()
    }

    private var producerCount: Int {
        clients.filter { if case .producer = $0 { true } else { false } }.count
    }

    private func getReady() throws {
        for index in clients.indices { driver.with(index) { _, _ in } }
        let limit = now().adding(milliseconds: 30_000)
        while !clients.allSatisfy(\.isReady) {
            if let reason = clients.compactMap(\.unreachable).first {
                throw Failure.unavailable("\(reason); is the broker running?")
            }
            if driver.isInterrupted { throw ExitCode(130) }
            guard now() < limit else {
                let errors = clients.flatMap { $0.tally.errors.keys }.joined(separator: ", ")
                throw Failure.failed(
                    "the topics are not ready after 30 s\(errors.isEmpty ? "" : ": " + errors)")
            }
            driver.turn(until: limit)
        }
    }

    private func measure() throws {
        let from = now()
        for client in clients { client.measure(from: from) }
        brokerBefore = try ProcessSample.sum(of: reporting.brokerPid)
        ownBefore = ProcessSample(pid: getpid())
        let isBounded = timing.duration != nil || timing.records == nil
        let milliseconds = timing.duration?.milliseconds ?? (kind == "consume" ? Int64.max : 10_000)
        try run(until: isBounded ? from.adding(milliseconds: milliseconds) : .distantFuture, "measuring")
        let end = now()
        seconds = Double(end - from) / 1e9
        brokerAfter = try ProcessSample.sum(of: reporting.brokerPid)
        ownAfter = ProcessSample(pid: getpid())
        measured = total()
        for index in clients.indices {
            guard case .producer = clients[index] else { continue }
            driver.with(index) { client, _ in client.stop(at: end) }
        }
    }

    /// Runs until then, or until there is nothing left to do.
    private func run(until limit: Instant, _ phase: String) throws {
        while now() < limit, !isOver {
            driver.turn(until: showsProgress ? min(limit, nextProgress) : limit)
            if driver.isInterrupted {
                isInterrupted = true
                break
            }
            if showsProgress { show(phase) }
        }
    }

    /// All records of a counted run are acknowledged, and read where someone reads them.
    private var isOver: Bool {
        if kind == "end-to-end" {
            guard let records = timing.records else { return false }
            return clients.allSatisfy { if case .producer(let load) = $0 { load.isDone } else { true } }
                && total().records >= records
        }
        return clients.allSatisfy(\.isDone)
    }

    /// What is in flight still counts for latency and errors: at most ten seconds long.
    private func comeHome() throws {
        let limit = now().adding(milliseconds: isInterrupted ? 0 : 10_000)
        func isHome() -> Bool {
            let sent = clients.reduce(0) {
                if case .producer(let load) = $1 { $0 + load.tally.records } else { $0 }
            }
            let isSent = clients.allSatisfy { if case .producer(let load) = $0 { load.isDone } else { true } }
            return isSent && (kind != "end-to-end" || total().records >= sent)
        }
        while !isHome(), now() < limit { driver.turn(until: limit) }
        final = total()
        for client in clients { if case .producer(let load) = client { produced.add(load.tally) } }
        if showsProgress { writeAll(2, Array("\r\u{1B}[K".utf8)) }
    }

    /// End to end counts what was read; what was sent is in `produced`.
    private func total() -> BenchTally {
        var sum = BenchTally()
        for client in clients {
            if kind == "end-to-end", case .producer(let load) = client {
                for (error, count) in load.tally.errors { sum.errors[error, default: 0] += count }
                sum.failedRecords += load.tally.failedRecords
                continue
            }
            sum.add(client.tally)
        }
        return sum
    }

    private func show(_ phase: String) {
        let time = now()
        guard time >= nextProgress else { return }
        nextProgress = time.adding(milliseconds: 500)
        var (records, bytes, errors) = (0, 0, 0)
        for client in clients {
            let tally = client.tally
            errors += tally.failedRecords
            if kind == "end-to-end", case .producer = client { continue }
            records += tally.records
            bytes += tally.bytes
        }
        if let last = lastShown, records >= last.records {
            let span = Double(time - last.at) / 1e9
            let rate = Int(Double(records - last.records) / span)
            let megabytes = fixed(Double(bytes - last.bytes) / span / 1e6, 1)
            let line = "\(phase): \(records) records, \(rate)/s, \(megabytes) MB/s, \(errors) failed"
            writeAll(2, Array((isatty(2) == 1 ? "\r\u{1B}[K" + line : line + "\n").utf8))
        }
        lastShown = (time, records, bytes)
    }
}

/// A number with so many digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value * scale).rounded()
    guard abs(scaled) < 9e15 else { return String(value) }
    let whole = Int64(scaled)
    if digits == 0 { return String(whole) }
    let (quotient, remainder) = abs(whole).quotientAndRemainder(dividingBy: Int64(scale))
    let fraction = String(remainder)
    return (whole < 0 ? "-" : "") + "\(quotient)." + String(repeating: "0", count: digits - fraction.count)
        + fraction
}
