import Records
import Vocabulary

/// One batch that a producer appended, for answering its repetition.
struct ProducerBatch: Equatable, Sendable {
    var lastSequence: Int32
    var lastOffset: Int64
    var offsetDelta: Int32
    var timestamp: Int64

    static let none = ProducerBatch(lastSequence: -1, lastOffset: -1, offsetDelta: 0, timestamp: -1)

    /// Sequence numbers start again at 0 after 2^31 - 1.
    var firstSequence: Int32 { (lastSequence &- offsetDelta) & .max }
    var firstOffset: Int64 { lastOffset - Int64(offsetDelta) }
}

/// What the log knows about one producer id: its epoch and its last five batches, without any allocation.
///
/// Five, because a producer keeps at most five requests in flight (KIP-98, `max.in.flight.requests.per.connection`).
struct ProducerState: Equatable, Sendable {
    static let remembered = 5

    var epoch: Int16 = -1
    var coordinatorEpoch: Int32 = -1
    var currentTransactionStart: Int64 = -1
    var lastTimestamp: Int64 = -1
    /// When it last appended by our clock, not the records': old data in new records must not make it expire.
    var touchedAt: Int64 = -1
    private(set) var batchCount = 0
    /// Oldest first.
    private var batches = InlineArray<5, ProducerBatch>(repeating: .none)

    subscript(index: Int) -> ProducerBatch { batches[index] }
    var last: ProducerBatch? { batchCount == 0 ? nil : batches[batchCount - 1] }
    var lastSequence: Int32 { last?.lastSequence ?? -1 }

    mutating func add(_ batch: ProducerBatch) {
        if batchCount == Self.remembered {
            for index in 1..<Self.remembered { batches[index - 1] = batches[index] }
            batchCount -= 1
        }
        batches[batchCount] = batch
        batchCount += 1
        lastTimestamp = batch.timestamp
    }

    /// A new epoch begins: sequences start again.
    mutating func begin(epoch: Int16) {
        self.epoch = epoch
        batchCount = 0
        for index in 0..<Self.remembered { batches[index] = .none }
    }

    /// The remembered batch with exactly these sequence numbers.
    func duplicate(of header: BatchHeader) -> ProducerBatch? {
        guard header.producerEpoch == epoch else { return nil }
        for index in 0..<batchCount {
            let batch = batches[index]
            if batch.lastSequence == header.lastSequence, batch.firstSequence == header.baseSequence {
                return batch
            }
        }
        return nil
    }

    static func == (a: ProducerState, b: ProducerState) -> Bool {
        guard a.epoch == b.epoch, a.coordinatorEpoch == b.coordinatorEpoch, a.batchCount == b.batchCount,
            a.currentTransactionStart == b.currentTransactionStart, a.lastTimestamp == b.lastTimestamp
        else { return false }
        return (0..<a.batchCount).allSatisfy { a.batches[$0] == b.batches[$0] }
    }
}
