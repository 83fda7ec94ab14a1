package import Messages
import Records
package import Vocabulary

/// Reads partitions it is told to read, ahead of its owner by a bounded number of bytes: one Fetch in flight for each
/// broker, in sessions (KIP-227).
///
/// It knows no connection: what it wants sent are effects, answers come back as events. Chunks wait in order until
/// they are taken.
package struct Consumer: Sendable {
    package struct Settings: Sendable {
        package var fetchBytesMax: Int32 = 8 << 20
        package var partitionBytesMax: Int32 = 1 << 20
        package var minBytes: Int32 = 1
        package var maxWaitMs: Int32 = 500
        /// No Fetch is sent while that much waits to be taken.
        package var prefetchBytesMax = 16 << 20
        package var retryBackoffMs: Int64 = 100
        /// How long a partition may have nothing but passing errors, or no leader, before they are its failure; nil is for ever.
        package var patienceMs: Int64?
        package var usesSessions = true
        /// Where to go on when the offset wanted is not there; nil makes it a failure.
        package var outOfRange: ReadStart?

        package init() {}
    }
    package enum Event: Sendable {
        case woke
        case listed(token: Int, ListOffsetsResponse)
        case fetched(token: Int, FetchedHead, [Part])
        case requestFailed(token: Int, ClientError)
    }
    package enum Effect: Sendable {
        case listOffsets(ListOffsetsRequest, to: BrokerID, token: Int)
        /// `byName`: an id is not known, so version 12 at most.
        case fetch(FetchRequest, byName: Bool, to: BrokerID, token: Int)
        case refreshMetadata
        case failed(TopicPartition, ClientError)
        case wake(at: Instant)
    }
    /// A partition's part of a Fetch answer, its records copied out of the frame.
    package struct Part: Sendable {
        package let place: TopicPartition
        package let error: ErrorCode
        package let highWatermark: Offset
        package let records: [UInt8]

        package init(place: TopicPartition, error: ErrorCode, highWatermark: Offset, records: [UInt8]) {
            self.place = place
            self.error = error
            self.highWatermark = highWatermark
            self.records = records
        }
    }
    struct Request: Sendable { let broker: BrokerID; let places: [TopicPartition]; let isFetch: Bool }

    package let settings: Settings
    package internal(set) var chunks: [FetchedChunk] = []
    package internal(set) var bufferedBytes = 0
    var lanes: [TopicPartition: ConsumerLane] = [:]
    var sessions: [BrokerID: FetchSession] = [:]
    var requests: [Int: Request] = [:]
    var lastToken = 0

    package init(_ settings: Settings) { self.settings = settings }

    package mutating func assign(_ place: TopicPartition, from start: ReadStart, until stop: ReadStop) {
        var lane = ConsumerLane(place: place, start: start, stop: stop)
        lane.finishIfThere()
        lanes[place] = lane
    }

    package mutating func unassign(_ place: TopicPartition) { lanes[place] = nil }

    /// Every partition was read as far as asked, and nothing waits to be taken.
    package var isFinished: Bool { chunks.isEmpty && lanes.values.allSatisfy(\.isFinished) }

    /// The next offset to be fetched, once it is known.
    package func position(of place: TopicPartition) -> Offset? {
        guard let lane = lanes[place], lane.lookups.isEmpty else { return nil }
        return lane.position
    }

    package mutating func takeChunks() -> [FetchedChunk] {
        defer {
            chunks = []
            bufferedBytes = 0
        }
        return chunks
    }

    package mutating func step(_ event: Event, view: ClusterView, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .woke: break
        case .listed(let token, let response): listed(token, response, &effects, at: now)
        case .fetched(let token, let head, let parts): fetched(token, head, parts, &effects, at: now)
        case .requestFailed(let token, let error): failed(token, error, &effects, at: now)
        }
        ask(&effects, view: view, at: now)
        let due = lanes.values.filter { !$0.isFinished && !$0.isBusy }.compactMap(\.notBefore).filter {
            $0 > now
        }.min()
        if let due { effects.append(.wake(at: due)) }
        return effects
    }
}
