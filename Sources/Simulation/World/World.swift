package import Vocabulary

/// Virtual time for the whole cluster: one thread, one queue, one order.
///
/// Time jumps to the next entry. Chance comes from one seed, split in streams, so that a new draw in one does not shift
/// the others. All that happens goes into `digest`, so equal seeds must give equal digests.
package final class World {
    package let seed: UInt64
    package private(set) var now = Instant(nanoseconds: 0)
    package private(set) var digest = Digest()
    /// How many happenings there were.
    package private(set) var happenings = 0
    package var trace: Trace
    /// What was found wrong; a run ends at the first.
    package private(set) var failure: SimulationFailure?

    package var options: SeededGenerator
    package var network: SeededGenerator
    package var nodes: SeededGenerator
    package var faults: SeededGenerator
    package var workload: SeededGenerator
    private var disks: SeededGenerator

    private var queue = EventQueue<Happening>()

    package init(seed: UInt64, brokers: Int) {
        self.seed = seed
        trace = Trace(brokers: brokers)
        var root = SeededGenerator(seed: seed)
        options = root.split()
        network = root.split()
        nodes = root.split()
        faults = root.split()
        workload = root.split()
        disks = root.split()
    }

    /// A stream for one disk of its own.
    package func diskStream() -> SeededGenerator { disks.split() }

    package func schedule(_ happening: Happening, at: Instant) {
        queue.put(happening, at: max(at, now))
    }

    package func schedule(_ happening: Happening, afterMicroseconds delay: Int64) {
        schedule(happening, at: Instant(nanoseconds: now.nanoseconds + max(0, delay) * 1000))
    }

    /// Goes on to the next happening, if it is due before `end`; else to `end`.
    package func next(before end: Instant) -> Happening? {
        guard let at = queue.nextAt, at < end, let (_, happening) = queue.take() else {
            now = max(now, end)
            return nil
        }
        invariant(at >= now, "time went back: \(now) -> \(at)")
        now = at
        happenings += 1
        digest.mix(UInt64(bitPattern: at.nanoseconds))
        happening.mix(into: &digest)
        return happening
    }

    /// Goes on to the next happening that is due just now: to finish what one moment brings.
    package func mix(_ word: UInt64) { digest.mix(word) }
    package func mix(_ bytes: some Collection<UInt8>) { digest.mix(bytes) }

    package func note(_ place: Place, _ what: StaticString) { trace.note(at: now, place, what, nil, nil) }
    package func note(_ place: Place, _ what: StaticString, _ a: Int, _ b: Int = .min) {
        trace.note(at: now, place, what, (a, b), nil)
    }
    package func note(_ place: Place, _ what: StaticString, text: String) {
        trace.note(at: now, place, what, nil, text)
    }

    /// Something is wrong with what is simulated. The first such word counts.
    package func fail(_ rule: String, _ details: String) {
        guard failure == nil else { return }
        failure = SimulationFailure(rule: rule, details: details, at: now)
        note(.world, "FAILED", text: "\(rule): \(details)")
    }
}

/// A rule that did not hold.
package struct SimulationFailure: Equatable, Sendable, CustomStringConvertible {
    /// The rule's name, `one leader per term`.
    package let rule: String
    package let details: String
    package let at: Instant

    package var description: String { "\(rule): \(details) (at \(at.nanoseconds / 1_000_000) ms)" }
}

extension SeededGenerator {
    /// True once in `n` times; never when `n` is 0.
    mutating func once(in n: Int) -> Bool { n > 0 && Int.random(in: 0..<n, using: &self) == 0 }
}
