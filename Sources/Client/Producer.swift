package import Records
package import Vocabulary

/// Gathers records into batches, sends each partition's batches in order, and sends again what may have been lost:
/// with idempotence (the default) nothing is lost, doubled or reordered as long as the delivery timeout lasts.
///
/// It knows no connection: what it wants sent are effects, answers come back as events. Source: KIP-98, KIP-91.
package struct Producer: Sendable {
    package struct Settings: Sendable {
        /// -1 (all), 1 or 0.
        package var acks: Int16 = -1
        package var isIdempotent = true
        package var codec = Codec.none
        package var level: Int32?
        package var batchBytes = 16 * 1024
        package var lingerMs: Int64 = 5
        package var requestTimeoutMs: Int32 = 30_000
        package var deliveryTimeoutMs: Int64 = 120_000
        package var retryBackoffMs: Int64 = 100
        package var inFlightMax = 5
        package var bufferBytesMax = 32 << 20
        package var requestBytesMax = 1 << 20
        package var seed: UInt64 = 1

        package init() {}
    }
    package enum Event: Sendable {
        case woke
        /// Send what there is without lingering.
        case flushed
        case producerID(Int64, epoch: Int16)
        case producerIDRefused(ClientError)
        case answered(token: Int, [Answer])
        case requestFailed(token: Int, ClientError)
    }
    package enum Effect: Sendable {
        case initProducerID
        case produce(ProduceCall, to: BrokerID, token: Int)
        case refreshMetadata
        case report(Report)
        case wake(at: Instant)
    }
    /// A broker's word on one partition of one request.
    package struct Answer: Equatable, Sendable {
        package let place: TopicPartition
        package let error: ErrorCode
        package let message: String?
        package let baseOffset: Offset

        package init(place: TopicPartition, error: ErrorCode, message: String? = nil, baseOffset: Offset) {
            self.place = place
            self.error = error
            self.message = message
            self.baseOffset = baseOffset
        }
    }
    /// The end of a batch: all of its records were delivered, or none is vouched for.
    package struct Report: Equatable, Sendable {
        package let place: TopicPartition
        package let ids: [Int]
        /// Of the first record; -1 when the broker did not tell.
        package let baseOffset: Offset
        package let error: ClientError?
    }
    package enum Admission: Equatable, Sendable {
        case accepted
        /// The buffer is full: offer it again later.
        case full
        /// No such topic or partition in the view: ask for metadata, offer it again.
        case unknownPlace
    }
    /// The producer id's life: none → asking → given → (a gap in a sequence) draining → none.
    enum Identity: Equatable, Sendable {
        case none
        case asking
        case given(id: Int64, epoch: Int16)
        /// Nothing more is sent until what is in flight has come back; then a new id is asked for.
        case draining
    }
    struct Request: Sendable { let broker: BrokerID; let batches: [(lane: Int, serial: Int)] }

    package let settings: Settings
    package internal(set) var bufferedBytes = 0
    var lanes: [ProducerLane] = []
    var laneOf: [TopicPartition: Int] = [:]
    var requests: [Int: Request] = [:]
    var inFlightOf: [BrokerID: Int] = [:]
    var identity = Identity.none
    var identityNotBefore: Instant?
    var isFlushing = false
    var lastToken = 0
    var firstLane = 0  // Whose turn it is to be first in a request.
    private var partitioner: Partitioner

    package init(_ settings: Settings) {
        invariant(settings.acks != 0 || !settings.isIdempotent, "idempotence needs acks=all")
        self.settings = settings
        partitioner = Partitioner(seed: settings.seed, switchBytes: settings.batchBytes)
    }

    /// Nothing is waiting and nothing in flight.
    package var isEmpty: Bool { lanes.allSatisfy(\.isEmpty) }

    /// Takes a record in; `id` comes back in the report.
    package mutating func append(
        _ record: RecordToSend, to name: String, id: Int, view: ClusterView, at now: Instant
    ) -> Admission {
        guard let topic = view.topics[name], !topic.partitions.isEmpty else { return .unknownPlace }
        let bytes = (record.key?.count ?? 0) + (record.value?.count ?? 0) + 70
        guard bufferedBytes == 0 || bufferedBytes + bytes <= settings.bufferBytesMax else { return .full }
        let number =
            record.partition ?? partitioner.choose(topic: name, topic, key: record.key, bytes: bytes)
        guard topic.partitions.indices.contains(Int(number)) else { return .unknownPlace }
        let index = lane(of: TopicPartition(topic: name, partition: number))
        // One that does not fit closes the batch before it; one too large for any batch goes alone.
        if let open = lanes[index].open, open.builder.sizeInBytes + bytes > settings.batchBytes {
            seal(index)
        }
        let settings = settings
        bufferedBytes += lanes[index].append(
            record, id: id, make: { BatchBuilder(codec: settings.codec, level: settings.level) }, at: now)
        if lanes[index].open!.builder.sizeInBytes >= settings.batchBytes { seal(index) }
        return .accepted
    }

    private mutating func lane(of place: TopicPartition) -> Int {
        if let index = laneOf[place] { return index }
        lanes.append(ProducerLane(place: place))
        laneOf[place] = lanes.count - 1
        return lanes.count - 1
    }

    /// The buffer counts what a batch really takes once it is compressed.
    mutating func seal(_ index: Int) {
        guard let open = lanes[index].open else { return }
        bufferedBytes -= open.builder.sizeInBytes
        lanes[index].seal()
        bufferedBytes += lanes[index].sealed.last!.bytes.count
    }

    package mutating func step(_ event: Event, view: ClusterView, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .woke: break
        case .flushed: isFlushing = true
        case .producerID(let id, let epoch): identity = .given(id: id, epoch: epoch)
        case .producerIDRefused(let error): identityRefused(error, &effects, at: now)
        case .answered(let token, let answers): answered(token, answers, &effects, at: now)
        case .requestFailed(let token, let error): failed(token, error, &effects, at: now)
        }
        expire(&effects, view: view, at: now)
        send(&effects, view: view, at: now)
        if isEmpty { isFlushing = false }
        if let due = nextDue(at: now) { effects.append(.wake(at: due)) }
        return effects
    }
}
