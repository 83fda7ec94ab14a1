import ArgumentParser

/// The result: a table for people, JSON for programs.
extension BenchRun {
    private var recordsPerSecond: Double { Double(measured.records) / seconds }
    private var bytesPerSecond: Double { Double(measured.bytes) / seconds }
    private var brokerCPU: Double? {
        guard let before = brokerBefore, let after = brokerAfter else { return nil }
        return after.cpuSeconds - before.cpuSeconds
    }
    private var ownCPU: Double { (ownAfter?.cpuSeconds ?? 0) - (ownBefore?.cpuSeconds ?? 0) }

    /// - Throws: `ExitCode` 1 when anything failed, after all was printed.
    func report(options: [(String, JSON)]) throws {
        if let path = reporting.json {
            try reporting.write(json(options), to: path)
        }
        if reporting.json != "-" { printTable(table) }
        for (error, count) in final.errors.sorted(by: { $0.key < $1.key }) {
            complain("error: \(count) times \(error)")
        }
        if isInterrupted { throw ExitCode(130) }
        if final.failedRecords > 0 || !final.errors.isEmpty { throw ExitCode.failure }
    }

    private var table: [[String]] {
        var rows: [[String]] = [
            ["records", "\(measured.records)", ""], ["time", fixed(seconds, 2), "s"],
            ["throughput", fixed(recordsPerSecond, 0), "records/s"],
            ["", fixed(bytesPerSecond / 1e6, 1), "MB/s"], ["requests", "\(measured.requests)", ""],
            ["failed", "\(final.failedRecords)", "records"],
        ]
        rows += final.latencyRows
        if let cpu = brokerCPU {
            rows += [
                ["broker CPU", fixed(cpu, 2), "s"], ["", fixed(cpu / seconds * 100, 0), "% of a core"],
                ["", fixed(perGigabyte(cpu), 3), "s/GB"],
                ["", fixed(perMillion(cpu), 3), "s/million records"],
                ["broker memory", fixed(Double(brokerAfter?.residentBytes ?? 0) / 1e6, 1), "MB"],
                ["", fixed(Double(brokerAfter?.residentBytesMax ?? 0) / 1e6, 1), "MB at most"],
            ]
        }
        rows.append(["own CPU", fixed(perGigabyte(ownCPU), 3), "s/GB"])
        return rows
    }

    private func perGigabyte(_ cpu: Double) -> Double { cpu / (Double(measured.bytes) / 1e9) }
    private func perMillion(_ cpu: Double) -> Double { cpu / (Double(measured.records) / 1e6) }

    private func json(_ options: [(String, JSON)]) -> JSON {
        var result: [(String, JSON)] = [
            ("kind", .string(kind)), ("label", reporting.label.map { .string($0) } ?? .null),
            ("options", .object(options)), ("seconds", .number(seconds)),
            ("records", .int(Int64(measured.records))),
            ("bytes", .int(Int64(measured.bytes))), ("batchBytes", .int(Int64(measured.batchBytes))),
            ("requests", .int(Int64(measured.requests))), ("recordsPerSecond", .number(recordsPerSecond)),
            ("mbPerSecond", .number(bytesPerSecond / 1e6)),
            (kind == "consume" ? "recordsReadInAll" : "recordsInAll", .int(Int64(final.records))),
            ("failedRecords", .int(Int64(final.failedRecords))),
            (
                "errors",
                .object(final.errors.sorted { $0.key < $1.key }.map { ($0.key, .int(Int64($0.value))) })
            ),
            ("latencyMs", final.latencyJSON),
        ]
        if kind == "end-to-end" { result.append(("recordsAcknowledged", .int(Int64(produced.records)))) }
        if let cpu = brokerCPU {
            result.append(
                (
                    "broker",
                    .object([
                        ("cpuSeconds", .number(cpu)), ("cpuSecondsPerGB", .number(perGigabyte(cpu))),
                        ("cpuSecondsPerMillionRecords", .number(perMillion(cpu))),
                        ("residentMB", .number(Double(brokerAfter?.residentBytes ?? 0) / 1e6)),
                        ("residentMaxMB", .number(Double(brokerAfter?.residentBytesMax ?? 0) / 1e6)),
                    ])
                ))
        }
        result.append(
            (
                "own",
                .object([("cpuSeconds", .number(ownCPU)), ("cpuSecondsPerGB", .number(perGigabyte(ownCPU)))])
            ))
        return .object(result)
    }
}
