import Records
import Vocabulary

/// Kafka's `.snapshot` file, version 1: the producers as they were at the offset that names the file.
///
/// ```
/// version int16 = 1, crc uint32 (CRC-32C of all that follows), count int32, and for each producer
///   producerID int64, epoch int16, lastSequence int32, lastOffset int64, offsetDelta int32, timestamp int64,
///   coordinatorEpoch int32, currentTxnFirstOffset int64
/// ```
/// Kafka keeps the last batch only, so that after a restart a producer's repetition of an older one looks out of
/// order to it. We add the older ones behind, where Kafka does not look: a mark, a count, and for each, oldest first,
/// producerID int64, lastSequence int32, lastOffset int64, offsetDelta int32, timestamp int64.
enum ProducerSnapshot {
    private static let version: Int16 = 1
    private static let entrySize = 46
    private static let olderSize = 32
    /// "NTL5"
    private static let olderMark: UInt32 = 0x4E54_4C35

    static func encode(_ producers: ProducerStates) -> [UInt8] {
        let sorted = producers.states.sorted { $0.key < $1.key }
        var out = ByteWriter()
        out.put(version)
        out.put(UInt32(0))
        out.put(Int32(sorted.count))
        for (id, state) in sorted {
            let last = state.last ?? .none
            out.put(id)
            out.put(state.epoch)
            out.put(last.lastSequence)
            out.put(last.lastOffset)
            out.put(last.offsetDelta)
            out.put(state.lastTimestamp)
            out.put(state.coordinatorEpoch)
            out.put(state.currentTransactionStart)
        }
        let olderCount = sorted.reduce(0) { $0 + max(0, $1.value.batchCount - 1) }
        if olderCount > 0 {
            out.put(olderMark)
            out.put(Int32(olderCount))
            for (id, state) in sorted {
                for index in 0..<max(0, state.batchCount - 1) {
                    let batch = state[index]
                    out.put(id)
                    out.put(batch.lastSequence)
                    out.put(batch.lastOffset)
                    out.put(batch.offsetDelta)
                    out.put(batch.timestamp)
                }
            }
        }
        out.replace(checksum(out.bytes), at: 2)
        return out.bytes
    }

    /// - Returns: nil when the bytes are damaged or of another version: the snapshot counts as missing.
    static func decode(_ bytes: [UInt8], now: Timestamp) -> ProducerStates? {
        var input = ByteReader(bytes)
        guard input.take(Int16.self) == version, let crc = input.take(UInt32.self), crc == checksum(bytes),
            let count = input.take(Int32.self), count >= 0, Int(count) <= input.remaining / entrySize
        else { return nil }
        var entries: [(id: Int64, state: ProducerState, last: ProducerBatch)] = []
        entries.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let id: Int64 = input.take(), let epoch: Int16 = input.take(),
                let sequence: Int32 = input.take(),
                let offset: Int64 = input.take(), let delta: Int32 = input.take(),
                let time: Int64 = input.take(),
                let coordinator: Int32 = input.take(), let transaction: Int64 = input.take()
            else { return nil }
            var state = ProducerState()
            state.begin(epoch: epoch)
            state.coordinatorEpoch = coordinator
            state.currentTransactionStart = transaction
            state.lastTimestamp = time
            state.touchedAt = now.milliseconds
            let last = ProducerBatch(
                lastSequence: sequence, lastOffset: offset, offsetDelta: delta, timestamp: time)
            entries.append((id, state, last))
        }
        guard let older = decodeOlder(&input) else { return nil }
        var result = ProducerStates()
        for (id, empty, last) in entries {
            var state = empty
            for batch in older[id] ?? [] { state.add(batch) }
            if last.lastSequence >= 0 { state.add(last) }
            state.lastTimestamp = empty.lastTimestamp
            result[id] = state
        }
        return result
    }

    private static func decodeOlder(_ input: inout ByteReader) -> [Int64: [ProducerBatch]]? {
        guard input.remaining >= 8, input.take(UInt32.self) == olderMark else { return [:] }
        guard let count = input.take(Int32.self), count >= 0, Int(count) <= input.remaining / olderSize else {
            return nil
        }
        var older: [Int64: [ProducerBatch]] = [:]
        for _ in 0..<count {
            guard let id: Int64 = input.take(), let sequence: Int32 = input.take(),
                let offset: Int64 = input.take(),
                let delta: Int32 = input.take(), let time: Int64 = input.take()
            else { return nil }
            older[id, default: []].append(
                ProducerBatch(lastSequence: sequence, lastOffset: offset, offsetDelta: delta, timestamp: time)
            )
        }
        return older
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { crc32c(UnsafeRawBufferPointer(rebasing: $0[6...])) }
    }
}
