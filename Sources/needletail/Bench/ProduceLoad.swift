import Client
import Vocabulary

/// One producer of a bench: sends prepared batches when their records are due, or as fast as they are acknowledged.
final class ProduceLoad: ClientMachine {
    /// Records that go one way: without keys one lane that takes the partitions in turn, a batch each; with keys a lane
    /// for each partition, as a key's records must all go there.
    struct Lane {
        let places: [TopicPartition]
        var turn = 0
        var templates: [BatchTemplate]
        var template = 0
        var sent = 0
        /// Nanoseconds between two records; 0: as fast as possible.
        let interval: Double
        let offset: Double
    }
    struct Flight {
        let broker: BrokerID
        let place: TopicPartition
        let lane: Int
        let first: Int
        let count: Int
        let batchBytes: Int
        let sentAt: Instant
    }
    enum Identity { case none, asking, given(id: Int64, epoch: Int16) }

    var cluster: Cluster
    var tally = BenchTally()
    let plan: ProducePlan
    private var chance: SeededGenerator
    var lanes: [Lane] = []
    var flights: [Int: Flight] = [:]
    var inFlight: [BrokerID: Int] = [:]
    private var lastToken = 0
    private var firstLane = 0
    var startedAt: Instant?
    var measuredFrom = Instant(nanoseconds: 0)
    private var stoppedAt: Instant?
    var pausedUntil = Instant(nanoseconds: 0)
    private var recordsLeft = Int.max
    var identity = Identity.none
    var isRenewing = false
    var sequences: [TopicPartition: Int32] = [:]
    static let identityToken = 0

    init(_ plan: ProducePlan, index: Int, cluster settings: Cluster.Settings) {
        self.plan = plan
        cluster = Cluster(settings)
        chance = SeededGenerator(seed: UInt64(index) + 1)
        cluster.follow(plan.topics)
        tally.latencyKind = "acknowledgement"
    }

    var isReady: Bool {
        guard !lanes.isEmpty else { return false }
        if plan.isIdempotent, case .given = identity { return true }
        return !plan.isIdempotent
    }
    var isDone: Bool {
        flights.isEmpty
            && (recordsLeft == 0
                || lanes.indices.allSatisfy { ready($0, at: stoppedAt ?? .distantFuture) == 0 })
            && (recordsLeft == 0 || stoppedAt != nil)
    }

    func start(at now: Instant, records: Int?) {
        startedAt = now
        recordsLeft = records ?? .max
    }

    func measure(from now: Instant) {
        tally = BenchTally()
        tally.latencyKind = "acknowledgement"
        measuredFrom = now
    }

    func stop(at now: Instant) { stoppedAt = now }

    func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        cluster.step(event, at: now)
        return advance(at: now)
    }

    func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        if let reply = cluster.receive(frame, on: link, at: now) { answered(reply, frame, at: now) }
        return advance(at: now)
    }

    private func advance(at now: Instant) -> [LinkEffect] {
        for failure in cluster.takeFailures() { failed(failure.token, "\(failure.error)", at: now) }
        if lanes.isEmpty { makeLanes() }
        if !lanes.isEmpty { identify(at: now) }
        if startedAt != nil, isReady, pausedUntil <= now { pump(at: now) }
        var effects = cluster.takeEffects(at: now)
        if let due = nextDue(at: now) { effects.append(.wake(at: due)) }
        return effects
    }

    // MARK: Lanes

    private func makeLanes() {
        let places = plan.topics.flatMap { name in
            (cluster.view.topics[name]?.partitions ?? []).indices.map {
                TopicPartition(topic: name, partition: Int32($0))
            }
        }
        let known = plan.topics.allSatisfy { cluster.view.topics[$0]?.partitions.isEmpty == false }
        guard known, places.allSatisfy({ cluster.view[$0]?.leader != BrokerID.none }) else { return }
        let interval = plan.recordsPerSecond.map { 1e9 / $0 } ?? 0
        if plan.keys == 0 {
            let templates = (0..<4).map { _ in BatchTemplate(plan, using: &chance) { _ in nil } }
            let turn = Int.random(in: 0..<places.count, using: &chance)
            lanes = [Lane(places: places, turn: turn, templates: templates, interval: interval, offset: 0)]
            return
        }
        for (index, place) in places.enumerated() {
            let count = cluster.view.topics[place.topic]!.partitions.count
            var keys = (0..<plan.keys).map(ProducePlan.key).filter {
                partition(ofKey: $0, count: count) == place.partition
            }
            if keys.isEmpty { keys = [ProducePlan.key(0)] }
            lanes.append(
                Lane(
                    places: [place],
                    templates: (0..<2).map { _ in
                        BatchTemplate(plan, using: &chance) { keys.randomElement(using: &$0) }
                    },
                    interval: interval * Double(places.count), offset: interval * Double(index)))
        }
    }

    func due(_ lane: Int, _ index: Int) -> Instant {
        let start = startedAt?.nanoseconds ?? 0
        return Instant(nanoseconds: start + Int64(lanes[lane].offset + lanes[lane].interval * Double(index)))
    }

    /// How many records of a lane make a batch now; 0: none yet.
    private func ready(_ lane: Int, at now: Instant) -> Int {
        let template = lanes[lane].templates[lanes[lane].template]
        if lanes[lane].interval == 0 {
            return stoppedAt != nil ? 0 : template.fitting(min(recordsLeft, template.recordCount))
        }
        let end = min(now, stoppedAt ?? .distantFuture)
        let elapsed = Double(end.nanoseconds - (startedAt?.nanoseconds ?? 0)) - lanes[lane].offset
        guard elapsed >= 0 else { return 0 }
        let waiting = min(Int(elapsed / lanes[lane].interval) + 1 - lanes[lane].sent, recordsLeft)
        if waiting >= template.recordCount { return template.recordCount }
        let isOld = waiting > 0 && now - due(lane, lanes[lane].sent) >= plan.lingerMs * 1_000_000
        let isLast = waiting > 0 && (waiting == recordsLeft || stoppedAt != nil)
        return isOld || isLast ? template.fitting(waiting) : 0
    }

    private func nextDue(at now: Instant) -> Instant? {
        guard startedAt != nil, isReady, recordsLeft > 0 else { return nil }
        if pausedUntil > now { return pausedUntil }
        guard plan.recordsPerSecond != nil, flights.count < plan.inFlightMax else { return nil }
        return lanes.indices.map { lane in
            let full = lanes[lane].templates[lanes[lane].template].recordCount
            return min(
                due(lane, lanes[lane].sent).adding(milliseconds: plan.lingerMs),
                due(lane, lanes[lane].sent + full - 1))
        }.filter { $0 > now }.min()
    }

    // MARK: Sending

    private func pump(at now: Instant) {
        var idle = 0
        while idle < lanes.count, recordsLeft > 0 {
            firstLane = (firstLane + 1) % lanes.count
            let count = ready(firstLane, at: now)
            if count > 0, let place = freePlace(firstLane) {
                send(firstLane, place.place, to: place.leader, count, at: now)
                idle = 0
            } else {
                idle += 1
            }
        }
    }

    /// The next partition in turn whose broker takes one more request.
    private func freePlace(_ lane: Int) -> (place: TopicPartition, leader: BrokerID)? {
        let places = lanes[lane].places
        for step in places.indices {
            let at = (lanes[lane].turn + step) % places.count
            guard let leader = cluster.view[places[at]]?.leader, leader != .none,
                inFlight[leader, default: 0] < plan.inFlightMax
            else { continue }
            lanes[lane].turn = (at + 1) % places.count
            return (places[at], leader)
        }
        return nil
    }

    private func send(
        _ lane: Int, _ place: TopicPartition, to leader: BrokerID, _ count: Int, at now: Instant
    ) {
        let first = lanes[lane].sent
        let (start, offset, interval) = (startedAt!.nanoseconds, lanes[lane].offset, lanes[lane].interval)
        var marks = BatchTemplate.Marks(time: wallClock())
        if case .given(let id, let epoch) = identity {
            marks.producerID = id
            marks.producerEpoch = epoch
            marks.sequence = sequences[place, default: 0]
            sequences[place] = BatchPatch.advance(marks.sequence, by: Int32(count))
        }
        let batch = lanes[lane].templates[lanes[lane].template].batch(count, marks) { index in
            interval == 0
                ? now : Instant(nanoseconds: start + Int64(offset + interval * Double(first + index)))
        }
        lanes[lane].template = (lanes[lane].template + 1) % lanes[lane].templates.count
        lanes[lane].sent += count
        recordsLeft -= count
        lastToken += 1
        let flight = Flight(
            broker: leader, place: place, lane: lane, first: first, count: count, batchBytes: batch.count,
            sentAt: now)
        let call = ProduceCall(
            acks: plan.acks, timeoutMs: 30_000,
            topics: [
                .init(
                    name: place.topic, id: cluster.view.topics[place.topic]?.id ?? .zero,
                    parts: [.init(index: place.partition, records: batch)])
            ])
        tally.requests += 1
        if plan.acks == 0 {
            delivered(flight, at: now)
        } else {
            flights[lastToken] = flight
            inFlight[leader, default: 0] += 1
        }
        cluster.send(call, to: .broker(leader), token: lastToken, at: now)
    }
}
