import Simulation
import Testing
import Vocabulary

struct LinearizabilityTests {
    private func at(_ time: Int64) -> Instant { Instant(nanoseconds: time) }
    private let node = 0

    /// One node; each row: what, what came of it, when asked, when answered.
    private func verdict(_ rows: [(ZnodeStep, ZnodeOutcome, Int64, Int64?)], nodes: Int = 1)
        -> LinearizabilityVerdict
    {
        verdict(rows.map { ([$0.0], $0.1, $0.2, $0.3) }, nodes: nodes)
    }

    private func verdict(_ rows: [([ZnodeStep], ZnodeOutcome, Int64, Int64?)], nodes: Int = 1)
        -> LinearizabilityVerdict
    {
        let history = rows.map {
            Interval(ZnodeOperation($0.0, $0.1), invoked: at($0.2), returned: $0.3.map(at))
        }
        var checker = LinearizabilityChecker(ZnodeModel(nodes: nodes), history)
        return checker.check()
    }

    private let created = ZnodeOutcome.answered([.done])
    private func found(_ value: Int64, _ version: Int32) -> ZnodeOutcome {
        .answered([.found(value: value, version: version, owner: 0)])
    }
    private func isViolated(_ verdict: LinearizabilityVerdict) -> Bool {
        if case .violated = verdict { true } else { false }
    }

    @Test func `a read that overlaps a write may see it or not`() {
        for (value, version) in [(1, 0), (2, 1)] as [(Int64, Int32)] {
            #expect(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 1),
                    (.set(node: 0, value: 2, version: -1), .answered([.version(1)]), 2, 10),
                    (.read(node: 0), found(value, version), 3, 9),
                ]) == .linearizable)
        }
    }

    @Test func `a read after a write was answered sees it`() {
        #expect(
            isViolated(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 1),
                    (.set(node: 0, value: 2, version: -1), .answered([.version(1)]), 2, 3),
                    (.read(node: 0), found(1, 0), 4, 5),
                ])))
    }

    @Test func `two reads one after the other do not go back, though the write goes on`() {
        #expect(
            isViolated(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 1),
                    (.set(node: 0, value: 2, version: -1), .unknown, 2, nil),
                    (.read(node: 0), found(2, 1), 4, 5),
                    (.read(node: 0), found(1, 0), 6, 7),
                ])))
    }

    @Test func `a write nobody knows of may have happened late, or never`() {
        for last in [found(1, 0), found(2, 1)] {
            #expect(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 1),
                    (.set(node: 0, value: 2, version: -1), .unknown, 2, nil),
                    (.read(node: 0), found(1, 0), 4, 5),
                    (.read(node: 0), last, 100, 101),
                ]) == .linearizable)
        }
    }

    @Test func `two that create the same node do not both succeed`() {
        #expect(
            isViolated(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 9),
                    (.create(node: 0, value: 2, owner: 0), created, 1, 8),
                ])))
        #expect(
            verdict([
                (.create(node: 0, value: 1, owner: 0), created, 0, 9),
                (.create(node: 0, value: 2, owner: 0), .answered([.failed(.nodeExists)]), 1, 8),
            ]) == .linearizable)
    }

    @Test func `two sets on one expected version do not both succeed`() {
        #expect(
            isViolated(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 1),
                    (.set(node: 0, value: 2, version: 0), .answered([.version(1)]), 2, 9),
                    (.set(node: 0, value: 3, version: 0), .answered([.version(1)]), 2, 9),
                ])))
    }

    @Test func `an acknowledged set that is gone is found out by the next version`() {
        #expect(
            isViolated(
                verdict([
                    (.create(node: 0, value: 1, owner: 0), created, 0, 1),
                    (.set(node: 0, value: 2, version: -1), .answered([.version(1)]), 2, 3),
                    (.set(node: 0, value: 3, version: -1), .answered([.version(1)]), 4, 5),
                ])))
    }

    @Test func `a multi is all or nothing to who reads both nodes`() {
        let both: [([ZnodeStep], ZnodeOutcome, Int64, Int64?)] = [
            (
                [.create(node: 0, value: 1, owner: 0), .create(node: 1, value: 1, owner: 0)],
                .answered([.done, .done]), 0, 1
            ),
            (
                [.set(node: 0, value: 2, version: -1), .set(node: 1, value: 2, version: -1)],
                .answered([.version(1), .version(1)]), 2, 9
            ),
        ]
        #expect(
            isViolated(
                verdict(
                    both + [([.read(node: 0)], found(2, 1), 3, 4), ([.read(node: 1)], found(1, 0), 5, 6)],
                    nodes: 2)))
        #expect(
            verdict(
                both + [([.read(node: 0)], found(1, 0), 3, 4), ([.read(node: 1)], found(2, 1), 5, 6)],
                nodes: 2)
                == .linearizable)
    }

    @Test func `a refused multi changes nothing and names the step that failed`() {
        let create: ([ZnodeStep], ZnodeOutcome, Int64, Int64?) = (
            [.create(node: 0, value: 1, owner: 0)], created, 0, 1
        )
        let steps: [ZnodeStep] = [.set(node: 0, value: 2, version: 0), .check(node: 1, version: -1)]
        #expect(
            verdict(
                [create, (steps, .refused(at: 1, .noNode), 2, 3), ([.read(node: 0)], found(1, 0), 4, 5)],
                nodes: 2)
                == .linearizable)
        #expect(isViolated(verdict([create, (steps, .refused(at: 0, .badVersion), 2, 3)], nodes: 2)))
    }

    @Test func `an ephemeral node is gone once its session's end was answered, and not before it was asked`()
    {
        let create: (ZnodeStep, ZnodeOutcome, Int64, Int64?) = (
            .create(node: 0, value: 1, owner: 7), created, 0, 1
        )
        let gone = ZnodeOutcome.answered([.failed(.noNode)])
        let there = ZnodeOutcome.answered([.found(value: 1, version: 0, owner: 7)])
        let end: (ZnodeStep, ZnodeOutcome, Int64, Int64?) = (.endSession(node: 0, owner: 7), created, 4, 6)
        #expect(verdict([create, end, (.read(node: 0), gone, 7, 8)]) == .linearizable)
        #expect(isViolated(verdict([create, end, (.read(node: 0), there, 7, 8)])))
        #expect(isViolated(verdict([create, end, (.read(node: 0), gone, 2, 3)])))
    }

    /// Histories of a real register, then the same with one answer changed.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a history of one real object passes, one with a wrong answer does not`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var rows = sequentialHistory(&chance, operations: 120, clients: 6)
        #expect(verdict(rows) == .linearizable)
        // A read that saw a value nobody wrote; or an old version long after it was over.
        let reads = rows.indices.filter { row in
            if case .answered(let results) = rows[row].1, case .found = results[0] { true } else { false }
        }
        guard let wrong = reads.randomElement(using: &chance) else { return }
        rows[wrong].1 = found(-5, 3)
        #expect(isViolated(verdict(rows)))
    }

    @Test func `thousands of requests by many clients are checked in a moment`() {
        var chance = SeededGenerator(seed: 99)
        let rows = sequentialHistory(&chance, operations: 5000, clients: 12)
        let started = ContinuousClock.now
        #expect(verdict(rows) == .linearizable)
        #expect(started.duration(to: .now) < .seconds(20))
    }

    /// Against all orders tried one by one: small histories, right and wrong ones.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func `the verdict is that of trying every order`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var rows = sequentialHistory(&chance, operations: 6, clients: 3)
        if let index = rows.indices.randomElement(using: &chance), Bool.random(using: &chance) {
            rows[index].1 = [
                created, found(1, 0), .answered([.failed(.noNode)]), .answered([.version(1)]), .unknown,
            ]
            .randomElement(using: &chance)!
            if rows[index].1 == .unknown { rows[index].3 = nil }
        }
        #expect((verdict(rows) == .linearizable) == anyOrderFits(rows))
    }

    private func anyOrderFits(_ rows: [(ZnodeStep, ZnodeOutcome, Int64, Int64?)]) -> Bool {
        let model = ZnodeModel(nodes: 1)
        func search(_ left: [Int], _ state: [ZnodeModel.Node]) -> Bool {
            if left.allSatisfy({ rows[$0].3 == nil }) { return true }
            // One may be next if no other had been answered before it was asked.
            for index in left
            where !left.contains(where: { other in rows[other].3.map { $0 < rows[index].2 } ?? false }) {
                if let after = model.apply(ZnodeOperation([rows[index].0], rows[index].1), to: state),
                    search(left.filter { $0 != index }, after)
                {
                    return true
                }
            }
            return false
        }
        return search(Array(rows.indices), model.initial)
    }

    /// Requests of clients that take turns by chance; each takes effect at one moment within its interval.
    private func sequentialHistory(
        _ chance: inout SeededGenerator, operations: Int, clients: Int
    ) -> [(ZnodeStep, ZnodeOutcome, Int64, Int64?)] {
        let model = ZnodeModel(nodes: 1)
        var state = model.initial
        var free = [Int64](repeating: 0, count: clients)
        var rows: [(ZnodeStep, ZnodeOutcome, Int64, Int64?)] = []
        var effectAt: Int64 = 0
        for number in 0..<operations {
            let client = Int.random(in: 0..<clients, using: &chance)
            effectAt = max(effectAt, free[client]) + Int64.random(in: 1...4, using: &chance)
            let invoked = max(free[client], effectAt - Int64.random(in: 0...20, using: &chance))
            let returned = effectAt + Int64.random(in: 0...20, using: &chance)
            free[client] = returned + 1
            let version = Int32.random(in: -1...2, using: &chance)
            let step: ZnodeStep =
                switch Int.random(in: 0..<8, using: &chance) {
                case 0, 1: .create(node: 0, value: Int64(number), owner: 0)
                case 2: .delete(node: 0, version: version)
                case 3, 4:
                    .set(node: 0, value: Int64(number), version: Bool.random(using: &chance) ? -1 : version)
                default: .read(node: 0)
                }
            let outcomes: [ZnodeOutcome] =
                [
                    created, .answered([.failed(.noNode)]), .answered([.failed(.nodeExists)]),
                    .answered([.failed(.badVersion)]),
                ]
                + answersNaming(state)
            let outcome = outcomes.first { model.apply(ZnodeOperation([step], $0), to: state) != nil }!
            state = model.apply(ZnodeOperation([step], outcome), to: state)!
            rows.append((step, outcome, invoked, returned))
        }
        return rows
    }

    private func answersNaming(_ state: [ZnodeModel.Node]) -> [ZnodeOutcome] {
        guard case .present(let value, let version, let owner) = state[0] else { return [] }
        return [
            .answered([.version(version + 1)]),
            .answered([.found(value: value, version: version, owner: owner)]),
        ]
    }
}
