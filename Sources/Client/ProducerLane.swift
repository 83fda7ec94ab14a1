import Records
import Vocabulary

/// What waits to be sent to one partition, oldest first: batches in flight, batches sealed, one batch open.
///
/// A batch that must be sent again goes back to its place by `serial`, so the order of records never changes.
struct ProducerLane: Sendable {
    struct Batch: Sendable {
        let serial: Int
        var bytes: [UInt8]
        let ids: [Int]
        let createdAt: Instant
        /// -1 until first sent by an idempotent producer; then fixed, so that the broker can tell it is the same.
        var sequence: Int32 = -1
        var tries = 0
        /// An earlier sending may have been appended.
        var isInDoubt = false
        /// Why it had to be sent again.
        var lastError: ClientError?

        var recordCount: Int32 { Int32(ids.count) }
    }
    struct Open: Sendable {
        var builder: BatchBuilder
        var ids: [Int] = []
        let openedAt: Instant
    }

    let place: TopicPartition
    var open: Open?
    var sealed: [Batch] = []
    var inFlight: [Batch] = []
    var nextSequence: Int32 = 0
    /// Not to be sent to before, after an error.
    var notBefore: Instant?
    private var lastSerial = 0

    init(place: TopicPartition) { self.place = place }

    var isEmpty: Bool { open == nil && sealed.isEmpty && inFlight.isEmpty }

    /// - Returns: how many bytes more are held.
    mutating func append(_ record: RecordToSend, id: Int, make: () -> BatchBuilder, at now: Instant) -> Int {
        let before = open?.builder.sizeInBytes ?? 0
        if open == nil { open = Open(builder: make(), openedAt: now) }
        open!.builder.append(
            timestamp: record.timestamp.milliseconds, key: record.key, value: record.value,
            headers: record.headers.map { (key: Array($0.key.utf8), value: $0.value) })
        open!.ids.append(id)
        return open!.builder.sizeInBytes - before
    }

    mutating func seal() {
        guard var closing = open else { return }
        open = nil
        lastSerial += 1
        sealed.append(
            Batch(
                serial: lastSerial, bytes: closing.builder.finish(baseOffset: 0), ids: closing.ids,
                createdAt: closing.openedAt))
    }

    /// Back into the queue, at its old place.
    mutating func requeue(_ batch: Batch) {
        let index = sealed.firstIndex { $0.serial > batch.serial } ?? sealed.endIndex
        sealed.insert(batch, at: index)
    }

    /// How many batches may be in flight: one while anything is sent for the second time, since later batches
    /// must not overtake it.
    func inFlightMax(_ usual: Int) -> Int {
        let retries = sealed.first.map { $0.tries > 0 } == true || inFlight.contains { $0.tries > 1 }
        return retries ? 1 : usual
    }
}
