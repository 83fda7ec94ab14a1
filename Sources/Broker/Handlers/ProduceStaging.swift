import CommitLog
import Records
import Vocabulary

/// The record batches of one read burst, gathered per partition, and the requests they came with.
///
/// The batches lie in the connection's receive buffer, or in memory that is owned here where they had to be rebuilt.
struct ProduceStaging {
    struct Group {
        let partition: Partition
        var items: [AppendItem] = []
        var places: [(pending: Int, result: Int)] = []
        var awaits = false
    }

    var pendings: [PendingProduce] = []
    var groups: [Group] = []
    var rebuilt: [UnsafeMutableRawBufferPointer] = []
    private var groupOf: [ObjectIdentifier: Int] = [:]

    var isEmpty: Bool { pendings.isEmpty }

    mutating func stage(
        _ batch: UnsafeMutableRawBufferPointer, _ header: BatchHeader, for partition: Partition,
        pending: Int, result: Int, awaits: Bool
    ) {
        let index = groupIndex(of: partition)
        groups[index].items.append(AppendItem(bytes: batch, header: header))
        groups[index].places.append((pending, result))
        if awaits { groups[index].awaits = true }
    }

    /// Keeps a batch that was rebuilt until the burst is appended.
    mutating func own(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        rebuilt.append(copy)
        return copy
    }

    /// Takes back the request staged last, and what it has staged.
    mutating func withdrawLast() {
        let pending = pendings.count - 1
        pendings.removeLast()
        if pendings.isEmpty { return clear() }
        for index in groups.indices {
            while groups[index].places.last?.pending == pending {
                groups[index].places.removeLast()
                groups[index].items.removeLast()
            }
        }
    }

    mutating func clear() {
        for bytes in rebuilt { bytes.deallocate() }
        rebuilt.removeAll()
        pendings.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        if !groupOf.isEmpty { groupOf.removeAll(keepingCapacity: true) }
    }

    /// A burst mostly has a partition or a few: a dictionary is built only for many.
    private mutating func groupIndex(of partition: Partition) -> Int {
        if groups.count <= 8 {
            if let index = groups.firstIndex(where: { $0.partition === partition }) { return index }
        } else {
            if groupOf.isEmpty {
                for (index, group) in groups.enumerated() { groupOf[ObjectIdentifier(group.partition)] = index }
            }
            if let index = groupOf[ObjectIdentifier(partition)] { return index }
        }
        if !groupOf.isEmpty { groupOf[ObjectIdentifier(partition)] = groups.count }
        groups.append(Group(partition: partition))
        return groups.count - 1
    }
}

/// A Produce request on its way: appended, maybe waiting for the high watermark, then answered.
final class PendingProduce {
    struct TopicResult {
        let name: String
        let id: TopicID
        /// One past its last partition in `results`.
        var end: Int
    }

    struct PartitionResult {
        let index: Int32
        var error: ErrorCode = .none
        var message: String?
        var badRecords: [(index: Int32, message: String)] = []
        var baseOffset: Offset = -1
        var appendTime: Timestamp = .none
        var startOffset: Offset = -1
        /// The high watermark that acknowledges it, while it waits for that.
        var required: Offset?
    }

    let connection: BrokerConnection
    let sequence: UInt64
    let correlationID: Int32
    let version: Int16
    let acks: Int16
    let timeoutMs: Int32
    let receivedAt: Instant
    var topics: [TopicResult] = []
    var results: [PartitionResult] = []
    /// Places in the loop's `acks`, one for each partition that waits.
    var waits: [(place: WaitLists<AckWait>.Place, result: Int)] = []
    var timer: TimerWheel<BrokerLoop.Timer>.Handle = .none
    var throttleMs: Int32 = 0

    init(context: RequestContext, acks: Int16, timeoutMs: Int32) {
        connection = context.connection
        sequence = context.sequence
        correlationID = context.correlationID
        version = context.version
        receivedAt = context.receivedAt
        self.acks = acks
        self.timeoutMs = timeoutMs
    }

    func fail(_ result: Int, _ code: ErrorCode, _ message: String? = nil) {
        results[result].error = code
        results[result].message = message
        results[result].baseOffset = -1
    }
}

/// A partition's batch that waits to be committed.
struct AckWait {
    let pending: PendingProduce
    let result: Int
    let required: Offset
}
