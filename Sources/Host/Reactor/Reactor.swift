package import Broker
import CLinux
package import Logging
package import Ports
import Synchronization
package import Vocabulary

/// The broker's threads: data loops, the control loop, and the pools for syncs and cold reads.
package final class Reactor: Sendable {
    private let context: LoopContext
    private let listeners: [OpenListener]
    private let threads = Mutex<[HostThread]>([])
    private let controlThread = Mutex<HostThread?>(nil)
    private let controlEnds = Atomic(false)

    /// - Parameter disks: those that syncs may be asked of.
    package init(
        settings: ReactorSettings, limits: ConnectionLimits, listeners: [OpenListener], disks: [any Disk],
        logger: Logger,
        observeSync: @escaping @Sendable (_ targets: Int, _ nanoseconds: Int64, _ failed: Bool) -> Void = {
            _, _, _ in
        }
    ) {
        nt_ignore_sigpipe()
        self.listeners = listeners
        context = LoopContext(
            settings: settings, limits: limits, disks: disks, logger: logger, observeSync: observeSync)
    }

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

    /// Starts the data loops; each one's logic is made on its thread. From here on connections are accepted.
    package func startLoops(_ make: @escaping @Sendable (LoopID) -> any LoopLogic) {
        threads.withLock { threads in
            for index in 0..<context.settings.dataLoops {
                threads.append(
                    HostThread("loop-\(index)") { [self] in
                        DataLoop(
                            index: index, context: context, logic: make(LoopID(index)),
                            listeners: index == 0 ? listeners : []
                        ).run()
                    })
            }
        }
    }

    /// Takes no more requests, answers what runs, and closes every connection by that point at the latest.
    package func finishLoops(by deadline: Instant) {
        for mailbox in context.mailboxes { mailbox.post(.finish(by: deadline)) }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    /// Ends the control loop, after the data loops and the syncs they asked for; it makes everything durable.
    package func finishControl() {
        for pool in context.syncPools.values { pool.stop() }
        controlEnds.store(true, ordering: .releasing)
        context.control.wake()
        controlThread.withLock { $0 }?.join()
        context.warmPool.stop()
    }
}
