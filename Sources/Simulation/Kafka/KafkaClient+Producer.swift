import Messages
import Records
import Vocabulary

/// What an idempotent producer knows of itself.
struct ProducerState {
    /// A batch that was sent, and may be there or not.
    struct Batch {
        let name: String
        let place: PartitionLedger.Place
        let values: [Int64]
        let bytes: [UInt8]
    }
    /// Of the broker's giving.
    var id: Int64?
    var epoch: Int16 = -1
    /// The next batch's number, by partition.
    var next: [PartitionLedger.Place: Int32] = [:]
    var unanswered: Batch?
    /// Their topics went away while a batch was on its way there.
    var abandoned: Set<PartitionLedger.Place> = []
}

/// Idempotent producing, one batch at a time: it is sent again, byte for byte, until it is acknowledged. However often, and whatever became of
/// the broker meanwhile, it is there once (KIP-98).
extension KafkaClient {
    func produceIdempotently() {
        guard producer.id != nil else { return askForProducerID() }
        if let batch = producer.unanswered { return sendAgain(batch) }
        guard let target = anyPartition(), !producer.abandoned.contains(target.place) else { return }
        let values = takeValues(for: target.place)
        let bytes = batch(values) { builder in
            builder.producerID = producer.id!
            builder.producerEpoch = producer.epoch
            builder.baseSequence = producer.next[target.place] ?? 0
        }
        send(ProducerState.Batch(name: target.name, place: target.place, values: values, bytes: bytes), to: target)
    }

    private func askForProducerID() {
        guard isConnected(to: home) else { return }
        var request = InitProducerIdRequest()
        request.transactionalId = nil
        request.transactionTimeoutMs = .max
        ask(request, version: 4, at: home) { reply in
            guard reply.errorCode == 0 else { return }
            self.workload.hold(
                "a producer's id is its own", client: self.number,
                self.workload.giveProducerID(reply.producerId))
            (self.producer.id, self.producer.epoch) = (reply.producerId, reply.producerEpoch)
        }
    }

    private func sendAgain(_ batch: ProducerState.Batch) {
        guard let topic = workload.topics[batch.name] else {
            _ = lookAround()
            return
        }
        guard topic.id == batch.place.topic else { return abandon(batch) }
        guard Int(batch.place.partition) < topic.leaders.count, let leader = topic.leaders[Int(batch.place.partition)]
        else {
            _ = lookAround()
            return
        }
        guard isConnected(to: leader) else { return }
        send(batch, to: Target(name: batch.name, place: batch.place, leader: leader))
    }

    private func send(_ batch: ProducerState.Batch, to target: Target) {
        producer.unanswered = batch
        send(batch.bytes, to: target) { answer in
            switch ErrorCode(rawValue: answer.errorCode) {
            case .some(.none):
                self.producer.unanswered = nil
                self.producer.next[batch.place, default: 0] += Int32(batch.values.count)
                self.acknowledged(batch.values, at: answer.baseOffset, batch.place)
            case .outOfOrderSequenceNumber, .duplicateSequenceNumber, .unknownProducerId, .invalidProducerEpoch:
                self.workload.hold(
                    Self.kept, client: self.number,
                    "\(batch.place) refused batch \(self.producer.next[batch.place] ?? 0) of producer \(self.producer.id!): "
                        + "\(answer.errorCode)")
            default: self.refused(answer.errorCode, batch.place)
            }
        }
    }

    /// Nobody will ever know what became of it, and so no other batch may have its number.
    private func abandon(_ batch: ProducerState.Batch) {
        producer.unanswered = nil
        producer.abandoned.insert(batch.place)
    }
}
