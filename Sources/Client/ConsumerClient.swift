import Messages
package import Vocabulary
import Wire

/// A whole reading client: the `Consumer` and its `Cluster`, as one machine over links.
package struct ConsumerClient: ClientMachine, Sendable {
    package private(set) var cluster: Cluster
    package private(set) var consumer: Consumer
    private var failures: [(place: TopicPartition, error: ClientError)] = []
    private var wakes: [LinkEffect] = []

    package init(cluster: Cluster.Settings, consumer: Consumer.Settings) {
        self.cluster = Cluster(cluster)
        self.consumer = Consumer(consumer)
    }

    /// Makes sure the topics' partitions get known.
    package mutating func follow(_ topics: [String]) { cluster.follow(topics) }

    package mutating func assign(_ place: TopicPartition, from start: ReadStart, until stop: ReadStop) {
        cluster.follow([place.topic])
        consumer.assign(place, from: start, until: stop)
    }

    /// What was read, oldest first. A `woke` event should follow, so that reading goes on.
    package mutating func takeChunks() -> [FetchedChunk] { consumer.takeChunks() }

    /// Partitions that cannot be read any further.
    package mutating func takeFailures() -> [(place: TopicPartition, error: ClientError)] {
        defer { failures = [] }
        return failures
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

    private func event(of reply: Cluster.Reply, _ frame: RawSpan) -> Consumer.Event {
        var at = reply.bodyAt
        do throws(WireError) {
            if reply.apiKey == ListOffsetsRequest.apiKey {
                return .listed(
                    token: reply.token, try ListOffsetsResponse(frame, &at, version: reply.version))
            }
            var parts: [Consumer.Part] = []
            let head = try walkFetchResponse(frame, &at, version: reply.version) { part in
                let name = reply.version >= 13 ? cluster.view.name(of: part.topicID) ?? "" : part.topic
                parts.append(
                    Consumer.Part(
                        place: TopicPartition(topic: name, partition: part.index), error: part.error,
                        highWatermark: part.highWatermark, records: copy(frame, part.records)))
            }
            return .fetched(token: reply.token, head, parts)
        } catch {
            return .requestFailed(token: reply.token, .malformed("\(error)"))
        }
    }

    private mutating func advance(_ event: Consumer.Event, at now: Instant) {
        run(consumer.step(event, view: cluster.view, at: now), at: now)
        for failure in cluster.takeFailures() {
            run(
                consumer.step(
                    .requestFailed(token: failure.token, failure.error), view: cluster.view, at: now),
                at: now)
        }
    }

    private mutating func run(_ effects: [Consumer.Effect], at now: Instant) {
        for effect in effects {
            switch effect {
            case .listOffsets(let request, let broker, let token):
                cluster.send(MessageCall(request, versionMax: 7), to: .broker(broker), token: token, at: now)
            case .fetch(let request, let byName, let broker, let token):
                cluster.send(
                    MessageCall(request, versionMax: byName ? 12 : 17), to: .broker(broker), token: token,
                    at: now)
            case .refreshMetadata: cluster.refresh()
            case .failed(let place, let error): failures.append((place, error))
            case .wake(let at): wakes.append(.wake(at: at))
            }
        }
    }

    private mutating func drain(at now: Instant) -> [LinkEffect] {
        defer { wakes = [] }
        return cluster.takeEffects(at: now) + wakes
    }
}
