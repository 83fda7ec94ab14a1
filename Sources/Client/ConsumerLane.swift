package import Vocabulary

/// Where reading a partition begins.
package enum ReadStart: Equatable, Sendable {
    case beginning, end
    /// The first record of that time or later; the end when there is none.
    case timestamp(Timestamp)
    case offset(Offset)
    /// So many offsets before the end, or the beginning when there are fewer.
    case beforeEnd(Int64)
}

/// Where reading a partition stops.
package enum ReadStop: Equatable, Sendable {
    case never
    /// The end as it is when reading begins.
    case atEnd
    case before(Offset)
}

/// How far one partition has been read.
struct ConsumerLane: Sendable {
    /// A ListOffsets question that must be answered before reading.
    enum Lookup: Equatable, Sendable {
        case stop
        case start(timestamp: Int64)
        /// The end, to count back from, then the beginning, to stay behind.
        case end(back: Int64)
        case floor
    }

    let place: TopicPartition
    var lookups: [Lookup] = []
    var position: Offset = -1
    var stopBefore: Offset?
    var highWatermark: Offset = -1
    var isBusy = false
    var isFinished = false
    var notBefore: Instant?
    /// Since when there have been errors only.
    var troubledSince: Instant?

    static let latest: Int64 = -1
    static let earliest: Int64 = -2

    init(place: TopicPartition, start: ReadStart, stop: ReadStop) {
        self.place = place
        switch stop {
        case .never: break
        case .atEnd: lookups.append(.stop)
        case .before(let offset): stopBefore = offset
        }
        lookUp(start)
    }

    mutating func lookUp(_ start: ReadStart) {
        switch start {
        case .beginning: lookups.append(.start(timestamp: Self.earliest))
        case .end: lookups.append(.start(timestamp: Self.latest))
        case .timestamp(let time): lookups.append(.start(timestamp: time.milliseconds))
        case .offset(let offset): position = offset
        case .beforeEnd(let count): lookups += [.end(back: count), .floor]
        }
    }

    /// The answer to the first lookup. An offset of -1: no record is that young, so reading begins at the end.
    mutating func found(_ offset: Offset) {
        switch lookups.removeFirst() {
        case .stop: stopBefore = offset
        case .start(let timestamp):
            if offset.value >= 0 { position = offset } else if timestamp != Self.latest { lookUp(.end) }
        case .end(let back): position = offset + -back
        case .floor: position = max(position, offset)
        }
        finishIfThere()
    }

    mutating func finishIfThere() {
        if let stopBefore, lookups.isEmpty, position >= stopBefore { isFinished = true }
    }
}
