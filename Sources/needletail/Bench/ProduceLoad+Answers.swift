import Client
import Messages
import Vocabulary
import Wire

/// What becomes of the batches sent.
extension ProduceLoad {
    func answered(_ reply: Cluster.Reply, _ frame: RawSpan, at now: Instant) {
        var at = reply.bodyAt
        do throws(WireError) {
            if reply.token == Self.identityToken {
                let response = try InitProducerIdResponse(frame, &at, version: reply.version)
                if response.errorCode == 0 {
                    identity = .given(id: response.producerId, epoch: response.producerEpoch)
                } else {
                    failed(reply.token, ErrorCode.of(response.errorCode).name, at: now)
                }
                return
            }
            let response = try ProduceResponse(frame, &at, version: reply.version)
            let part = response.responses.first?.partitionResponses.first
            let code = ErrorCode.of(part?.errorCode ?? -1)
            if code == .none, let flight = land(reply.token) {
                delivered(flight, at: now)
            } else {
                if code.asksForMetadata { cluster.refresh() }
                failed(reply.token, code.name, at: now)
            }
        } catch {
            failed(reply.token, "malformed answer", at: now)
        }
    }

    private func land(_ token: Int) -> Flight? {
        guard let flight = flights.removeValue(forKey: token) else { return nil }
        inFlight[flight.broker, default: 1] -= 1
        return flight
    }

    func delivered(_ flight: Flight, at now: Instant) {
        tally.records += flight.count
        tally.bytes += flight.count * plan.bytesPerRecord
        tally.batchBytes += flight.batchBytes
        if lanes[flight.lane].interval == 0 {
            if flight.sentAt >= measuredFrom { tally.took(now - flight.sentAt, count: flight.count) }
            return
        }
        // Records of a batch were due one after the other; 32 steps are fine enough.
        let step = max(1, flight.count / 32)
        for index in stride(from: 0, to: flight.count, by: step) {
            let due = due(flight.lane, flight.first + index)
            if due >= measuredFrom { tally.took(now - due, count: min(step, flight.count - index)) }
        }
    }

    func failed(_ token: Int, _ error: String, at now: Instant) {
        pausedUntil = now.adding(milliseconds: 100)
        if token == Self.identityToken {
            identity = .none
            tally.failed(error, records: 0)
            return
        }
        guard let flight = land(token) else { return }
        cluster.refresh()
        tally.failed(error, records: flight.count)
        isRenewing = plan.isIdempotent  // The sequence has a gap now.
    }

    func identify(at now: Instant) {
        guard plan.isIdempotent else { return }
        if isRenewing {
            pausedUntil = max(pausedUntil, now.adding(milliseconds: 10))
            guard flights.isEmpty else { return }
            isRenewing = false
            identity = .none
            sequences = [:]
        }
        guard case .none = identity, pausedUntil <= now || startedAt == nil else { return }
        identity = .asking
        var request = InitProducerIdRequest()
        request.transactionalId = nil
        request.transactionTimeoutMs = .max
        cluster.send(MessageCall(request, versionMax: 4), to: .any, token: Self.identityToken, at: now)
    }
}
