import Messages
package import Vocabulary
import Wire

/// A whole producing client: the `Producer` and its `Cluster`, as one machine over links.
package struct ProducerClient: ClientMachine, Sendable {
    package private(set) var cluster: Cluster
    package private(set) var producer: Producer
    private var reports: [Producer.Report] = []
    private var wakes: [LinkEffect] = []
    private static let identityToken = 0

    package init(cluster: Cluster.Settings, producer: Producer.Settings) {
        self.cluster = Cluster(cluster)
        self.producer = Producer(producer)
    }

    /// Makes sure the topic's partitions get known.
    package mutating func follow(_ topic: String) { cluster.follow([topic]) }

    package mutating func append(_ record: RecordToSend, to topic: String, id: Int, at now: Instant)
        -> Producer.Admission
    {
        let admission = producer.append(record, to: topic, id: id, view: cluster.view, at: now)
        if admission == .unknownPlace { cluster.follow([topic]) }
        return admission
    }

    /// From now on nothing lingers, until all is sent.
    package mutating func flush(at now: Instant) -> [LinkEffect] {
        advance(.flushed, at: now)
        return drain(at: now)
    }

    package mutating func takeReports() -> [Producer.Report] {
        defer { reports = [] }
        return reports
    }

    package mutating func close(at now: Instant) -> [LinkEffect] {
        cluster.closeAll()
        return cluster.takeEffects(at: now)
    }

    package mutating func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        cluster.step(event, at: now)
        advance(.woke, at: now)
        return drain(at: now)
    }

    package mutating func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        let before = cluster.viewAge
        if let reply = cluster.receive(frame, on: link, at: now) {
            advance(event(of: reply, frame), at: now)
        } else if cluster.viewAge != before {
            advance(.woke, at: now)
        }
        return drain(at: now)
    }

    private func event(of reply: Cluster.Reply, _ frame: RawSpan) -> Producer.Event {
        var at = reply.bodyAt
        do throws(WireError) {
            if reply.token == Self.identityToken {
                let response = try InitProducerIdResponse(frame, &at, version: reply.version)
                return response.errorCode == 0
                    ? .producerID(response.producerId, epoch: response.producerEpoch)
                    : .producerIDRefused(.broker(.of(response.errorCode), nil))
            }
            return .answered(
                token: reply.token,
                answers(try ProduceResponse(frame, &at, version: reply.version), reply.version))
        } catch {
            let malformed = ClientError.malformed("\(error)")
            return reply.token == Self.identityToken
                ? .producerIDRefused(malformed) : .requestFailed(token: reply.token, malformed)
        }
    }

    private func answers(_ response: ProduceResponse, _ version: Int16) -> [Producer.Answer] {
        response.responses.flatMap { topic in
            let name = version >= 13 ? cluster.view.name(of: topic.topicId) ?? "" : topic.name
            return topic.partitionResponses.map { part in
                Producer.Answer(
                    place: TopicPartition(topic: name, partition: part.index), error: .of(part.errorCode),
                    message: part.errorMessage ?? part.recordErrors.first?.batchIndexErrorMessage,
                    baseOffset: Offset(part.baseOffset))
            }
        }
    }

    private mutating func advance(_ event: Producer.Event, at now: Instant) {
        run(producer.step(event, view: cluster.view, at: now), at: now)
        for failure in cluster.takeFailures() {
            let event: Producer.Event =
                failure.token == Self.identityToken
                ? .producerIDRefused(failure.error) : .requestFailed(token: failure.token, failure.error)
            run(producer.step(event, view: cluster.view, at: now), at: now)
        }
    }

    private mutating func run(_ effects: [Producer.Effect], at now: Instant) {
        for effect in effects {
            switch effect {
            case .initProducerID:
                var request = InitProducerIdRequest()
                request.transactionalId = nil
                request.transactionTimeoutMs = .max
                cluster.send(
                    MessageCall(request, versionMax: 4), to: .any, token: Self.identityToken, at: now)
            case .produce(let call, let broker, let token):
                cluster.send(call, to: .broker(broker), token: token, at: now)
            case .refreshMetadata: cluster.refresh()
            case .report(let report): reports.append(report)
            case .wake(let at): wakes.append(.wake(at: at))
            }
        }
    }

    private mutating func drain(at now: Instant) -> [LinkEffect] {
        defer { wakes = [] }
        return cluster.takeEffects(at: now) + wakes
    }
}
