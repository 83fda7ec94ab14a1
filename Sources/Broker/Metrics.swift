import Synchronization
import Vocabulary

/// What a data loop counts, in plain integers. Published a few times a second as a copy, so counting costs no lock.
package struct LoopCounters: Sendable {
    package var connectionsOpened: UInt64 = 0
    package var connectionsClosed: UInt64 = 0
    /// Closed by us: broken frames, limits.
    package var connectionsRefused: UInt64 = 0
    /// Record batch bytes taken from producers.
    package var produceBytes: UInt64 = 0
    package var produceRecords: UInt64 = 0
    /// Record batch bytes handed to consumers.
    package var fetchBytes: UInt64 = 0
    /// Partitions refused; a request may have several.
    package var produceErrors: UInt64 = 0
    package var fetchErrors: UInt64 = 0
    /// By API key.
    package var requests: [RequestCounter] = Array(repeating: RequestCounter(), count: 96)

    package struct RequestCounter: Sendable {
        package var count: UInt64 = 0
        /// From the frame's arrival until its answer was handed to the socket; waiting included.
        package var nanoseconds: UInt64 = 0
        package var buckets = InlineHistogram()
    }

    package init() {}

    /// How often anything was counted that a scrape should not miss.
    package private(set) var changes: UInt64 = 0

    package mutating func request(_ apiKey: Int16, nanoseconds: Int64) {
        changes &+= 1
        guard apiKey >= 0, Int(apiKey) < requests.count else { return }
        requests[Int(apiKey)].count += 1
        requests[Int(apiKey)].nanoseconds += UInt64(max(0, nanoseconds))
        requests[Int(apiKey)].buckets.record(nanoseconds: nanoseconds)
    }
}

/// Counts by powers of four from 16 µs to 16 s; enough for a dashboard, small enough for each API and loop.
package struct InlineHistogram: Sendable {
    /// Upper bounds in nanoseconds; the last bucket is for all above.
    package static let bounds: [Int64] = (0..<11).map { 16_000 << (2 * $0) }
    package private(set) var counts:
        (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
            (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    package mutating func record(nanoseconds: Int64) {
        let scaled = UInt64(max(1, nanoseconds)) / 16_000
        let bucket = scaled == 0 ? 0 : min(11, (UInt64.bitWidth - scaled.leadingZeroBitCount + 1) / 2)
        withUnsafeMutableBytes(of: &counts) { $0.assumingMemoryBound(to: UInt64.self)[bucket] += 1 }
    }

    package var values: [UInt64] { withUnsafeBytes(of: counts) { Array($0.assumingMemoryBound(to: UInt64.self)) } }
}

/// What the control loop measures. Durations in nanoseconds.
package struct ControlCounters: Sendable {
    package var topics = 0
    package var partitions = 0
    package var offlinePartitions = 0
    package var logBytes: Int64 = 0
    package var segments = 0
    package var metadataOffset: Int64 = 0
    package init() {}
}

/// What the sync pool measures.
package struct SyncCounters: Sendable {
    package var rounds: UInt64 = 0
    package var targets: UInt64 = 0
    package var failures: UInt64 = 0
    package var nanoseconds: UInt64 = 0
    package init() {}
}

/// The broker's numbers, gathered from its loops; read by the host's HTTP.
package final class Metrics: Sendable {
    private let loops = Mutex<[Int: LoopCounters]>([:])
    private let controlCounters = Mutex(ControlCounters())
    private let syncCounters = Mutex(SyncCounters())

    func publish(_ counters: LoopCounters, of loop: LoopID) { loops.withLock { $0[loop.index] = counters } }
    package func publish(_ counters: ControlCounters) { controlCounters.withLock { $0 = counters } }
    package func update(_ body: (inout SyncCounters) -> Void) { syncCounters.withLock { body(&$0) } }

    package var byLoop: [(loop: Int, counters: LoopCounters)] {
        loops.withLock { all in all.keys.sorted().map { ($0, all[$0]!) } }
    }
    package var control: ControlCounters { controlCounters.withLock { $0 } }
    package var sync: SyncCounters { syncCounters.withLock { $0 } }
}
