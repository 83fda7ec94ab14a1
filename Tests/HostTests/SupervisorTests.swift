import CLinux
import Glibc
import Host
import Testing

@Suite(.timeLimit(.minutes(1))) struct SupervisorTests {
    /// Runs shell scripts, and notes what happens.
    private final class Watched {
        var events: [Supervisor.Event] = []
        var readyCount = 0
        private let stops = nt_eventfd()
        private let path: String
        private let scripts: [String]
        private let restarts: Bool
        private let onEvent: (Watched, Supervisor.Event) -> Void

        init(
            _ scripts: [String], path: String = "/bin/sh", restarts: Bool = false,
            onEvent: @escaping (Watched, Supervisor.Event) -> Void
        ) {
            self.path = path
            self.scripts = scripts
            self.restarts = restarts
            self.onEvent = onEvent
        }

        deinit { close(stops) }

        func stop() {
            var one: UInt64 = 1
            _ = write(stops, &one, 8)
        }

        func run() -> Int32 {
            let supervisor = Supervisor(
                path: path,
                programs: scripts.enumerated().map { .init(name: "program \($0)", arguments: ["-c", $1]) },
                restarts: restarts, isReadyLine: { $0.hasPrefix("ready") },
                report: { event in
                    self.events.append(event)
                    if case .output(let line, _) = event, line.hasPrefix("ready") { self.readyCount += 1 }
                    self.onEvent(self, event)
                })
            return supervisor.run(stops: stops) {
                var count: UInt64 = 0
                return read(self.stops, &count, 8) == 8
            }
        }

        var notes: [String] {
            events.compactMap { if case .note(let line) = $0 { line } else { nil } }
        }
    }

    /// Says that it is ready, with its pid, and waits to be stopped.
    private static let server = "echo ready $$; exec sleep 100"

    private static func pid(_ event: Supervisor.Event, of index: Int) -> Int32? {
        guard case .output(let line, index) = event, line.hasPrefix("ready ") else { return nil }
        return Int32(line.dropFirst(6))
    }

    @Test func `what programs say comes in lines, each with its origin, and they stop together`() {
        let watched = Watched([
            "echo first >&2; " + Self.server, "printf 'one\\ntwo'; printf ' halves\\n'; " + Self.server,
        ]) { watched, _ in
            if watched.readyCount == 2 { watched.stop() }
        }
        #expect(watched.run() == 0)
        #expect(watched.events.contains(.errors("first", from: 0)))
        #expect(watched.events.contains(.output("one", from: 1)))
        #expect(watched.events.contains(.output("two halves", from: 1)))
        #expect(watched.notes == [])
    }

    @Test func `one that ends before it is ready ends them all, with its last words`() {
        let watched = Watched([Self.server, "printf 'no room' >&2; exit 3"]) { _, _ in }
        #expect(watched.run() == 1)
        #expect(watched.events.contains(.errors("no room", from: 1)))
        #expect(watched.notes.count == 1)
        #expect(watched.notes[0].hasPrefix("program 1 (pid "))
        #expect(
            watched.notes[0].hasSuffix(") ended with code 3 before it was ready; its last lines are above"))
    }

    @Test func `a program that cannot be run is one that ends before it is ready`() {
        let watched = Watched([""], path: "/nowhere/sh") { _, _ in }
        #expect(watched.run() == 1)
        #expect(watched.notes.first?.contains("ended with code 127 before it was ready") == true)
    }

    @Test func `one that is killed later is told of, and the others go on`() {
        let watched = Watched([Self.server, Self.server]) { watched, event in
            if case .note = event { return watched.stop() }
            if watched.readyCount == 2,
                let pid = Self.pid(watched.events.first { Self.pid($0, of: 1) != nil }!, of: 1)
            {
                kill(pid, SIGKILL)
            }
        }
        #expect(watched.run() == 0)
        #expect(watched.notes.count == 1)
        #expect(watched.notes[0].hasPrefix("program 1 (pid "))
        #expect(watched.notes[0].hasSuffix(") was ended by signal 9 (Killed); 1 go on"))
    }

    @Test func `when none is left it ends too`() {
        let watched = Watched([Self.server]) { _, event in
            if let pid = Self.pid(event, of: 0) { kill(pid, SIGTERM) }
        }
        #expect(watched.run() == 1)
        #expect(watched.notes.first?.hasSuffix("was ended by signal 15 (Terminated); none is left") == true)
    }

    @Test func `one that is killed is started again where that is wanted`() {
        let watched = Watched([Self.server, Self.server], restarts: true) { watched, event in
            if watched.readyCount == 4 { return watched.stop() }
            if watched.readyCount < 4, let pid = Self.pid(event, of: 0) { kill(pid, SIGKILL) }
        }
        #expect(watched.run() == 0)
        #expect(watched.notes.count == 2)
        #expect(watched.notes.allSatisfy { $0.hasSuffix("(Killed); it is started again") })
        let pids = watched.events.compactMap { Self.pid($0, of: 0) }
        #expect(Set(pids).count == 3)
    }

    @Test func `the second stop kills those that take their time`() {
        let script = "trap 'echo deaf' TERM; echo ready; while :; do sleep 0.02; done"
        let watched = Watched([script]) { watched, event in
            if event == .output("ready", from: 0) || event == .output("deaf", from: 0) { watched.stop() }
        }
        #expect(watched.run() == 130)
        #expect(watched.events.contains(.output("deaf", from: 0)))
    }

    @Test func `a program has no input, a group of its own and no signal blocked`() {
        let script =
            "cat; read pid name state parent group rest < /proc/self/stat; echo group $((group - pid)); "
            + "grep -h SigBlk /proc/self/status; "
        let watched = Watched([script + Self.server]) { watched, _ in
            if watched.readyCount == 1 { watched.stop() }
        }
        #expect(watched.run() == 0)
        #expect(watched.events.contains(.output("group 0", from: 0)))
        #expect(watched.events.contains(.output("SigBlk:\t0000000000000000", from: 0)))
    }
}
