package import Broker
import CLinux
import Glibc
package import Logging
package import Ports
import Synchronization
package import Vocabulary

/// The broker's threads: data loops, the control loop, the quorum loop, and the pools for syncs, cold reads and
/// names.
///
/// They end in the order in which they need each other: `finishLoops`, `finishControl`, `finishQuorum`.
package final class Reactor: Sendable {
    private let context: LoopContext
    private let listeners: [OpenListener]
    private let quorumListeners: [OpenListener]
    private let loops = Mutex(Loops.notStarted)
    private let controlThread = Mutex<HostThread?>(nil)
    private let quorumThread = Mutex<HostThread?>(nil)
    private let controlEnds = Atomic(false)

    private enum Loops { case notStarted, running([HostThread]), finished }

    /// - Parameters:
    ///   - listeners: dealt out to the data loops, and theirs to close once these run.
    ///   - quorumListeners: the quorum loop's own.
    ///   - disks: those that syncs may be asked of.
    package init(
        settings: ReactorSettings, limits: ConnectionLimits, listeners: [OpenListener],
        quorumListeners: [OpenListener] = [], disks: [any Disk], logger: Logger,
        observeSync: @escaping @Sendable (_ targets: Int, _ nanoseconds: Int64, _ failed: Bool) -> Void = {
            _, _, _ in
        }
    ) {
        nt_ignore_sigpipe()
        self.listeners = listeners
        self.quorumListeners = quorumListeners
        context = LoopContext(
            settings: settings, limits: limits, disks: disks, logger: logger, observeSync: observeSync)
    }

    /// What the control loop says of its start.
    var gate: StartGate { context.gate }

    /// Gives a loop a message from outside of all loops.
    func post(_ message: LoopMessage, to loop: LoopID) { context.post(message, to: loop) }

    /// Runs effects that arose before the loops ran.
    package func run(_ effects: [LoopEffect]) { context.run(effects) }

    /// Starts the control loop. Its logic is made on its thread, and stays there; nil when it could not be
    /// made.
    package func startControl(_ make: @escaping @Sendable () -> (any ControlLogic)?) {
        let thread = HostThread("control") { [self] in
            guard let logic = make() else { return }
            ControlThread(context: context, logic: logic) { [self] in controlEnds.load(ordering: .acquiring) }
                .run()
        }
        controlThread.withLock { $0 = thread }
    }

    /// Starts the quorum loop. Its logic is made on its thread, and stays there; nil when it could not be made:
    /// then its listeners are left open.
    package func startQuorum(_ make: @escaping @Sendable () -> (any LoopLogic)?) {
        let thread = HostThread("quorum") { [self] in
            guard let logic = make() else { return }
            DataLoop(id: .quorum, context: context, logic: logic, listeners: quorumListeners).run()
        }
        quorumThread.withLock { $0 = thread }
    }

    /// Starts the data loops; each one's logic is made on its thread. From here on connections are accepted.
    /// - Returns: false when the loops were to finish before: then none is started.
    @discardableResult
    package func startLoops(_ make: @escaping @Sendable (LoopID) -> any LoopLogic) -> Bool {
        loops.withLock { loops in
            guard case .notStarted = loops else { return false }
            let threads = (0..<context.settings.dataLoops).map { index in
                HostThread("loop-\(index)") { [self] in
                    let id = LoopID(index)
                    DataLoop(
                        id: id, context: context, logic: make(id), listeners: index == 0 ? listeners : []
                    ).run()
                }
            }
            loops = .running(threads)
            return true
        }
    }

    /// Takes no more requests, answers what runs, and closes every connection by that point at the latest.
    package func finishLoops(by deadline: Instant) {
        let before = loops.withLock { loops in
            defer { loops = .finished }
            return loops
        }
        switch before {
        case .notStarted: for listener in listeners { close(listener.descriptor) }
        case .running(let threads):
            for mailbox in context.mailboxes { mailbox.post(.finish(by: deadline)) }
            for thread in threads { thread.join() }
        case .finished: break
        }
    }

    /// Ends the control loop, after the data loops and the syncs that were asked for until now; it makes
    /// everything durable.
    package func finishControl() {
        for pool in context.syncPools.values { pool.drain() }
        controlEnds.store(true, ordering: .releasing)
        context.control.wake()
        controlThread.withLock { $0 }?.join()
    }

    /// Ends the quorum loop, if there is one: it served its peers until now, answers what runs, and closes every
    /// connection by that point at the latest. Then the pools end, and with them the reactor: no thread of it uses a
    /// disk any more.
    package func finishQuorum(by deadline: Instant) {
        context.quorum.post(.finish(by: deadline))
        quorumThread.withLock { $0 }?.join()
        for pool in context.syncPools.values { pool.stop() }
        context.warmPool.stop()
        context.resolverPool.stop()
    }
}
