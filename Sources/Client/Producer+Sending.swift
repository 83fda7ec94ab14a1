import Vocabulary

/// What is sent when.
extension Producer {
    mutating func send(_ effects: inout [Effect], view: ClusterView, at now: Instant) {
        for index in lanes.indices {
            guard let open = lanes[index].open else { continue }
            if isFlushing || open.openedAt.adding(milliseconds: settings.lingerMs) <= now { seal(index) }
        }
        guard lanes.contains(where: { !$0.sealed.isEmpty }), isIdentityReady(&effects, at: now) else {
            return
        }
        var leaderless = false
        var byBroker: [BrokerID: [Int]] = [:]
        for step in lanes.indices {
            let index = (firstLane + step) % lanes.count
            guard !lanes[index].sealed.isEmpty else { continue }
            let leader = view[lanes[index].place]?.leader ?? .none
            if leader == .none { leaderless = true } else { byBroker[leader, default: []].append(index) }
        }
        firstLane = (firstLane + 1) % lanes.count
        for broker in byBroker.keys.sorted() {
            while inFlightOf[broker, default: 0] < settings.inFlightMax,
                let call = nextCall(byBroker[broker]!, to: broker, view: view, at: now, &effects)
            {
                effects.append(call)
            }
        }
        if leaderless { effects.append(.refreshMetadata) }
    }

    /// Without idempotence two batches of a partition in flight could be swapped by a retry: then only one at a time.
    private var laneInFlightMax: Int {
        settings.isIdempotent || settings.acks == 0 ? settings.inFlightMax : 1
    }

    private mutating func nextCall(
        _ candidates: [Int], to broker: BrokerID, view: ClusterView, at now: Instant,
        _ effects: inout [Effect]
    ) -> Effect? {
        var topics: [ProduceCall.Topic] = []
        var batches: [(lane: Int, serial: Int)] = []
        var bytes = 0
        for index in candidates {
            let lane = lanes[index]
            guard let first = lane.sealed.first, (lane.notBefore ?? now) <= now,
                lane.inFlight.count < lane.inFlightMax(laneInFlightMax),
                bytes == 0 || bytes + first.bytes.count <= settings.requestBytesMax
            else { continue }
            let batch = takeFirst(index)
            bytes += batch.bytes.count
            batches.append((index, batch.serial))
            let part = ProduceCall.Part(index: lane.place.partition, records: batch.bytes)
            if let at = topics.firstIndex(where: { $0.name == lane.place.topic }) {
                topics[at].parts.append(part)
            } else {
                let id = view.topics[lane.place.topic]?.id ?? .zero
                topics.append(ProduceCall.Topic(name: lane.place.topic, id: id, parts: [part]))
            }
        }
        guard !batches.isEmpty else { return nil }
        lastToken += 1
        if settings.acks == 0 {
            for (index, serial) in batches { finish(index, serial, offset: -1, error: nil, &effects) }
        } else {
            requests[lastToken] = Request(broker: broker, batches: batches)
            inFlightOf[broker, default: 0] += 1
        }
        let call = ProduceCall(acks: settings.acks, timeoutMs: settings.requestTimeoutMs, topics: topics)
        return .produce(call, to: broker, token: lastToken)
    }

    /// Moves a lane's first sealed batch into flight; gives it its sequence when it is sent for the first time.
    private mutating func takeFirst(_ index: Int) -> ProducerLane.Batch {
        var batch = lanes[index].sealed.removeFirst()
        lanes[index].notBefore = nil
        batch.tries += 1
        if case .given(let id, let epoch) = identity, batch.sequence < 0 {
            batch.sequence = lanes[index].nextSequence
            lanes[index].nextSequence = BatchPatch.advance(batch.sequence, by: batch.recordCount)
            BatchPatch.setProducer(&batch.bytes, id: id, epoch: epoch, sequence: batch.sequence)
        }
        lanes[index].inFlight.append(batch)
        return batch
    }

    private mutating func isIdentityReady(_ effects: inout [Effect], at now: Instant) -> Bool {
        guard settings.isIdempotent else { return true }
        if identity == .draining, requests.isEmpty {
            identity = .none
            for index in lanes.indices { renumber(index, &effects) }
        }
        if identity == .none, (identityNotBefore ?? now) <= now {
            identity = .asking
            effects.append(.initProducerID)
        }
        if case .given = identity { return true }
        return false
    }

    /// Under a new producer id the broker cannot tell a second sending from a first: a batch that may have been
    /// appended already is given up rather than risk that its records are there twice.
    private mutating func renumber(_ index: Int, _ effects: inout [Effect]) {
        for batch in lanes[index].sealed where batch.isInDoubt && batch.sequence >= 0 {
            finish(
                index, batch.serial, offset: -1, error: .unreachable("it is not known whether it was stored"),
                &effects)
        }
        identity = .none  // Those were not a reason to drain once more.
        lanes[index].nextSequence = 0
        for at in lanes[index].sealed.indices { lanes[index].sealed[at].sequence = -1 }
    }

    func nextDue(at now: Instant) -> Instant? {
        var due = Instant.distantFuture
        for lane in lanes {
            if let open = lane.open { due = min(due, open.openedAt.adding(milliseconds: settings.lingerMs)) }
            if let first = lane.sealed.first {
                due = min(due, first.createdAt.adding(milliseconds: settings.deliveryTimeoutMs))
                if let at = lane.notBefore, at > now { due = min(due, at) }
            }
        }
        if identity == .none, let at = identityNotBefore, at > now { due = min(due, at) }
        return due == .distantFuture ? nil : due
    }
}
