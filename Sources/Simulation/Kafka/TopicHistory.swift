package import Vocabulary

/// All that clients asked of topics and were told, by name; and whether it could have happened one request at a time.
package struct TopicHistory {
    package struct Record: Sendable {
        package let client: Int
        package let invoked: Instant
        package var returned: Instant?
        package var operation: TopicOperation
    }
    private var records: [Record] = []
    private var namesOf: [String] = []

    package init() {}

    /// - Returns: the record's place, for `finish`.
    package mutating func begin(client: Int, _ name: String, _ step: TopicStep, at now: Instant) -> Int {
        records.append(
            Record(client: client, invoked: now, returned: nil, operation: TopicOperation(step, .unknown)))
        namesOf.append(name)
        return records.count - 1
    }

    package mutating func finish(_ record: Int, _ outcome: TopicOutcome, at now: Instant) {
        records[record].returned = now
        records[record].operation.outcome = outcome
    }

    package mutating func note(
        client: Int, _ name: String, _ step: TopicStep, _ outcome: TopicOutcome, invoked: Instant,
        at now: Instant
    ) {
        finish(begin(client: client, name, step, at: invoked), outcome, at: now)
    }

    /// Each name on its own: no request that is recorded names two.
    /// - Returns: what is wrong, in words; nil when nothing is.
    package func check(stepsMax: Int = 2_000_000) -> (violation: String?, undecided: Int) {
        var undecided = 0
        for name in Set(namesOf).sorted() {
            let own = records.indices.filter { namesOf[$0] == name }.map { records[$0] }
            let history = own.map { Interval($0.operation, invoked: $0.invoked, returned: $0.returned) }
            var checker = LinearizabilityChecker(TopicModel(), history)
            switch checker.check(stepsMax: stepsMax) {
            case .linearizable: break
            case .undecided: undecided += 1
            case .violated(let stuckAt, let placed):
                let around = own.suffix(40).map(describe).joined(separator: "; ")
                return (
                    "topic \(name): no order of \(own.count) requests fits: \(placed) were placed, not "
                        + "\(describe(own[stuckAt])); the last: \(around)", undecided
                )
            }
        }
        return (nil, undecided)
    }

    private func describe(_ record: Record) -> String {
        let end = record.returned.map { "\($0.nanoseconds / 1000)" } ?? "?"
        return
            "client \(record.client) [\(record.invoked.nanoseconds / 1000)..\(end) us] \(record.operation.step) -> "
            + "\(record.operation.outcome)"
    }
}
