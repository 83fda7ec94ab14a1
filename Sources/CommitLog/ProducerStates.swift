import Records
import Vocabulary

/// All producers of a partition: who may append what next (KIP-98, KIP-360).
struct ProducerStates: Equatable, Sendable {
    enum Verdict {
        case accepted
        case duplicate(ProducerBatch)
        case refused(ErrorCode, String)
    }

    private(set) var states: [Int64: ProducerState] = [:]

    var isEmpty: Bool { states.isEmpty }
    subscript(producerID: Int64) -> ProducerState? {
        get { states[producerID] }
        set { states[producerID] = newValue }
    }

    /// Whether a producer's batch may be appended.
    ///
    /// An unknown producer, or one whose records are all gone by retention, may begin with any sequence number
    /// (KIP-360). A new epoch begins with 0.
    func check(_ header: BatchHeader, partition: TopicPartition) -> Verdict {
        guard let state = states[header.producerID] else { return .accepted }
        if header.producerEpoch < state.epoch {
            return .refused(
                .invalidProducerEpoch,
                "Epoch of producer \(header.producerID) in \(partition) is \(header.producerEpoch), "
                    + "which is smaller than the last seen epoch \(state.epoch)")
        }
        if header.isControl || header.baseSequence < 0 || state.epoch < 0 { return .accepted }
        if header.producerEpoch > state.epoch {
            return header.baseSequence == 0
                ? .accepted
                : outOfOrder(header, partition, "\(header.producerEpoch) is a new epoch: 0 is expected")
        }
        if let batch = state.duplicate(of: header) { return .duplicate(batch) }
        if header.baseSequence == (state.lastSequence &+ 1) & .max { return .accepted }
        return outOfOrder(header, partition, "\(state.lastSequence) (current end sequence number)")
    }

    private func outOfOrder(_ header: BatchHeader, _ partition: TopicPartition, _ detail: String) -> Verdict {
        .refused(
            .outOfOrderSequenceNumber,
            "Out of order sequence number for producer \(header.producerID) in partition \(partition): "
                + "\(header.baseSequence) (incoming seq. number), \(detail)")
    }

    /// Takes a batch in that is (or is about to be) in the log, whether or not it keeps the rules.
    mutating func note(_ header: BatchHeader, now: Timestamp) {
        var state = states[header.producerID] ?? ProducerState()
        if header.producerEpoch != state.epoch { state.begin(epoch: header.producerEpoch) }
        state.touchedAt = now.milliseconds
        if header.isControl {
            state.lastTimestamp = header.maxTimestamp
        } else {
            state.add(
                ProducerBatch(
                    lastSequence: header.lastSequence, lastOffset: header.lastOffset,
                    offsetDelta: header.lastOffsetDelta, timestamp: header.maxTimestamp))
        }
        states[header.producerID] = state
    }

    /// Forgets producers that have been silent for `limit` milliseconds and have no transaction open (KIP-854).
    /// - Returns: whether there were any.
    mutating func expire(now: Timestamp, limit: Int64) -> Bool {
        let before = states.count
        states = states.filter {
            $0.value.currentTransactionStart >= 0 || now.milliseconds - $0.value.touchedAt < limit
        }
        return states.count < before
    }

    mutating func removeAll() { states = [:] }

    /// Sorted by producer id.
    var summaries: [ProducerSummary] {
        states.sorted { $0.key < $1.key }.map { id, state in
            ProducerSummary(
                producerID: id, producerEpoch: state.epoch, lastSequence: state.lastSequence,
                lastTimestamp: Timestamp(milliseconds: state.lastTimestamp),
                coordinatorEpoch: state.coordinatorEpoch,
                currentTransactionStart: Offset(state.currentTransactionStart))
        }
    }
}
