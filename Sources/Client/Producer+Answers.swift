import Vocabulary

/// What becomes of a batch: delivered, sent again, or given up.
extension Producer {
    mutating func answered(_ token: Int, _ answers: [Answer], _ effects: inout [Effect], at now: Instant) {
        guard let request = close(token) else { return }
        var refresh = false
        for (index, serial) in request.batches {
            guard let answer = answers.first(where: { $0.place == lanes[index].place }) else {
                settle(index, serial, .malformed("no answer for \(lanes[index].place)"), &effects, at: now)
                continue
            }
            switch answer.error {
            case .none, .duplicateSequenceNumber:
                finish(index, serial, offset: answer.baseOffset, error: nil, &effects)
            default:
                refresh = refresh || answer.error.asksForMetadata
                settle(index, serial, .broker(answer.error, answer.message), &effects, at: now)
            }
        }
        if refresh { effects.append(.refreshMetadata) }
    }

    mutating func failed(_ token: Int, _ error: ClientError, _ effects: inout [Effect], at now: Instant) {
        guard let request = close(token) else { return }
        for (index, serial) in request.batches { settle(index, serial, error, &effects, at: now) }
        effects.append(.refreshMetadata)
    }

    private mutating func close(_ token: Int) -> Request? {
        guard let request = requests.removeValue(forKey: token) else { return nil }
        inFlightOf[request.broker, default: 1] -= 1
        return request
    }

    /// A batch that was not plainly delivered.
    private mutating func settle(
        _ index: Int, _ serial: Int, _ error: ClientError, _ effects: inout [Effect], at now: Instant
    ) {
        guard let at = lanes[index].inFlight.firstIndex(where: { $0.serial == serial }) else { return }
        let batch = lanes[index].inFlight[at]
        let isHead = at == 0 && !lanes[index].sealed.contains { $0.serial < serial && $0.sequence >= 0 }
        let isLate = batch.createdAt.adding(milliseconds: settings.deliveryTimeoutMs) <= now
        switch error {
        case .broker(.outOfOrderSequenceNumber, _) where !isHead && !isLate:
            again(index, at, inDoubt: false, delayed: false, at: now)  // Only because one before it failed.
        case .broker(.outOfOrderSequenceNumber, _) where batch.isInDoubt || isLate:
            finish(index, serial, offset: -1, error: error, &effects)
        case .broker(.outOfOrderSequenceNumber, _), .broker(.unknownProducerId, _),
            .broker(.invalidProducerEpoch, _),
            .broker(.producerFenced, _):
            again(index, at, inDoubt: false, delayed: true, at: now)
            renewIdentity()
        case _ where error.isRetriable && !isLate:
            lanes[index].inFlight[at].lastError = error
            again(index, at, inDoubt: error.isInDoubt, delayed: true, at: now)
        default:
            finish(index, serial, offset: -1, error: error, &effects)
        }
    }

    private mutating func again(_ index: Int, _ at: Int, inDoubt: Bool, delayed: Bool, at now: Instant) {
        var batch = lanes[index].inFlight.remove(at: at)
        batch.isInDoubt = batch.isInDoubt || inDoubt
        lanes[index].requeue(batch)
        if delayed { lanes[index].notBefore = now.adding(milliseconds: settings.retryBackoffMs) }
    }

    /// Removes the batch, wherever it is, and reports it.
    mutating func finish(
        _ index: Int, _ serial: Int, offset: Offset, error: ClientError?, _ effects: inout [Effect]
    ) {
        let batch: ProducerLane.Batch
        if let at = lanes[index].inFlight.firstIndex(where: { $0.serial == serial }) {
            batch = lanes[index].inFlight.remove(at: at)
        } else if let at = lanes[index].sealed.firstIndex(where: { $0.serial == serial }) {
            batch = lanes[index].sealed.remove(at: at)
        } else {
            return
        }
        bufferedBytes -= batch.bytes.count
        effects.append(
            .report(Report(place: lanes[index].place, ids: batch.ids, baseOffset: offset, error: error)))
        guard error != nil, batch.sequence >= 0 else { return }
        let after = BatchPatch.advance(batch.sequence, by: batch.recordCount)
        if after == lanes[index].nextSequence, !batch.isInDoubt {
            lanes[index].nextSequence = batch.sequence  // Nothing was numbered after it: no gap.
        } else {
            renewIdentity()
        }
    }

    /// A batch that is not coming leaves a gap in its partition's sequence, which the broker would refuse for ever:
    /// start over with a new producer id once nothing is in flight. Source: KIP-360, done the simple way.
    private mutating func renewIdentity() {
        if settings.isIdempotent { identity = .draining }
    }

    mutating func identityRefused(_ error: ClientError, _ effects: inout [Effect], at now: Instant) {
        identity = .none
        identityNotBefore = now.adding(milliseconds: settings.retryBackoffMs)
        guard !error.isRetriable else { return }
        for index in lanes.indices {
            seal(index)
            for batch in lanes[index].sealed {
                finish(index, batch.serial, offset: -1, error: error, &effects)
            }
        }
    }

    /// Gives up what is older than the delivery timeout and not in flight; what is in flight ends by its request.
    mutating func expire(_ effects: inout [Effect], view: ClusterView, at now: Instant) {
        for index in lanes.indices {
            let late = lanes[index].sealed.prefix {
                $0.createdAt.adding(milliseconds: settings.deliveryTimeoutMs) <= now
            }
            for batch in late {
                finish(
                    index, batch.serial, offset: -1, error: reason(batch, lanes[index].place, view), &effects)
            }
        }
    }

    /// Why a batch was not delivered all that time: its partition has nobody to send it to, or what its last sending came to.
    private func reason(_ batch: ProducerLane.Batch, _ place: TopicPartition, _ view: ClusterView)
        -> ClientError
    {
        if (view[place]?.leader ?? BrokerID.none) == BrokerID.none {
            return .broker(.leaderNotAvailable, "partition \(place) has no leader: it is offline")
        }
        return batch.lastError ?? .timedOut
    }
}
