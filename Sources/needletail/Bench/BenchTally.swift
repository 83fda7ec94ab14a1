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

/// Latency in milliseconds, for people and for programs.
extension BenchTally {
    private static let percentiles: [(name: String, value: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("p99.99", 99.99),
    ]

    private func latencyMs(_ percentile: Double) -> Double {
        Double(latency.valueAtPercentile(percentile)) / 1000
    }

    var latencyRows: [[String]] {
        guard latency.totalCount > 0 else { return [] }
        var name = "latency (\(latencyKind))"
        var rows: [[String]] = []
        for percentile in Self.percentiles {
            rows.append([name, fixed(latencyMs(percentile.value), 3), "ms \(percentile.name)"])
            name = ""
        }
        rows.append(["", fixed(Double(latency.max) / 1000, 3), "ms max"])
        return rows
    }

    var latencyJSON: JSON {
        var pairs: [(String, JSON)] = [
            ("of", .string(latencyKind)), ("count", .int(Int64(latency.totalCount))),
        ]
        if latency.totalCount > 0 {
            pairs += Self.percentiles.map { ($0.name, .number(latencyMs($0.value))) }
            pairs += [
                ("max", .number(Double(latency.max) / 1000)), ("mean", .number(latency.mean / 1000)),
            ]
        }
        return .object(pairs)
    }
}
