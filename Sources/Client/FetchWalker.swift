package import Vocabulary
package import Wire

/// One partition of a Fetch answer; its record bytes stay where they are.
package struct FetchedPartition: Equatable, Sendable {
    package struct Aborted: Equatable, Sendable {
        package let producerID: Int64
        package let firstOffset: Offset
    }
    package struct EpochEnd: Equatable, Sendable {
        package let epoch: LeaderEpoch
        package let endOffset: Offset
    }
    package struct Leader: Equatable, Sendable {
        package let id: BrokerID
        package let epoch: LeaderEpoch
    }
    /// Up to version 12; empty after.
    package let topic: String
    /// From version 13 on; zero before.
    package let topicID: TopicID
    package let index: Int32
    package let error: ErrorCode
    package let highWatermark: Offset
    package let lastStableOffset: Offset
    package let logStartOffset: Offset
    package let aborted: [Aborted]
    package let preferredReadReplica: BrokerID
    /// Where the records lie in the frame; empty when there are none.
    package let records: Range<Int>
    /// Where the follower's log leaves the leader's (KIP-595).
    package private(set) var diverging: EpochEnd?
    package private(set) var currentLeader: Leader?

    init(_ frame: RawSpan, _ at: inout Int, version: Int16, topic: String, topicID: TopicID) throws(WireError)
    {
        let flexible = version >= 12
        self.topic = topic
        self.topicID = topicID
        index = try readInt32(frame, &at)
        error = .of(try readInt16(frame, &at))
        highWatermark = Offset(try readInt64(frame, &at))
        lastStableOffset = Offset(try readInt64(frame, &at))
        logStartOffset = version >= 5 ? Offset(try readInt64(frame, &at)) : -1
        var aborted: [Aborted] = []
        let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 16) ?? 0
        for _ in 0..<count {
            let producerID = try readInt64(frame, &at)
            aborted.append(Aborted(producerID: producerID, firstOffset: Offset(try readInt64(frame, &at))))
            if flexible { try skipTags(frame, &at) }
        }
        self.aborted = aborted
        preferredReadReplica = version >= 11 ? BrokerID(try readInt32(frame, &at)) : .none
        records = try readByteRange(frame, &at, flexible: flexible) ?? at..<at
        if flexible { try readTags(frame, &at) }
    }

    private mutating func readTags(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        var left = try readUVarint(frame, &at)
        while let tag = try nextTag(frame, &at, &left) {
            switch tag.number {
            case 0:
                let epoch = LeaderEpoch(try readInt32(frame, &at))
                diverging = EpochEnd(epoch: epoch, endOffset: Offset(try readInt64(frame, &at)))
            case 1:
                let id = BrokerID(try readInt32(frame, &at))
                currentLeader = Leader(id: id, epoch: LeaderEpoch(try readInt32(frame, &at)))
            default: break
            }
            at = tag.end  // The structures have tags of their own, which we skip so.
        }
    }
}

/// What a Fetch answer says of itself.
package struct FetchedHead: Equatable, Sendable {
    package let throttleTimeMs: Int32
    package let error: ErrorCode
    package let sessionID: Int32

    package init(throttleTimeMs: Int32, error: ErrorCode, sessionID: Int32) {
        self.throttleTimeMs = throttleTimeMs
        self.error = error
        self.sessionID = sessionID
    }
}

/// Walks the body of a FetchResponse, version 4 and up, without copying records.
package func walkFetchResponse(
    _ frame: RawSpan, _ at: inout Int, version: Int16, body: (FetchedPartition) -> Void
) throws(WireError) -> FetchedHead {
    let flexible = version >= 12
    let throttle = try readInt32(frame, &at)
    let error = version >= 7 ? try readInt16(frame, &at) : 0
    let session = version >= 7 ? try readInt32(frame, &at) : 0
    let topics = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: flexible ? 3 : 6) ?? 0
    for _ in 0..<topics {
        let topic = version < 13 ? try readString(frame, &at, flexible: flexible) : ""
        let topicID = version >= 13 ? try readUUID(frame, &at) : .zero
        let parts = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 24) ?? 0
        for _ in 0..<parts {
            body(try FetchedPartition(frame, &at, version: version, topic: topic, topicID: topicID))
        }
        if flexible { try skipTags(frame, &at) }
    }
    if flexible { try skipTags(frame, &at) }
    return FetchedHead(throttleTimeMs: throttle, error: .of(error), sessionID: session)
}
