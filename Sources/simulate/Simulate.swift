import ArgumentParser
import Glibc
import Simulation
import Vocabulary

/// `simulate`: whole clusters in one thread, from one seed each, with everything going wrong that can.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run whole clusters in virtual time, from one seed each, and check what they promise.",
        discussion: """
            A seed decides everything: how many brokers there are, what clients ask, what breaks and when. The same seed \
            gives the same run, to the last byte; its digest says so. A run that breaks a rule prints its seed, its \
            options and the last hundred happenings, one column per broker.

            Examples:
              simulate --seed 42 --trace
              simulate --seeds 1..500
              simulate --seeds 1..50 --twice
              simulate --seeds 1..100 --canary acknowledgesUnsynced
              simulate --from 1 --minutes 480
            """)

    @Option(help: "One seed.") var seed: UInt64?
    @Option(help: ArgumentHelp("Seeds A to B.", valueName: "A..B")) var seeds: SeedRange?
    @Option(help: "Seeds from this one on, until --minutes are over.") var from: UInt64?
    @Option(help: "How long to go on, with --from.") var minutes: Int = 60
    @Flag(help: "Print every happening as it comes.") var trace = false
    @Flag(help: "Run each seed twice and compare the digests.") var twice = false
    @Flag(help: "Print only what fails, and the sum.") var quiet = false
    @Option(
        help:
            "Only these faults, by name: \(FaultOptions.Kind.allCases.map(\.rawValue).joined(separator: ", ")); or none."
    )
    var faults: String?
    @Option(help: ArgumentHelp("Plant a bug: it must be found, or the exit code is 1.", valueName: "name"))
    var canary: CanaryName?

    @Flag(help: "Print the names of the planted bugs, and nothing else.") var canaries = false

    func run() throws {
        if canaries { return print(CanaryName.allValueStrings.joined(separator: "\n")) }
        try OneOrder.insist()
        LastWords.arm()
        Canary.choose(canary?.canary)
        var tally = Tally()
        let deadline = from == nil ? nil : clock() + minutes * 60
        for seed in try list() {
            if let deadline, clock() > deadline { break }
            let result = try play(seed, &tally)
            if result.failure != nil, canary != nil { break }
        }
        print(tally.line)
        if canary != nil, tally.failed.isEmpty {
            print("the bug was not found")
            throw ExitCode(1)
        }
        if canary == nil, !tally.failed.isEmpty {
            print("failed seeds: \(tally.failed.map(String.init).joined(separator: " "))")
            throw ExitCode(1)
        }
    }

    private func list() throws -> any Sequence<UInt64> {
        switch (seed, seeds, from) {
        case (let seed?, nil, nil): return [seed]
        case (nil, let range?, nil): return range.range
        case (nil, nil, let first?): return first...UInt64.max
        default: throw ValidationError("Give one of --seed, --seeds and --from.")
        }
    }

    private func play(_ seed: UInt64, _ tally: inout Tally) throws -> Simulation.Result {
        let result = try once(seed, traced: trace)
        tally.add(result)
        if let failure = result.failure {
            print("\nseed \(seed) FAILED: \(failure)")
            print("options: \(result.options.description)")
            if !trace { for line in result.trace { print(line) } }
            print("again: simulate --seed \(seed) --trace" + (faults.map { " --faults \($0)" } ?? ""))
        } else if !quiet {
            print(
                "seed \(seed) ok, digest \(result.digest), \(result.virtualMs / 1000) s, \(result.happenings) happenings, "
                    + "\(result.counters.written) writes, \(result.counters.lost) lost, \(result.counters.expired) expired, "
                    + "\(result.kafka.created) topics, \(result.kafka.produced) records"
            )
        }
        if twice {
            let again = try once(seed, traced: false)
            if again.digest != result.digest || again.happenings != result.happenings {
                tally.failed.append(seed)
                print(
                    "seed \(seed) FAILED: its second run had digest \(again.digest), the first \(result.digest)"
                )
            }
        }
        return result
    }

    private func once(_ seed: UInt64, traced: Bool) throws -> Simulation.Result {
        var options = SimulationOptions(seed: seed)
        if let faults { options.faults.kinds = try kinds(faults) }
        let simulation = Simulation(seed: seed, options: options, print: traced ? { print($0) } : nil)
        LastWords.current = simulation
        defer { LastWords.current = nil }
        if traced {
            print(options.description)
            print(simulation.cluster.world.trace.header)
        }
        return simulation.run()
    }

    private func kinds(_ list: String) throws -> [FaultOptions.Kind] {
        if list == "none" { return [] }
        return try list.split(separator: ",").map { name in
            guard let kind = FaultOptions.Kind(rawValue: String(name)) else {
                throw ValidationError("There is no fault \(name).")
            }
            return kind
        }
    }
}

/// Sets and dictionaries are walked in an order that differs from process to process, and with it what clients are told first.
/// Runs are to be the same in all of them: the process starts itself anew where the order is fixed.
private enum OneOrder {
    static func insist() throws {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard getenv(name) == nil else { return }
        setenv(name, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        throw ValidationError("The program cannot start itself anew: \(String(cString: strerror(errno))).")
    }
}

/// What came of all seeds.
private struct Tally {
    var runs = 0
    var failed: [UInt64] = []
    var virtualMs: Int64 = 0
    var happenings = 0
    var written = 0
    var topics = 0
    var records = 0
    var undecided = 0

    mutating func add(_ result: Simulation.Result) {
        runs += 1
        virtualMs += result.virtualMs
        happenings += result.happenings
        written += result.counters.written
        topics += result.kafka.created
        records += result.kafka.produced
        undecided += result.undecided
        if result.failure != nil { failed.append(result.seed) }
    }

    var line: String {
        "\(runs) seeds, \(failed.count) failed, \(virtualMs / 60_000) simulated minutes, \(happenings) happenings, "
            + "\(written) writes, \(topics) topics, \(records) records, \(undecided) histories undecided"
    }
}

/// A broker that stops itself (`invariant`) stops this process: what led to it is told all the same.
private enum LastWords {
    nonisolated(unsafe) static var current: Simulation?

    static func arm() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE] {
            signal(number) { number in
                signal(number, SIG_DFL)
                if let simulation = LastWords.current {
                    print("\nseed \(simulation.seed) FAILED: a broker stopped itself, see the message above")
                    print("options: \(simulation.options.description)")
                    for line in simulation.cluster.world.trace.lines { print(line) }
                    fflush(nil)
                }
                raise(number)
            }
        }
    }
}

struct SeedRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true)
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]), first <= last
        else { return nil }
        range = first...last
    }
}

struct CanaryName: ExpressibleByArgument {
    let canary: Canary

    init?(argument: String) {
        guard let found = Canary.allCases.first(where: { "\($0)" == argument }) else { return nil }
        canary = found
    }

    static var allValueStrings: [String] { Canary.allCases.map { "\($0)" } }
}

/// Seconds, for --minutes only.
private func clock() -> Int { time(nil) }
