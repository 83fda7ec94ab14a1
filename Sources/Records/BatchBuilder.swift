import Vocabulary

/// Makes batches, one after the other, from records in order.
///
/// Holds the encoded records of the batch at hand; `finish` compresses them, seals the batch, and leaves the builder
/// empty, its memory kept, for the next one.
package struct BatchBuilder: Sendable {
    /// A record's header: key and value, which may be null.
    package typealias Header = (key: [UInt8], value: [UInt8]?)

    package var codec: Codec
    package var level: Int32
    /// Under `logAppendTime` the batch gets `logAppendTime` as its maximum timestamp.
    package var timestampType: TimestampType = .createTime
    package var logAppendTime: Int64 = -1
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1
    package var baseSequence: Int32 = -1
    package var leaderEpoch: Int32 = -1
    package var isTransactional = false
    package var isControl = false

    package private(set) var recordCount: Int32 = 0
    package private(set) var baseTimestamp: Int64 = -1
    package private(set) var maxTimestamp: Int64 = -1

    /// Room for the header, then the records, then spare bytes from `used` on.
    private var buffer: [UInt8]
    private var used = BatchHeader.byteCount

    /// - Parameter level: the codec's default when nil.
    package init(codec: Codec = .none, level: Int32? = nil, capacity: Int = 1024) {
        self.codec = codec
        self.level = level ?? codec.defaultLevel
        buffer = [UInt8](repeating: 0, count: max(capacity, BatchHeader.byteCount))
    }

    package var isEmpty: Bool { recordCount == 0 }
    /// The batch's size were it finished now, without compression; with it, most likely more than it will be.
    package var sizeInBytes: Int { used }

    /// By how much a record would make the batch larger, without compression.
    package func sizeIncrease(
        timestamp: Int64, key: [UInt8]?, value: [UInt8]?, headers: [Header] = []
    ) -> Int {
        let body = bodySize(timestamp: timestamp, key: key?.count, value: value?.count, headers: headers)
        return varintSize(Int64(body)) + body
    }

    package mutating func append(timestamp: Int64, key: [UInt8]?, value: [UInt8]?, headers: [Header] = []) {
        withOptionalBytes(key) { key in
            withOptionalBytes(value) { value in
                append(timestamp: timestamp, key: key, value: value, headers: headers)
            }
        }
    }

    /// The same from raw memory.
    package mutating func append(
        timestamp: Int64, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [Header] = []
    ) {
        if isEmpty {
            baseTimestamp = timestamp
            maxTimestamp = timestamp
        }
        let body = bodySize(timestamp: timestamp, key: key?.count, value: value?.count, headers: headers)
        let size = varintSize(Int64(body)) + body
        invariant(used + size <= Int(Int32.max), "a batch of \(used) bytes cannot take a record of \(size)")
        invariant(recordCount < .max, "a batch holds at most 2^31 - 1 records")
        if used + size > buffer.count { grow(to: max(used + size, 2 * buffer.count)) }
        var at = used
        let delta = timestamp &- baseTimestamp
        let index = Int64(recordCount)
        buffer.withUnsafeMutableBytes { out in
            storeVarint(Int64(body), out, &at)
            out[at] = 0  // Attributes: none are in use.
            at += 1
            storeVarint(delta, out, &at)
            storeVarint(index, out, &at)
            storeField(key, out, &at)
            storeField(value, out, &at)
            storeVarint(Int64(headers.count), out, &at)
            for header in headers {
                header.key.withUnsafeBytes { storeField($0, out, &at) }
                withOptionalBytes(header.value) { storeField($0, out, &at) }
            }
        }
        invariant(at == used + size, "a record took \(at - used) bytes instead of \(size)")
        used = at
        maxTimestamp = max(maxTimestamp, timestamp)
        recordCount += 1
    }

    /// Seals the batch and leaves the builder empty for the next; codec and producer's fields stay as they are.
    ///
    /// - Parameter scratch: a codec's working memory, to be kept from batch to batch where many are made.
    package mutating func finish(baseOffset: Int64 = 0, scratch: CodecScratch? = nil) -> [UInt8] {
        invariant(!isEmpty, "a batch needs a record")
        var header = BatchHeader(
            attributes: attributes, recordCount: recordCount, baseOffset: baseOffset,
            leaderEpoch: leaderEpoch,
            baseTimestamp: baseTimestamp,
            maxTimestamp: timestampType == .logAppendTime ? logAppendTime : maxTimestamp,
            producerID: producerID, producerEpoch: producerEpoch, baseSequence: baseSequence)
        let batch = buffer.withUnsafeBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes[BatchHeader.byteCount..<used])
            return makeBatch(&header, payload: payload, level: level, scratch: scratch ?? CodecScratch())
        }
        removeAll()
        return batch
    }

    /// Forgets the records at hand.
    package mutating func removeAll() {
        used = BatchHeader.byteCount
        recordCount = 0
    }

    private mutating func grow(to count: Int) {
        var larger = [UInt8](repeating: 0, count: count)
        larger.withUnsafeMutableBytes { larger in
            buffer.withUnsafeBytes { larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<used])) }
        }
        buffer = larger
    }

    private var attributes: Int16 {
        Int16(codec.rawValue) | (timestampType == .logAppendTime ? 0x08 : 0) | (isTransactional ? 0x10 : 0)
            | (isControl ? 0x20 : 0)
    }

    /// A record's bytes behind its length.
    private func bodySize(timestamp: Int64, key: Int?, value: Int?, headers: [Header]) -> Int {
        let delta = isEmpty ? 0 : timestamp &- baseTimestamp
        var size = 1 + varintSize(delta) + varintSize(Int64(recordCount)) + varintSize(Int64(headers.count))
        size += fieldSize(key) + fieldSize(value)
        for header in headers { size += fieldSize(header.key.count) + fieldSize(header.value?.count) }
        return size
    }
}

/// Header and records as one sealed batch, the records compressed as the header's attributes say.
func makeBatch(
    _ header: inout BatchHeader, payload: UnsafeRawBufferPointer, level: Int32, scratch: CodecScratch
) -> [UInt8] {
    let capacity = BatchHeader.byteCount + CodecScratch.compressedBytesMax(header.codec, payload.count)
    return [UInt8](unsafeUninitializedCapacity: capacity) { bytes, count in
        let out = UnsafeMutableRawBufferPointer(bytes)
        let place = UnsafeMutableRawBufferPointer(rebasing: out[BatchHeader.byteCount...])
        count = BatchHeader.byteCount + scratch.compress(payload, header.codec, level: level, into: place)
        header.seal(UnsafeMutableRawBufferPointer(rebasing: out[..<count]))
    }
}

private func withOptionalBytes<R>(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
    if let bytes { bytes.withUnsafeBytes { body($0) } } else { body(nil) }
}

private func fieldSize(_ count: Int?) -> Int { varintSize(Int64(count ?? -1)) + (count ?? 0) }

private func varintSize(_ value: Int64) -> Int {
    let raw = zigzag(value)
    return raw == 0 ? 1 : (70 - raw.leadingZeroBitCount) / 7
}

@inline(__always)
private func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }

private func storeVarint(_ value: Int64, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    var raw = zigzag(value)
    while raw >= 0x80 {
        out[at] = UInt8(truncatingIfNeeded: raw) | 0x80
        raw >>= 7
        at += 1
    }
    out[at] = UInt8(truncatingIfNeeded: raw)
    at += 1
}

private func storeField(
    _ field: UnsafeRawBufferPointer?, _ out: UnsafeMutableRawBufferPointer, _ at: inout Int
) {
    guard let field else { return storeVarint(-1, out, &at) }
    storeVarint(Int64(field.count), out, &at)
    UnsafeMutableRawBufferPointer(rebasing: out[at..<at + field.count]).copyMemory(from: field)
    at += field.count
}
