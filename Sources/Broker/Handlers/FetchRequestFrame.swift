import Vocabulary
import Wire

/// A Fetch request as it lies in its frame, walked once: no object for what an incremental fetch leaves out.
struct FetchRequestFrame {
    struct Partition {
        let topic: TopicKey
        let index: Int32
        var currentLeaderEpoch = LeaderEpoch.unknown
        var fetchOffset: Offset = 0
        var lastFetchedEpoch = LeaderEpoch.unknown
        var maxBytes: Int32 = 0
    }

    /// A topic is named by its id from version 13 on.
    enum TopicKey: Hashable {
        case name(String)
        case id(TopicID)
    }

    var replicaID: Int32 = -1
    var maxWaitMs: Int32 = 0
    var minBytes: Int32 = 0
    var maxBytes = Int32.max
    var readCommitted = false
    var sessionID: Int32 = 0
    /// -1: no session wanted; 0: a new one; else the next of this one's.
    var sessionEpoch: Int32 = -1
    var partitions: [Partition] = []
    var forgotten: [(topic: TopicKey, index: Int32)] = []

    init(_ frame: RawSpan, _ at: inout Int, version: Int16) throws(WireError) {
        let flexible = version >= 12
        if version <= 14 { replicaID = try readInt32(frame, &at, "replicaId") }
        maxWaitMs = try readInt32(frame, &at, "maxWaitMs")
        minBytes = try readInt32(frame, &at, "minBytes")
        maxBytes = try readInt32(frame, &at, "maxBytes")
        readCommitted = try readInt8(frame, &at, "isolationLevel") == 1
        if version >= 7 {
            sessionID = try readInt32(frame, &at, "sessionId")
            sessionEpoch = try readInt32(frame, &at, "sessionEpoch")
        }
        let topics = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 3, "topics") ?? 0
        for _ in 0..<topics {
            let topic = try Self.readTopic(frame, &at, version)
            let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 16, "partitions") ?? 0
            partitions.reserveCapacity(partitions.count + count)
            for _ in 0..<count { partitions.append(try Self.readPartition(frame, &at, version, topic)) }
            if flexible { try skipTags(frame, &at) }
        }
        if version >= 7 { try readForgotten(frame, &at, version) }
        if version >= 11 { _ = try readStringRange(frame, &at, flexible: flexible, "rackId") }
        if flexible { try readTags(frame, &at, version) }
    }

    private static func readTopic(_ frame: RawSpan, _ at: inout Int, _ version: Int16) throws(WireError) -> TopicKey {
        if version >= 13 { return .id(try readUUID(frame, &at, "topicId")) }
        return .name(try readString(frame, &at, flexible: version >= 12, "topic"))
    }

    private static func readPartition(
        _ frame: RawSpan, _ at: inout Int, _ version: Int16, _ topic: TopicKey
    ) throws(WireError) -> Partition {
        var partition = Partition(topic: topic, index: try readInt32(frame, &at, "partition"))
        if version >= 9 { partition.currentLeaderEpoch = LeaderEpoch(try readInt32(frame, &at, "currentLeaderEpoch")) }
        partition.fetchOffset = Offset(try readInt64(frame, &at, "fetchOffset"))
        if version >= 12 { partition.lastFetchedEpoch = LeaderEpoch(try readInt32(frame, &at, "lastFetchedEpoch")) }
        if version >= 5 { _ = try readInt64(frame, &at, "logStartOffset") }
        partition.maxBytes = try readInt32(frame, &at, "partitionMaxBytes")
        if version >= 12 { try skipTags(frame, &at) }
        return partition
    }

    private mutating func readForgotten(_ frame: RawSpan, _ at: inout Int, _ version: Int16) throws(WireError) {
        let flexible = version >= 12
        let topics = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 3, "forgottenTopicsData") ?? 0
        for _ in 0..<topics {
            let topic = try Self.readTopic(frame, &at, version)
            let count = try readArrayCount(frame, &at, flexible: flexible, elementSizeMin: 4, "partitions") ?? 0
            for _ in 0..<count { forgotten.append((topic, try readInt32(frame, &at, "partitions"))) }
            if flexible { try skipTags(frame, &at) }
        }
    }

    /// Tag 1 is the replica's state (from version 15 on); the others are not needed here.
    private mutating func readTags(_ frame: RawSpan, _ at: inout Int, _ version: Int16) throws(WireError) {
        var left = try readUVarint(frame, &at)
        while let tag = try nextTag(frame, &at, &left) {
            if version >= 15, tag.number == 1 { replicaID = try readInt32(frame, &at, "replicaState.replicaId") }
            at = tag.end
        }
    }
}
