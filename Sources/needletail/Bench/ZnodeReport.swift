import ArgumentParser

/// The result: a table for people, JSON for programs.
extension ZnodeRun {
    private var operations: Int { measured.reduce(0) { $0 + $1.records } }
    private var failures: Int { final.reduce(0) { $0 + $1.failedRecords } }
    private var brokerCPU: Double? { broker.map { $0.after.cpuSeconds - $0.before.cpuSeconds } }
    private func perMillion(_ cpu: Double) -> Double { cpu / (Double(operations) / 1e6) }

    /// - Throws: `ExitCode` 1 when anything failed, after all was printed.
    func report(options: Described) throws {
        if let path = command.reporting.json { try command.reporting.write(json(options), to: path) }
        if command.reporting.json != "-" { printTable(table) }
        for tally in final {
            for (error, count) in tally.errors.sorted(by: { $0.key < $1.key }) {
                complain("error: \(tally.latencyKind): \(count) times \(error)")
            }
        }
        if isInterrupted { throw ExitCode(130) }
        if failures > 0 { throw ExitCode.failure }
    }

    private var table: [[String]] {
        var rows: [[String]] = [
            ["operations", "\(operations)", ""], ["time", fixed(seconds, 2), "s"],
            ["throughput", fixed(Double(operations) / seconds, 0), "operations/s"],
            ["failed", "\(failures)", "operations"],
        ]
        for tally in final { rows += tally.latencyRows }
        if let cpu = brokerCPU, let broker {
            rows += [
                ["broker CPU", fixed(cpu, 2), "s"], ["", fixed(cpu / seconds * 100, 0), "% of a core"],
                ["", fixed(perMillion(cpu), 3), "s/million operations"],
                ["broker memory", fixed(Double(broker.after.residentBytes) / 1e6, 1), "MB"],
                ["", fixed(Double(broker.after.residentBytesMax) / 1e6, 1), "MB at most"],
            ]
        }
        rows.append(["own CPU", fixed(perMillion(ownCPU), 3), "s/million operations"])
        return rows
    }

    private func json(_ options: Described) -> JSON {
        var result: [(String, JSON)] = [
            ("kind", .string("znode")), ("label", command.reporting.label.map { .string($0) } ?? .null),
            ("options", .object(options)), ("seconds", .number(seconds)),
            ("operations", .int(Int64(operations))),
            ("operationsPerSecond", .number(Double(operations) / seconds)),
            ("failed", .int(Int64(failures))),
        ]
        var errors: [(String, JSON)] = []
        var latencies: [(String, JSON)] = []
        for tally in final where tally.records > 0 || !tally.errors.isEmpty {
            errors += tally.errors.sorted { $0.key < $1.key }.map {
                ("\(tally.latencyKind): \($0.key)", .int(Int64($0.value)))
            }
            latencies.append((tally.latencyKind, tally.latencyJSON))
        }
        result += [("errors", .object(errors)), ("latencyMs", .object(latencies))]
        if let cpu = brokerCPU, let broker {
            result.append(
                (
                    "broker",
                    .object([
                        ("cpuSeconds", .number(cpu)),
                        ("cpuSecondsPerMillionOperations", .number(perMillion(cpu))),
                        ("residentMB", .number(Double(broker.after.residentBytes) / 1e6)),
                        ("residentMaxMB", .number(Double(broker.after.residentBytesMax) / 1e6)),
                    ])
                ))
        }
        result.append(
            (
                "own",
                .object([
                    ("cpuSeconds", .number(ownCPU)),
                    ("cpuSecondsPerMillionOperations", .number(perMillion(ownCPU))),
                ])
            ))
        return .object(result)
    }
}
