import CLinux
import Glibc
import Vocabulary

/// Runs a few programs side by side, passes on what they say, and stops them together.
///
/// A program that ends before it was ready makes the whole fail. One that ends later is told of, and started again if that
/// is wanted; the others go on. Confined to the thread that calls `run`.
package final class Supervisor {
    package struct Program: Sendable {
        /// Short, for the lines it says: `broker 1`.
        package let name: String
        package let arguments: [String]

        package init(name: String, arguments: [String]) {
            self.name = name
            self.arguments = arguments
        }
    }

    package enum Event: Equatable, Sendable {
        case output(String, from: Int)
        case errors(String, from: Int)
        /// A sentence of the supervisor's own.
        case note(String)
    }

    private struct Slot {
        var child: ChildProcess?
        var isReady = false
        /// It was ready in this life or an earlier one.
        var wasReady = false
        /// When to start it again.
        var startAt: Instant?
    }

    private let path: String
    private let programs: [Program]
    private let restarts: Bool
    private let isReadyLine: (String) -> Bool
    private let report: (Event) -> Void
    private var slots: [Slot]
    /// Set once it stops: when what still runs is killed, and the code to end with.
    private var stopping: (killAt: Instant, code: Int32)?

    /// A program that died before it was ready waits so long before it is tried again.
    private static let restartDelayMs: Int64 = 1000
    /// How long a program may take to stop.
    private static let stopMs: Int64 = 30_000

    /// - Parameters:
    ///   - path: of the program that all of them are.
    ///   - isReadyLine: whether a line of output says that the program is ready.
    package init(
        path: String, programs: [Program], restarts: Bool, isReadyLine: @escaping (String) -> Bool,
        report: @escaping (Event) -> Void
    ) {
        self.path = path
        self.programs = programs
        self.restarts = restarts
        self.isReadyLine = isReadyLine
        self.report = report
        slots = programs.map { _ in Slot() }
    }

    /// Starts all, and returns when all have ended.
    /// - Parameters:
    ///   - stops: a descriptor that is readable when it is time to stop.
    ///   - takeStop: whether it is, and reads the descriptor. The second time ends all at once.
    /// - Returns: 0 when they were stopped in order, 1 when one failed to start or none is left, 130 when they were killed.
    package func run(stops: Int32, takeStop: () -> Bool) -> Int32 {
        for index in programs.indices { start(index) }
        while true {
            if slots.allSatisfy({ $0.child == nil && $0.startAt == nil }) { return stopping?.code ?? 1 }
            wait(for: stops)
            for index in programs.indices { look(at: index) }
            if takeStop() { stopOrKill() }
            advance(SystemClock.instant())
        }
    }

    // MARK: - One program

    private func start(_ index: Int) {
        slots[index].startAt = nil
        slots[index].isReady = false
        slots[index].child = ChildProcess(path: path, arguments: programs[index].arguments)
        if slots[index].child == nil {
            report(.note("\(programs[index].name) cannot be started: \(String(cString: strerror(errno)))"))
            stop(code: 1)
        }
    }

    private func look(at index: Int) {
        guard let child = slots[index].child else { return }
        let end = child.takeEnd()  // First: what it said before it ended is there to be read then.
        for line in child.output.takeLines() {
            if !slots[index].isReady, isReadyLine(line) {
                slots[index].isReady = true
                slots[index].wasReady = true
            }
            report(.output(line, from: index))
        }
        for line in child.errors.takeLines() { report(.errors(line, from: index)) }
        if let end { ended(index, child.pid, end) }
    }

    private func ended(_ index: Int, _ pid: Int32, _ end: ChildProcess.End) {
        let wasReady = slots[index].isReady
        slots[index].child = nil
        if stopping != nil { return }
        let what =
            switch end {
            case .exit(let code): "ended with code \(code)"
            case .signal(let signal): "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        let who = "\(programs[index].name) (pid \(pid)) \(what)"
        if !slots[index].wasReady {
            report(.note("\(who) before it was ready; its last lines are above"))
            return stop(code: 1)
        }
        guard restarts else {
            let left = slots.count { $0.child != nil }
            return report(.note(left == 0 ? "\(who); none is left" : "\(who); \(left) go on"))
        }
        let delay = wasReady ? 0 : Self.restartDelayMs
        slots[index].startAt = SystemClock.instant().adding(milliseconds: delay)
        report(.note("\(who); it is started again"))
    }

    // MARK: - All of them

    private func stopOrKill() {
        if stopping == nil { return stop(code: 0) }
        stopping = (.distantFuture, 130)
        for slot in slots { slot.child?.send(SIGKILL) }
    }

    private func stop(code: Int32) {
        guard stopping == nil else { return }
        stopping = (SystemClock.instant().adding(milliseconds: Self.stopMs), code)
        for index in slots.indices {
            slots[index].startAt = nil
            slots[index].child?.send(SIGTERM)
        }
    }

    private func advance(_ now: Instant) {
        for index in slots.indices {
            if let startAt = slots[index].startAt, startAt <= now { start(index) }
        }
        guard let stopping, stopping.killAt <= now else { return }
        self.stopping!.killAt = .distantFuture
        for index in slots.indices {
            guard let child = slots[index].child else { continue }
            report(.note("\(programs[index].name) (pid \(child.pid)) does not stop; it is killed"))
            child.send(SIGKILL)
        }
    }

    private func wait(for stops: Int32) {
        var pollers = [pollfd(fd: stops, events: Int16(POLLIN), revents: 0)]
        for child in slots.compactMap(\.child) {
            pollers.append(pollfd(fd: child.endDescriptor, events: Int16(POLLIN), revents: 0))
            for pipe in [child.output, child.errors] where !pipe.isAtEnd {
                pollers.append(pollfd(fd: pipe.descriptor, events: Int16(POLLIN), revents: 0))
            }
        }
        let due = (slots.compactMap(\.startAt) + [stopping?.killAt].compactMap { $0 }).min() ?? .distantFuture
        let milliseconds = due == .distantFuture ? -1 : max(0, (due - SystemClock.instant()) / 1_000_000 + 1)
        _ = poll(&pollers, nfds_t(pollers.count), Int32(clamping: milliseconds))
    }
}
