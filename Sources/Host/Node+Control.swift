import Broker
import Logging
import Ports
import Synchronization
import Vocabulary

extension ControlLoop: ControlLogic {}

extension BrokerLoop: LoopLogic {}

extension QuorumLoop: LoopLogic {}

/// The quorum loop and the control loop come up on their own threads, where they stay; the broker is shared by all.
extension Node {
    static func start(
        _ reactor: Reactor, _ config: BrokerConfig, _ disks: [any Disk], threads: Int
    ) throws(SettingsProblems) -> Broker {
        var generator = SystemRandomNumberGenerator()
        let start: BrokerStart
        do throws(StartError) {
            start = try BrokerStart(config: config, disks: disks, seed: generator.next())
        } catch {
            throw SettingsProblems(problems: [SettingsProblem(place: "log.dirs", message: error.description)])
        }
        let failure = Monitor<StartError??>(nil)
        reactor.startQuorum {
            do throws(StartError) {
                let loop = try start.quorumLoop(now: SystemClock.now())
                failure.withLock { $0 = .some(nil) }
                failure.wakeAll()
                return loop
            } catch {
                failure.withLock { $0 = .some(error) }
                failure.wakeAll()
                return nil
            }
        }
        if let error = failure.wait({ $0 }) {
            reactor.finishQuorum(by: SystemClock.instant())
            throw SettingsProblems(problems: [SettingsProblem(place: "log.dirs", message: error.description)])
        }
        reactor.startControl {
            start.controlLoop(now: SystemClock.now()) { count, body in inParallel(count, threads: threads, body) }
        }
        return start.broker
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
