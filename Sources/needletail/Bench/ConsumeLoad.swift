import Client
import Messages
import Records
import Vocabulary
import Wire

/// What every consumer of a run does.
struct ConsumePlan {
    var fetchBytes: Int32 = 8 << 20
    var partitionBytes: Int32 = 1 << 20
    var minBytes: Int32 = 1
    var maxWaitMs: Int32 = 500
    var verifies = false
    /// Values begin with the time they were due.
    var readsTimes = false
    /// At a partition's end its reading begins anew.
    var rewinds = false
    var startsAtEnd = false
}

/// One consumer of a bench: one Fetch in flight to each broker; batches are counted where they lie and not copied.
final class ConsumeLoad: ClientMachine {
    private struct Lane {
        var start: Offset = -1; var end: Offset = -1; var position: Offset = -1; var isDone = false
    }
    private struct Flight { let broker: BrokerID; let timestamp: Int64?; let sentAt: Instant }

    private(set) var cluster: Cluster
    var tally = BenchTally()
    private let plan: ConsumePlan
    private let places: [TopicPartition]
    private var lanes: [TopicPartition: Lane] = [:]
    private var sessions: [BrokerID: FetchSession] = [:]
    private var flights: [Int: Flight] = [:]
    private var lastToken = 0
    private var hasAsked = false
    private var isStarted = false
    private var isStopped = false
    private var measuredFrom = Instant(nanoseconds: 0)
    private var pausedUntil = Instant(nanoseconds: 0)

    init(_ plan: ConsumePlan, places: [TopicPartition], cluster settings: Cluster.Settings) {
        self.plan = plan
        self.places = places
        cluster = Cluster(settings)
        for place in places { lanes[place] = Lane() }
        cluster.follow(Set(places.map(\.topic)).sorted())
        tally.latencyKind = latencyKind
    }

    private var latencyKind: String { plan.readsTimes ? "end to end" : "fetch" }
    var isReady: Bool { lanes.values.allSatisfy { $0.start.value >= 0 && $0.end.value >= 0 } }
    var isDone: Bool { isStopped || lanes.values.allSatisfy(\.isDone) }

    func start() { isStarted = true }
    func stop() { isStopped = true }
    func measure(from now: Instant) {
        tally = BenchTally()
        tally.latencyKind = latencyKind
        measuredFrom = now
    }

    func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        cluster.step(event, at: now)
        return advance(at: now)
    }

    func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        if let reply = cluster.receive(frame, on: link, at: now) {
            if let flight = flights.removeValue(forKey: reply.token) {
                answered(reply, flight, frame, at: now)
            }
        }
        return advance(at: now)
    }

    private func advance(at now: Instant) -> [LinkEffect] {
        for failure in cluster.takeFailures() {
            guard let flight = flights.removeValue(forKey: failure.token) else { continue }
            failed("\(failure.error)", flight, at: now)
        }
        if !isReady { lookUp(at: now) } else if isStarted, !isDone, pausedUntil <= now { fetch(at: now) }
        var effects = cluster.takeEffects(at: now)
        if pausedUntil > now { effects.append(.wake(at: pausedUntil)) }
        return effects
    }

    private func failed(_ error: String, _ flight: Flight, at now: Instant) {
        tally.failed(error, records: 0)
        sessions[flight.broker] = nil
        pausedUntil = now.adding(milliseconds: 100)
        if flight.timestamp != nil { hasAsked = false }
        cluster.refresh()
    }

    private func leaders() -> [BrokerID: [TopicPartition]]? {
        var byLeader: [BrokerID: [TopicPartition]] = [:]
        for place in places {
            guard let leader = cluster.view[place]?.leader, leader != .none else { return nil }
            byLeader[leader, default: []].append(place)
        }
        return byLeader
    }

    // MARK: Beginning and end

    private func lookUp(at now: Instant) {
        guard !hasAsked, pausedUntil <= now, let leaders = leaders() else { return }
        hasAsked = true
        for leader in leaders.keys.sorted() {
            for timestamp in [Int64(-2), -1] {
                var request = ListOffsetsRequest()
                request.replicaId = -1
                request.topics = leaders[leader]!.map { place in
                    var partition = ListOffsetsRequest.ListOffsetsPartition()
                    partition.partitionIndex = place.partition
                    partition.timestamp = timestamp
                    var topic = ListOffsetsRequest.ListOffsetsTopic()
                    topic.name = place.topic
                    topic.partitions = [partition]
                    return topic
                }
                lastToken += 1
                flights[lastToken] = Flight(broker: leader, timestamp: timestamp, sentAt: now)
                cluster.send(
                    MessageCall(request, versionMax: 7), to: .broker(leader), token: lastToken, at: now)
            }
        }
    }

    private func found(_ response: ListOffsetsResponse, _ flight: Flight, at now: Instant) {
        for topic in response.topics {
            for part in topic.partitions {
                let place = TopicPartition(topic: topic.name, partition: part.partitionIndex)
                guard part.errorCode == 0 else {
                    failed(ErrorCode.of(part.errorCode).name, flight, at: now)
                    continue
                }
                if flight.timestamp == -2 {
                    lanes[place]?.start = Offset(part.offset)
                } else {
                    lanes[place]?.end = Offset(part.offset)
                }
                guard let lane = lanes[place], lane.start.value >= 0, lane.end.value >= 0 else { continue }
                lanes[place]!.position = plan.startsAtEnd ? lane.end : lane.start
                lanes[place]!.isDone = !plan.startsAtEnd && lane.start == lane.end
            }
        }
    }

    // MARK: Fetching

    private func fetch(at now: Instant) {
        guard let leaders = leaders() else { return cluster.refresh() }
        let busy = Set(flights.values.map(\.broker))
        for leader in leaders.keys.sorted() where !busy.contains(leader) {
            let wanted = leaders[leader]!.filter { !lanes[$0]!.isDone }
            if !wanted.isEmpty { fetch(wanted, leader, at: now) }
        }
    }

    private func fetch(_ wanted: [TopicPartition], _ leader: BrokerID, at now: Instant) {
        var wishes: [TopicPartition: FetchSession.Wish] = [:]
        for place in wanted {
            wishes[place] = FetchSession.Wish(
                offset: lanes[place]!.position, leaderEpoch: .unknown,
                topicID: cluster.view.topics[place.topic]?.id ?? .zero, maxBytes: plan.partitionBytes)
        }
        var session = sessions[leader] ?? FetchSession()
        let (changed, forgotten) = session.plan(wishes)
        var request = FetchRequest()
        request.maxWaitMs = plan.maxWaitMs
        request.minBytes = plan.minBytes
        request.maxBytes = plan.fetchBytes
        request.sessionId = session.id
        request.sessionEpoch = session.epoch
        for place in changed {
            var partition = FetchRequest.FetchPartition()
            partition.partition = place.partition
            partition.fetchOffset = lanes[place]!.position.value
            partition.partitionMaxBytes = plan.partitionBytes
            if request.topics.last?.topic != place.topic {
                var topic = FetchRequest.FetchTopic()
                topic.topic = place.topic
                topic.topicId = wishes[place]!.topicID
                request.topics.append(topic)
            }
            request.topics[request.topics.count - 1].partitions.append(partition)
        }
        request.forgottenTopicsData = forgotten.map { place, topicID in
            var topic = FetchRequest.ForgottenTopic()
            topic.topic = place.topic
            topic.topicId = topicID
            topic.partitions = [place.partition]
            return topic
        }
        sessions[leader] = session
        lastToken += 1
        flights[lastToken] = Flight(broker: leader, timestamp: nil, sentAt: now)
        tally.requests += 1
        let byName = wishes.values.contains { $0.topicID == .zero }
        cluster.send(
            MessageCall(request, versionMax: byName ? 12 : 17), to: .broker(leader), token: lastToken, at: now
        )
    }

    private func answered(_ reply: Cluster.Reply, _ flight: Flight, _ frame: RawSpan, at now: Instant) {
        var at = reply.bodyAt
        do throws(WireError) {
            if flight.timestamp != nil {
                found(try ListOffsetsResponse(frame, &at, version: reply.version), flight, at: now)
                return
            }
            let head = try walkFetchResponse(frame, &at, version: reply.version) { part in
                take(part, frame, named: reply.version < 13, flight, at: now)
            }
            var session = sessions[flight.broker] ?? FetchSession()
            let isGood = session.answered(head)
            sessions[flight.broker] = session
            if !isGood, head.error != .fetchSessionIdNotFound { failed(head.error.name, flight, at: now) }
            if !plan.readsTimes, flight.sentAt >= measuredFrom { tally.took(now - flight.sentAt) }
        } catch {
            failed("malformed answer", flight, at: now)
        }
    }

    private func take(
        _ part: FetchedPartition, _ frame: RawSpan, named: Bool, _ flight: Flight, at now: Instant
    ) {
        let name = named ? part.topic : cluster.view.name(of: part.topicID) ?? ""
        let place = TopicPartition(topic: name, partition: part.index)
        guard var lane = lanes[place], !lane.isDone else { return }
        guard part.error == .none else { return failed(part.error.name, flight, at: now) }
        var at = part.records.lowerBound
        while at < part.records.upperBound, let header = try? BatchHeader(frame, at: at),
            at + header.sizeInBytes <= part.records.upperBound
        {
            let batch = frame.extracting(at..<at + header.sizeInBytes)
            at += header.sizeInBytes
            if plan.verifies, !batchChecksumHolds(batch, header: header) {
                tally.failed("bad checksum", records: Int(header.recordCount))
            }
            count(batch, header, at: now)
            lane.position = max(lane.position, Offset(header.nextOffset))
        }
        if !plan.startsAtEnd, lane.position >= lane.end {
            if plan.rewinds { lane.position = lane.start } else { lane.isDone = true }
        }
        lanes[place] = lane
    }

    /// Bytes of a compressed batch are counted as they came: nobody asked to see what is inside.
    private func count(_ batch: RawSpan, _ header: BatchHeader, at now: Instant) {
        tally.records += Int(header.recordCount)
        tally.batchBytes += header.sizeInBytes
        tally.bytes += header.sizeInBytes - BatchHeader.byteCount
        guard plan.readsTimes else { return }
        if header.codec == .none {
            readTimes(batch.extracting(BatchHeader.byteCount..<batch.byteCount), header, at: now)
        } else if let payload = try? decompressedPayload(of: batch, header: header, limit: 1 << 28) {
            readTimes(payload.span.bytes, header, at: now)
        }
    }

    private func readTimes(_ payload: RawSpan, _ header: BatchHeader, at now: Instant) {
        var at = 0
        for _ in 0..<header.recordCount {
            guard let record = try? readRecord(payload, &at) else {
                return tally.failed("unreadable record", records: 1)
            }
            guard let value = record.value, value.count >= 8 else { continue }
            let stamp = Int64(
                bigEndian: payload.unsafeLoadUnaligned(fromByteOffset: value.lowerBound, as: Int64.self))
            // Records of other origin carry other bytes there.
            guard stamp >= measuredFrom.nanoseconds, stamp <= now.nanoseconds else { continue }
            tally.took(now.nanoseconds - stamp)
        }
    }
}
