import Messages
import Records
import Vocabulary

/// What the answers say.
extension Consumer {
    private mutating func end(_ token: Int) -> Request? {
        guard let request = requests.removeValue(forKey: token) else { return nil }
        for place in request.places { lanes[place]?.isBusy = false }
        return request
    }

    mutating func listed(
        _ token: Int, _ response: ListOffsetsResponse, _ effects: inout [Effect], at now: Instant
    ) {
        guard end(token) != nil else { return }
        for topic in response.topics {
            for answer in topic.partitions {
                let place = TopicPartition(topic: topic.name, partition: answer.partitionIndex)
                guard lanes[place]?.lookups.isEmpty == false else { continue }
                let error = ErrorCode.of(answer.errorCode)
                if error == .none {
                    lanes[place]!.troubledSince = nil
                    lanes[place]!.found(Offset(answer.offset))
                } else {
                    refused(place, error, &effects, at: now)
                }
            }
        }
    }

    mutating func fetched(
        _ token: Int, _ head: FetchedHead, _ parts: [Part], _ effects: inout [Effect], at now: Instant
    ) {
        guard let request = end(token) else { return }
        if settings.usesSessions, !sessions[request.broker, default: FetchSession()].answered(head) {
            let isSessionError =
                head.error == .fetchSessionIdNotFound || head.error == .invalidFetchSessionEpoch
                || head.error == .fetchSessionTopicIdError
            if !isSessionError {
                for place in request.places { refused(place, head.error, &effects, at: now) }
            }
            return
        }
        if !settings.usesSessions, head.error != .none {
            for place in request.places { refused(place, head.error, &effects, at: now) }
            return
        }
        for part in parts where lanes[part.place] != nil {
            if part.error == .none {
                take(part, &effects)
            } else {
                refused(part.place, part.error, &effects, at: now)
            }
        }
    }

    private mutating func take(_ part: Part, _ effects: inout [Effect]) {
        var lane = lanes[part.place]!
        guard !lane.isFinished, lane.lookups.isEmpty else { return }
        lane.highWatermark = part.highWatermark
        lane.troubledSince = nil
        let from = lane.position
        let (end, next) = wholeBatches(part.records, from: from)
        if end > 0 {
            lane.position = next
            let bytes = end == part.records.count ? part.records : Array(part.records[..<end])
            chunks.append(
                FetchedChunk(
                    place: part.place, bytes: bytes, from: from, before: lane.stopBefore,
                    highWatermark: part.highWatermark))
            bufferedBytes += bytes.count
        }
        lane.finishIfThere()
        lanes[part.place] = lane
        if end == 0, !part.records.isEmpty {
            giveUp(part.place, .malformed("no whole batch in \(part.records.count) bytes"), &effects)
        }
    }

    /// How many bytes are whole batches, and the offset after the last of them.
    private func wholeBatches(_ records: [UInt8], from: Offset) -> (end: Int, next: Offset) {
        let span = records.span.bytes
        var end = 0
        var next = from
        while let header = try? BatchHeader(span, at: end), end + header.sizeInBytes <= span.byteCount {
            end += header.sizeInBytes
            next = max(next, Offset(header.nextOffset))
        }
        return (end, next)
    }

    mutating func failed(_ token: Int, _ error: ClientError, _ effects: inout [Effect], at now: Instant) {
        guard let request = end(token) else { return }
        sessions[request.broker] = nil
        for place in request.places where lanes[place] != nil {
            if error.isRetriable, isPatient(with: place, at: now) {
                lanes[place]!.notBefore = now.adding(milliseconds: settings.retryBackoffMs)
            } else {
                giveUp(place, error, &effects)
            }
        }
        effects.append(.refreshMetadata)
    }

    /// Whether a partition in trouble may be tried again.
    mutating func isPatient(with place: TopicPartition, at now: Instant) -> Bool {
        let since = lanes[place]!.troubledSince ?? now
        lanes[place]!.troubledSince = since
        return settings.patienceMs.map { now < since.adding(milliseconds: $0) } ?? true
    }

    private mutating func refused(
        _ place: TopicPartition, _ error: ErrorCode, _ effects: inout [Effect], at now: Instant
    ) {
        guard lanes[place]?.isFinished == false else { return }
        if error == .offsetOutOfRange, let start = settings.outOfRange {
            lanes[place]!.lookUp(start)
        } else if error.isRetriable, isPatient(with: place, at: now) {
            lanes[place]!.notBefore = now.adding(milliseconds: settings.retryBackoffMs)
        } else {
            giveUp(place, .broker(error, nil), &effects)
        }
        if error.asksForMetadata { effects.append(.refreshMetadata) }
    }
}
