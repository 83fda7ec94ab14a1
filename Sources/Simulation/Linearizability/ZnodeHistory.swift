package import Vocabulary

/// All that clients asked of znodes and were told, by path; and whether it could have happened one request at a time.
package struct ZnodeHistory {
    package struct Record: Sendable {
        package let client: Int
        package let invoked: Instant
        package var returned: Instant?
        /// Nodes are indices of `paths`.
        package var operation: ZnodeOperation
    }

    package private(set) var records: [Record] = []
    package private(set) var paths: [String] = []
    private var numbers: [String: Int] = [:]

    package init() {}

    /// The node's number in this history.
    package mutating func number(of path: String) -> Int {
        if let known = numbers[path] { return known }
        numbers[path] = paths.count
        paths.append(path)
        return paths.count - 1
    }

    /// - Returns: the record's place, for `finish`.
    package mutating func begin(client: Int, _ steps: [ZnodeStep], at now: Instant) -> Int {
        records.append(
            Record(client: client, invoked: now, returned: nil, operation: ZnodeOperation(steps, .unknown)))
        return records.count - 1
    }

    package mutating func finish(_ record: Int, _ outcome: ZnodeOutcome, at now: Instant) {
        records[record].returned = now
        records[record].operation.outcome = outcome
    }

    /// The session ended some time in between; `returned` nil: not before `invoked`, if at all. Its nodes are those it ever
    /// asked to make.
    package mutating func noteSessionEnd(client: Int, owner: Int64, invoked: Instant, returned: Instant?) {
        var nodes: Set<Int> = []
        for record in records {
            for case .create(let node, _, owner) in record.operation.steps { nodes.insert(node) }
        }
        // Node by node: weaker than all at once, and it keeps the parts of the history apart.
        for node in nodes.sorted() {
            let outcome = returned == nil ? ZnodeOutcome.unknown : .answered([.done])
            records.append(
                Record(
                    client: client, invoked: invoked, returned: returned,
                    operation: ZnodeOperation([.endSession(node: node, owner: owner)], outcome)))
        }
    }

    /// Nodes that go by themselves may have done so, each once after each write of theirs, and not before its time.
    private mutating func addSweeps() {
        var ttls: [Int: Int64] = [:]
        for record in records {
            for case .createMortal(let node, _, let ttl?) in record.operation.steps { ttls[node] = ttl }
        }
        for record in records {
            if case .refused = record.operation.outcome { continue }
            if case .answered(let results) = record.operation.outcome, case .failed? = results.first {
                continue
            }
            switch record.operation.steps[0] {
            case .createMortal(let node, let value, nil):
                note(.sweep(node: node, value: value, needsChild: true), from: record.invoked)
            case .createMortal(let node, let value, let ttl?):
                note(.sweep(node: node, value: value, needsChild: false), from: record.invoked, ttl)
            case .set(let node, let value, _):
                guard let ttl = ttls[node] else { continue }
                note(.sweep(node: node, value: value, needsChild: false), from: record.invoked, ttl)
            default: continue
            }
        }
    }

    /// A node's time is kept in whole milliseconds, so it may end one too soon.
    private mutating func note(_ sweep: ZnodeStep, from start: Instant, _ ttlMs: Int64 = 1) {
        records.append(
            Record(
                client: 0, invoked: start.adding(milliseconds: ttlMs - 1), returned: nil,
                operation: ZnodeOperation([sweep], .unknown)))
    }

    /// Checks each set of nodes that were never used together on its own: a history is linearizable if and only if
    /// each object's part is (Herlihy and Wing, 1990, theorem 1).
    /// - Returns: what is wrong, in words; nil when nothing is.
    package mutating func check(stepsMax: Int = 5_000_000) -> (violation: String?, undecided: Int) {
        var undecided = 0
        addSweeps()
        for part in parts() {
            let nodes = part.nodes
            let local = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
            let history = part.records.map { index in
                let record = records[index]
                let steps = record.operation.steps.map { $0.renumbered { local[$0]! } }
                return Interval(
                    ZnodeOperation(steps, record.operation.outcome), invoked: record.invoked,
                    returned: record.returned)
            }
            var checker = LinearizabilityChecker(ZnodeModel(nodes: nodes.count), history)
            switch checker.check(stepsMax: stepsMax) {
            case .linearizable: break
            case .undecided: undecided += 1
            case .violated(let stuckAt, let placed):
                let record = records[part.records[stuckAt]]
                let around = part.records.filter { overlaps(records[$0], record) }.suffix(30).map {
                    describe(records[$0])
                }
                return (
                    "no order of \(history.count) requests fits: \(placed) were placed, not "
                        + describe(record)
                        + "; at the time: " + around.joined(separator: "; "), undecided
                )
            }
        }
        return (nil, undecided)
    }

    private func overlaps(_ a: Record, _ b: Record) -> Bool {
        guard let end = b.returned else { return false }
        let margin: Int64 = 300_000_000
        return a.invoked.nanoseconds < end.nanoseconds + margin
            && (a.returned.map { $0.nanoseconds > b.invoked.nanoseconds - margin } ?? true)
    }

    package func describe(_ record: Record) -> String {
        let end = record.returned.map { "\($0.nanoseconds / 1000)" } ?? "?"
        let steps = record.operation.steps.map {
            "\($0)".replacing("node: \($0.nodes[0])", with: paths[$0.nodes[0]])
        }
        return "client \(record.client) [\(record.invoked.nanoseconds / 1000)..\(end) us] "
            + steps.joined(separator: " + ") + " -> \(record.operation.outcome)"
    }

    /// Sets of nodes tied by requests that name several, with the records of each.
    private func parts() -> [(nodes: [Int], records: [Int])] {
        var parent = Array(paths.indices)
        func root(_ node: Int) -> Int {
            var node = node
            while parent[node] != node { node = parent[node] }
            return node
        }
        for record in records {
            let nodes = record.operation.steps.flatMap(\.nodes)
            for node in nodes.dropFirst() { parent[root(node)] = root(nodes[0]) }
        }
        var recordsOf: [Int: [Int]] = [:]
        for (index, record) in records.enumerated() {
            // A read that nobody was answered, or a check alone, tells nothing.
            recordsOf[root(record.operation.steps[0].nodes[0]), default: []].append(index)
        }
        var nodesOf: [Int: [Int]] = [:]
        for node in paths.indices { nodesOf[root(node), default: []].append(node) }
        return recordsOf.keys.sorted().map { (nodesOf[$0]!, recordsOf[$0]!) }
    }
}
