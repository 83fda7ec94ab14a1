import Simulation
import Testing
import Vocabulary

/// Nodes that go by themselves, and nodes that not everybody may read, in histories.
struct MortalHistoryTests {
    private let created = ZnodeOutcome.answered([.done])
    private let gone = ZnodeOutcome.answered([.failed(.noNode)])
    private func found(_ value: Int64) -> ZnodeOutcome {
        .answered([.found(value: value, version: 0, owner: 0)])
    }

    /// Node 0 is `/m`, node 1 its child. Each row: what, what came of it, the millisecond in which it was asked and answered.
    private func violation(_ rows: [(ZnodeStep, ZnodeOutcome, Int64)]) -> String? {
        var history = ZnodeHistory()
        _ = (history.number(of: "/m"), history.number(of: "/m/child"))
        for (step, outcome, ms) in rows {
            let record = history.begin(client: 1, [step], at: Instant(nanoseconds: ms * 1_000_000))
            history.finish(record, outcome, at: Instant(nanoseconds: ms * 1_000_000 + 500_000))
        }
        return history.check().violation
    }

    private let container = ZnodeStep.createMortal(node: 0, value: 1, ttlMs: nil)
    private let child = ZnodeStep.createChild(node: 1, parent: 0, value: 2)

    @Test func `a container goes once it had children and has none`() {
        #expect(
            violation([
                (container, created, 0), (child, created, 1), (.deleteChild(node: 1, parent: 0), created, 2),
                (.read(node: 0), gone, 3),
            ]) == nil)
        #expect(violation([(container, created, 0), (.read(node: 0), gone, 3)]) != nil)
        #expect(violation([(container, created, 0), (child, created, 1), (.read(node: 0), gone, 3)]) != nil)
        #expect(
            violation([
                (container, created, 0), (child, created, 1),
                (.delete(node: 0, version: -1), .answered([.failed(.notEmpty)]), 2),
                (.read(node: 0), found(1), 3),
            ]) == nil)
    }

    @Test func `a node lives for its time since it was last written, and while it has a child`() {
        let node = ZnodeStep.createMortal(node: 0, value: 1, ttlMs: 10)
        #expect(violation([(node, created, 0), (.read(node: 0), gone, 11)]) == nil)
        #expect(violation([(node, created, 0), (.read(node: 0), gone, 8)]) != nil)
        let set = ZnodeStep.set(node: 0, value: 3, version: -1)
        #expect(
            violation([(node, created, 0), (set, .answered([.version(1)]), 5), (.read(node: 0), gone, 13)])
                != nil)
        #expect(
            violation([(node, created, 0), (set, .answered([.version(1)]), 5), (.read(node: 0), gone, 16)])
                == nil)
        #expect(violation([(node, created, 0), (child, created, 5), (.read(node: 0), gone, 30)]) != nil)
    }

    @Test func `who may not is refused, whatever the node holds`() {
        let node = ZnodeStep.create(node: 0, value: 1, owner: 0)
        let refused = ZnodeOutcome.answered([.failed(.noAuth)])
        #expect(violation([(node, created, 0), (.forbidden(node: 0), refused, 1)]) == nil)
        #expect(violation([(.forbidden(node: 0), gone, 1)]) == nil)
        #expect(violation([(node, created, 0), (.forbidden(node: 0), found(1), 1)]) != nil)
        #expect(violation([(node, created, 0), (.forbidden(node: 0), created, 1)]) != nil)
        #expect(violation([(node, created, 0), (.read(node: 0), refused, 1)]) != nil)
    }
}
