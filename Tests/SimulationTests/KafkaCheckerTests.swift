import Simulation
import Testing
import Vocabulary

/// What Kafka's clients hold brokers to: a good history passes, a bad one does not.
struct KafkaCheckerTests {
    private let a = TopicID(high: 1, low: 1)
    private let b = TopicID(high: 2, low: 2)

    private func at(_ time: Int64) -> Instant { Instant(nanoseconds: time) }

    // MARK: - Topics

    /// Each row: what, what came of it, when asked, when answered.
    private func violation(_ rows: [(TopicStep, TopicOutcome, Int64, Int64)]) -> String? {
        var history = TopicHistory()
        for (step, outcome, invoked, returned) in rows {
            let record = history.begin(client: 1, "t", step, at: at(invoked))
            if outcome != .unknown { history.finish(record, outcome, at: at(returned)) }
        }
        return history.check().violation
    }

    private var made: (TopicStep, TopicOutcome, Int64, Int64) {
        (.create(partitions: 2, retention: nil), .created(a), 0, 1)
    }

    @Test func `what was acknowledged is read`() {
        #expect(
            violation([
                made, (.addPartitions(total: 3), .done, 2, 3), (.setRetention(7), .done, 4, 5),
                (.read, .found(a, partitions: 3), 6, 7), (.read, .foundRetention(7), 6, 7),
                (.delete(id: a), .done, 8, 9), (.read, .failed(.unknownTopic), 10, 11),
            ]) == nil)
    }

    @Test
    func `an acknowledged topic, partition or configuration is not lost, nor comes a deleted topic back`() {
        #expect(violation([made, (.read, .failed(.unknownTopic), 2, 3)]) != nil)
        #expect(violation([made, (.read, .found(b, partitions: 2), 2, 3)]) != nil)
        #expect(
            violation([
                made, (.addPartitions(total: 3), .done, 2, 3), (.read, .found(a, partitions: 2), 4, 5),
            ]) != nil)
        #expect(
            violation([made, (.setRetention(7), .done, 2, 3), (.read, .foundRetention(nil), 4, 5)]) != nil)
        #expect(
            violation([made, (.delete(id: nil), .done, 2, 3), (.read, .found(a, partitions: 2), 4, 5)]) != nil
        )
        #expect(violation([made, (.create(partitions: 1, retention: nil), .created(b), 2, 3)]) != nil)
    }

    @Test func `a request whose answer was lost came to pass late, or never`() {
        let lost: (TopicStep, TopicOutcome, Int64, Int64) = (
            .create(partitions: 1, retention: 5), .unknown, 0, 0
        )
        #expect(
            violation([lost, (.read, .failed(.unknownTopic), 5, 6), (.read, .found(b, partitions: 1), 8, 9)])
                == nil)
        #expect(violation([lost, (.read, .foundRetention(4), 8, 9)]) != nil)
        // It has one id, once that is known.
        #expect(
            violation([
                lost, (.read, .found(a, partitions: 1), 5, 6), (.read, .found(b, partitions: 1), 8, 9),
            ]) != nil)
    }

    // MARK: - Views

    private func saw(
        _ views: inout BrokerViews, _ ids: [TopicID], partitions: Int32 = 1, of broker: Int = 1,
        _ asked: Int64,
        _ answered: Int64
    ) -> String? {
        views.saw(
            ids.map { .init(id: $0, name: "t", partitions: partitions) }, of: broker, askedAt: at(asked),
            answeredAt: at(answered))
    }

    @Test func `a broker's view goes forward: a topic that went does not come back`() {
        var views = BrokerViews()
        #expect(saw(&views, [a], 0, 1) == nil)
        #expect(saw(&views, [], 2, 3) == nil)
        // Asked before it was told to be gone: the answers may have crossed. And another broker may be behind.
        #expect(saw(&views, [a], 2, 4) == nil)
        #expect(saw(&views, [a], of: 2, 5, 6) == nil)
        #expect(saw(&views, [a], 5, 6) != nil)
    }

    @Test func `a topic's partitions grow, and its id is its own`() {
        var views = BrokerViews()
        #expect(saw(&views, [a], partitions: 3, 0, 1) == nil)
        #expect(saw(&views, [a], partitions: 2, 0, 2) == nil)
        #expect(saw(&views, [a], partitions: 2, 2, 3) != nil)
        #expect(views.made(a, "other") != nil)
    }

    // MARK: - Records

    private let place = PartitionLedger.Place(topic: TopicID(high: 1, low: 1), partition: 0)

    private func ledger() -> PartitionLedger {
        var ledger = PartitionLedger()
        for value in 1...9 as ClosedRange<Int64> { ledger.asked(value, place) }
        #expect(ledger.acknowledged([1, 2], at: 0, place) == nil)
        return ledger
    }

    @Test func `records that were acknowledged are read, and others between them`() {
        var ledger = ledger()
        #expect(ledger.acknowledged([5], at: 3, place) == nil)
        #expect(ledger.read([(1, 2), (2, 4), (3, 5)], from: 1, place) == nil)
        #expect(ledger.end(of: place) == 4)
        #expect(ledger.checkEnd(4, known: 4, place) == nil)
    }

    @Test func `records are not lost, changed, doubled, or made up`() {
        #expect(ledger().checkEnd(1, known: 2, place) != nil)
        var one = ledger()
        #expect(one.read([(0, 1), (1, 3)], from: 0, place) != nil)
        one = ledger()
        #expect(one.read([(0, 1), (1, 2), (2, 1)], from: 0, place) != nil)
        one = ledger()
        #expect(one.read([(2, 77)], from: 2, place) != nil)
        one = ledger()
        #expect(one.acknowledged([4], at: 1, place) != nil)
        one = ledger()
        #expect(one.read([(3, 4)], from: 2, place) != nil, "an offset is left out")
    }
}
