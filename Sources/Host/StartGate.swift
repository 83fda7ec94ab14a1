import Broker

/// What the control loop says of its start, and who waits for that.
final class StartGate: Sendable {
    enum Outcome: Sendable { case up, failed(StartError), stopped }
    private let outcome = Monitor<Outcome?>(nil)

    /// The first word counts.
    func open(_ word: Outcome) {
        outcome.withLock { if $0 == nil { $0 = word } }
        outcome.wakeAll()
    }

    /// Blocks until it is known.
    func wait() -> Outcome { outcome.wait { $0 } }
}
