import Client
import Glibc
import Records
import Vocabulary

/// Records made once and sent many times: before each sending only a few fields are set and the checksum summed up,
/// so that the load costs this program little and the broker all of it.
struct BatchTemplate {
    private let keys: [[UInt8]?]
    private var values: [[UInt8]]
    private let codec: Codec
    private let stampsTimes: Bool
    /// The uncompressed batch of all records.
    private var whole: [UInt8]
    /// Where each record ends and where its value begins, in `whole`.
    private var ends: [Int] = []
    private var valueStarts: [Int] = []
    private var compressed: [Int: [UInt8]] = [:]
    private var scratch: BatchBuilder
    /// Of the records of `whole`, which never change unless times are stamped: only the header is summed up anew.
    private let recordsChecksum: UInt32
    private let shift: ChecksumShift

    var recordCount: Int { values.count }

    /// - Parameter key: makes a record's key.
    init(_ plan: ProducePlan, using chance: inout SeededGenerator, key: (inout SeededGenerator) -> [UInt8]?) {
        codec = plan.codec
        stampsTimes = plan.stampsTimes
        var builder = BatchBuilder(codec: .none, capacity: plan.batchBytes)
        var keys: [[UInt8]?] = []
        var values: [[UInt8]] = []
        repeat {
            keys.append(key(&chance))
            values.append(plan.payload.fill(plan.recordSize, using: &chance))
            builder.append(timestamp: 0, key: keys.last!, value: values.last!)
            let next = builder.sizeIncrease(timestamp: 0, key: keys.last!, value: values.last!)
            if builder.sizeInBytes + next > plan.batchBytes { break }
        } while true
        self.keys = keys
        self.values = values
        let bytes = builder.finish()
        whole = bytes
        scratch = BatchBuilder(codec: plan.codec)
        recordsChecksum = crc32c(bytes.span.bytes.extracting(BatchHeader.byteCount..<bytes.count))
        shift = ChecksumShift(byteCount: bytes.count - BatchHeader.byteCount)
        let payload = bytes.span.bytes.extracting(BatchHeader.byteCount..<bytes.count)
        var at = 0
        for _ in keys.indices {
            guard let record = try? readRecord(payload, &at) else {
                invariantFailed("a batch of ours is unreadable")
            }
            ends.append(BatchHeader.byteCount + at)
            valueStarts.append(BatchHeader.byteCount + (record.value?.lowerBound ?? 0))
        }
    }

    /// How many of `wanted` records the next batch takes: compressed batches come in few sizes, to be made once.
    func fitting(_ wanted: Int) -> Int {
        let count = min(wanted, recordCount)
        guard codec != .none, !stampsTimes else { return count }
        let step = max(1, recordCount / 32)
        return count < step ? count : count / step * step
    }

    struct Marks {
        var time: Timestamp
        var producerID: Int64 = -1
        var producerEpoch: Int16 = -1
        var sequence: Int32 = -1
    }

    /// A batch of the first `count` records.
    /// - Parameter due: when each was due, for templates that stamp times.
    mutating func batch(_ count: Int, _ marks: Marks, due: (Int) -> Instant) -> [UInt8] {
        if codec == .none { return plain(count, marks, due: due) }
        var batch: [UInt8]
        if !stampsTimes, let known = compressed[count] {
            batch = known
        } else {
            batch = pack(count, due: due)
            if !stampsTimes { compressed[count] = batch }
        }
        BatchPatch.write(&batch) { Self.mark($0, marks) }
        return batch
    }

    private mutating func plain(_ count: Int, _ marks: Marks, due: (Int) -> Instant) -> [UInt8] {
        if stampsTimes {
            whole.withUnsafeMutableBytes { out in
                for index in 0..<count {
                    out.storeBytes(
                        of: due(index).nanoseconds.bigEndian, toByteOffset: valueStarts[index], as: Int64.self
                    )
                }
            }
        }
        if count == recordCount, !stampsTimes {
            whole.withUnsafeMutableBytes { out in
                Self.mark(out, marks)
                let header = UnsafeRawBufferPointer(
                    rebasing: out[BatchHeader.checksummedFrom..<BatchHeader.byteCount])
                let crc = shift.join(crc32c(header), recordsChecksum)
                out.storeBytes(of: crc.bigEndian, toByteOffset: 17, as: UInt32.self)
            }
            return whole
        }
        if count == recordCount {
            BatchPatch.write(&whole) { Self.mark($0, marks) }
            return whole
        }
        var part = Array(whole[..<ends[count - 1]])
        BatchPatch.write(&part) { out in
            out.storeBytes(
                of: Int32(out.count - BatchHeader.lengthEnd).bigEndian, toByteOffset: 8, as: Int32.self)
            out.storeBytes(of: Int32(count - 1).bigEndian, toByteOffset: 23, as: Int32.self)
            out.storeBytes(of: Int32(count).bigEndian, toByteOffset: 57, as: Int32.self)
            Self.mark(out, marks)
        }
        return part
    }

    private mutating func pack(_ count: Int, due: (Int) -> Instant) -> [UInt8] {
        for index in 0..<count {
            if stampsTimes {
                values[index].withUnsafeMutableBytes {
                    $0.storeBytes(of: due(index).nanoseconds.bigEndian, as: Int64.self)
                }
            }
            scratch.append(timestamp: 0, key: keys[index], value: values[index])
        }
        return scratch.finish()
    }

    private static func mark(_ out: UnsafeMutableRawBufferPointer, _ marks: Marks) {
        out.storeBytes(of: marks.time.milliseconds.bigEndian, toByteOffset: 27, as: Int64.self)
        out.storeBytes(of: marks.time.milliseconds.bigEndian, toByteOffset: 35, as: Int64.self)
        out.storeBytes(of: marks.producerID.bigEndian, toByteOffset: 43, as: Int64.self)
        out.storeBytes(of: marks.producerEpoch.bigEndian, toByteOffset: 51, as: Int16.self)
        out.storeBytes(of: marks.sequence.bigEndian, toByteOffset: 53, as: Int32.self)
    }
}

/// What every producer of a run does.
struct ProducePlan {
    let topics: [String]
    let payload: PayloadKind
    var recordSize = 1024
    var acks: Int16 = -1
    var isIdempotent = false
    var batchBytes = 256 * 1024
    var lingerMs: Int64 = 5
    var inFlightMax = 5
    var codec = Codec.none
    var keys = 0
    var stampsTimes = false
    /// Of one producer; nil: as many as possible.
    var recordsPerSecond: Double?

    init(topics: [String], payload: PayloadKind) {
        self.topics = topics
        self.payload = payload
    }

    var keyBytes: Int { keys > 0 ? Self.keyDigits : 0 }
    /// Keys and values: what rates and results count.
    var bytesPerRecord: Int { recordSize + keyBytes }
    static let keyDigits = 12

    /// `key-00000042`.
    static func key(_ number: Int) -> [UInt8] {
        let digits = String(number)
        return Array(("key-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits).utf8)
    }
}
