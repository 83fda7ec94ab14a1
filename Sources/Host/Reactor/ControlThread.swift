import Broker
import Vocabulary

/// Runs the control loop: the controller, the metadata log and the maintenance, so that busy data loops never
/// delay them.
struct ControlThread {
    let context: LoopContext
    let logic: any ControlLogic
    /// Set from outside to end it.
    let isStopping: @Sendable () -> Bool

    func run() {
        var inbox: [LoopMessage] = []
        // The start has left effects: log lines, syncs. They do not wait for the first message.
        var wake: Instant? = SystemClock.instant()
        while !isStopping() {
            let now = SystemClock.instant()
            let milliseconds = wake.map { ($0 - now + 999_999) / 1_000_000 } ?? 1000
            if milliseconds > 0 { context.control.wait(milliseconds: Int32(min(milliseconds, 1000))) }
            context.control.drain(into: &inbox)
            for message in inbox { logic.deliver(message, now: SystemClock.now()) }
            wake = logic.advance(to: SystemClock.now())
            context.run(logic.takeOutbound())
        }
        context.control.drain(into: &inbox)
        for message in inbox { logic.deliver(message, now: SystemClock.now()) }
        logic.shutdown(now: SystemClock.now())
        context.run(logic.takeOutbound())
    }
}
