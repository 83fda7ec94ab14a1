import Histogram
import Vocabulary

/// What one client of a bench counted.
struct BenchTally {
    /// Records and bytes of keys and values that were acknowledged, or that were read.
    var records = 0
    var bytes = 0
    /// Bytes of batches, as they were sent or read.
    var batchBytes = 0
    var requests = 0
    var errors: [String: Int] = [:]
    var failedRecords = 0
    /// In microseconds.
    var latency = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000,
        numberOfSignificantValueDigits: .three)
    var latencyKind = ""

    mutating func took(_ nanoseconds: Int64, count: Int = 1) {
        let value = UInt64(min(max(1, nanoseconds / 1_000), 3_599_000_000))
        if count > 0 { latency.record(value, count: UInt64(count)) }
    }

    mutating func failed(_ error: String, records: Int) {
        errors[error, default: 0] += 1
        failedRecords += records
    }

    mutating func add(_ other: BenchTally) {
        records += other.records
        bytes += other.bytes
        batchBytes += other.batchBytes
        requests += other.requests
        failedRecords += other.failedRecords
        for (error, count) in other.errors { errors[error, default: 0] += count }
        latency.add(other.latency)
        if latencyKind.isEmpty { latencyKind = other.latencyKind }
    }
}
