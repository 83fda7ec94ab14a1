import Broker
import Logging
import Ports
import Synchronization
import Vocabulary

extension ControlLoop: ControlLogic {}

extension BrokerLoop: LoopLogic {}

/// The control loop comes up on its own thread, where it stays; the broker it makes is shared by all.
extension Node {
    static func startControl(
        _ reactor: Reactor, _ config: BrokerConfig, _ disks: [any Disk], threads: Int
    ) throws(SettingsProblems) -> Broker {
        let outcome = Monitor<Result<Broker, StartError>?>(nil)
        reactor.startControl {
            var generator = SystemRandomNumberGenerator()
            do throws(StartError) {
                let (broker, loop) = try ControlLoop.start(
                    config: config, disks: disks, now: SystemClock.now(), seed: generator.next()
                ) { count, body in inParallel(count, threads: threads, body) }
                outcome.withLock { $0 = .success(broker) }
                outcome.wakeAll()
                return loop
            } catch {
                outcome.withLock { $0 = .failure(error) }
                outcome.wakeAll()
                return nil
            }
        }
        switch outcome.wait({ $0 }) {
        case .success(let broker): return broker
        case .failure(let error):
            reactor.finishControl()
            reactor.finishQuorum(by: SystemClock.instant())
            throw SettingsProblems(problems: [SettingsProblem(place: "log.dirs", message: error.description)])
        }
    }

    /// Calls `body` for each index below `count`, in some order, on that many threads; returns when all are
    /// done.
    static func inParallel(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let next = Mutex(0)
        let chunk = max(1, min(64, count / (threads * 4)))
        let work: @Sendable () -> Void = {
            while true {
                let start = next.withLock { next in
                    defer { next += chunk }
                    return next
                }
                if start >= count { return }
                for index in start..<min(count, start + chunk) { body(index) }
            }
        }
        // A few are done sooner than a thread is started.
        let others = count < 4 ? [] : (1..<max(2, threads)).map { HostThread("recovery-\($0)", work) }
        work()
        for thread in others { thread.join() }
    }
}
