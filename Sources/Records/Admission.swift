package import Vocabulary

/// What Kafka's broker does to a batch of a produce request before it is appended: everything that can be said of it
/// before its offsets are known. Pure, but that the batch may be patched in place.
///
/// A batch that needs no closer look (uncompressed, for a topic with plain rules) costs its checksum and some compares:
/// its records are walked only where a rule asks for it.
/// - Parameters:
///   - batch: the partition's records of the request, in place.
///   - produceVersion: the request's; 3 or later.
///   - scratch: the codecs' working memory, to be kept from call to call.
package func admit(
    _ batch: UnsafeMutableRawBufferPointer, rules: ProduceRules, produceVersion: Int16, now: Timestamp,
    scratch: CodecScratch? = nil
) -> ProduceVerdict {
    do throws(Refusal) {
        var header = try onlyBatch(batch.bytes, produceVersion: produceVersion)
        try checkSize(header.sizeInBytes, rules)
        try checkChecksum(batch.bytes, header)
        try checkHeader(header)
        let target = rules.targetCodec(for: header)
        if target.codec == header.codec {
            if rules.needsRecords(header, now) {
                try checkRecords(batch, &header, rules, now, scratch ?? CodecScratch())
            }
            if rules.timestampType == .logAppendTime { header.setLogAppendTime(now.milliseconds, in: batch) }
            return .asIs(header)
        }
        return try rebuild(batch.bytes, header, rules, target, now, scratch ?? CodecScratch())
    } catch {
        return .refused(error.code, message: error.message, badRecords: error.badRecords)
    }
}

/// Why a batch is not appended.
struct Refusal: Error {
    var code: ErrorCode
    var message: String
    var badRecords: [(index: Int32, message: String)] = []

    init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What a batch with a valid checksum, but bad records, is answered. Not CORRUPT_MESSAGE: a client would send the
    /// same bytes again.
    init(_ error: RecordError) {
        switch error {
        case .tooLarge(let limit):
            self.init(.messageTooLarge, "The records take more than \(limit) bytes when decompressed")
        case .undecodable(let codec):
            self.init(.invalidRecord, "The records cannot be decompressed with \(codec.name)")
        case .badCount(let count):
            self.init(.invalidRecord, "The batch does not hold the \(count) records that its header reports")
        default:
            self.init(.invalidRecord, "The records are malformed (\(error))")
        }
    }
}

extension ProduceRules {
    /// What the batch is to be compressed with when stored.
    fileprivate func targetCodec(for header: BatchHeader) -> (codec: Codec, level: Int32) {
        switch compression {
        case .producer: (header.codec, 0)
        case .codec(let codec, let level): (codec, level)
        }
    }

    /// Whether the header leaves a question open that only the records answer.
    fileprivate func needsRecords(_ header: BatchHeader, _ now: Timestamp) -> Bool {
        if isCompacted || checks == .all { return true }
        if checks == .compressed && header.codec != .none { return true }
        guard timestampType == .createTime, header.maxTimestamp != Timestamp.none.milliseconds else { return false }
        // The header knows the latest time, but not the earliest: the base is only the first record's.
        return beforeMaxMs != .max || !isInTime(header.maxTimestamp, now)
    }

    /// Whether a record's own timestamp lies within the topic's bounds; none at all does.
    func isInTime(_ timestamp: Int64, _ now: Timestamp) -> Bool {
        if timestamp == Timestamp.none.milliseconds { return true }
        let bound = timestamp > now.milliseconds ? afterMaxMs : beforeMaxMs
        if bound == .max { return true }
        let apart = timestamp > now.milliseconds ? timestamp &- now.milliseconds : now.milliseconds &- timestamp
        // As an unsigned number the distance cannot overflow.
        return UInt64(bitPattern: apart) <= UInt64(max(0, bound))
    }
}

/// The header, once it is certain that exactly one whole batch of version 2 is there.
private func onlyBatch(_ bytes: RawSpan, produceVersion: Int16) throws(Refusal) -> BatchHeader {
    let none = Refusal(
        .invalidRecord, "Produce requests with version \(produceVersion) must have at least one record batch per partition")
    let header: BatchHeader
    do throws(RecordError) {
        header = try BatchHeader(bytes)
    } catch {
        switch error {
        case .badMagic(let magic) where magic == 0 || magic == 1:
            throw Refusal(
                .invalidRecord,
                "Produce requests with version \(produceVersion) may hold record batches of magic version 2 only")
        case .badMagic(let magic): throw Refusal(.corruptMessage, "Invalid magic found in record batch: \(magic)")
        case .badLength(let length):
            throw Refusal(.corruptMessage, "Record batch is corrupt: its length, \(length), is less than its header's")
        case .unknownCodec(let id):
            throw Refusal(.unsupportedCompressionType, "Unknown compression type id: \(id)")
        default: throw none
        }
    }
    guard header.sizeInBytes <= bytes.byteCount else { throw none }
    guard header.sizeInBytes == bytes.byteCount else {
        throw Refusal(
            .invalidRecord,
            "Produce requests with version \(produceVersion) must have exactly one record batch per partition")
    }
    if header.codec == .zstd && produceVersion < 7 {
        throw Refusal(
            .unsupportedCompressionType,
            "Produce requests with version \(produceVersion) are not allowed to use ZStandard compression")
    }
    return header
}

private func checkSize(_ size: Int, _ rules: ProduceRules) throws(Refusal) {
    guard size <= rules.maxMessageBytes else {
        throw Refusal(
            .messageTooLarge,
            "The record batch size is \(size) bytes which exceeds the maximum configured value of \(rules.maxMessageBytes)")
    }
}

private func checkChecksum(_ bytes: RawSpan, _ header: BatchHeader) throws(Refusal) {
    let computed = crc32c(bytes.extracting(BatchHeader.checksummedFrom..<header.sizeInBytes))
    guard computed == header.crc else {
        throw Refusal(.corruptMessage, "Record batch is corrupt (stored crc = \(header.crc), computed crc = \(computed))")
    }
}

/// What the header alone must satisfy.
private func checkHeader(_ header: BatchHeader) throws(Refusal) {
    guard header.baseOffset == 0 else {
        throw Refusal(.invalidRecord, "The base offset of a produced batch must be 0, but it is \(header.baseOffset)")
    }
    guard !header.isControl else { throw Refusal(.invalidRecord, "Clients are not allowed to write control records") }
    guard header.lastOffsetDelta >= 0 else {
        throw Refusal(.invalidRecord, "Batch has an invalid offset range: [0, \(header.lastOffsetDelta)]")
    }
    guard header.recordCount > 0 else {
        throw Refusal(.invalidRecord, "Invalid reported count for record batch: \(header.recordCount)")
    }
    guard header.recordCount - 1 == header.lastOffsetDelta else {
        throw Refusal(
            .invalidRecord,
            "Inconsistent batch offset range [0, \(header.lastOffsetDelta)] and count of records \(header.recordCount)")
    }
    if header.codec == .none {
        let room = (header.sizeInBytes - BatchHeader.byteCount) / recordBytesMin
        guard Int(header.recordCount) <= room else { throw Refusal(RecordError.badCount(header.recordCount)) }
    }
    if header.isIdempotent && header.baseSequence < 0 {
        throw Refusal(
            .invalidRecord,
            "Invalid sequence number \(header.baseSequence) in record batch with producerId \(header.producerID)")
    }
    if header.isTransactional && !header.isIdempotent {
        throw Refusal(.invalidRecord, "A transactional batch needs a producer id")
    }
    if header.timestampType == .logAppendTime {
        throw Refusal(.invalidTimestamp, "Invalid timestamp type: a producer should not set it to LogAppendTime")
    }
}

/// Walks the records of a batch that stays in its codec, and sets its maximum timestamp right if need be.
private func checkRecords(
    _ batch: UnsafeMutableRawBufferPointer, _ header: inout BatchHeader, _ rules: ProduceRules, _ now: Timestamp,
    _ scratch: CodecScratch
) throws(Refusal) {
    var judge = RecordJudge(header: header, rules: rules, now: now)
    do throws(RecordError) {
        try withPayload(of: batch.bytes, header: header, limit: rules.decompressedBytesMax, scratch: scratch) {
            payload throws(RecordError) in try judge.judge(payload)
        }
    } catch {
        throw Refusal(error)
    }
    try judge.verdict()
    if judge.maxTimestamp != header.maxTimestamp && rules.timestampType == .createTime {
        header.setMaxTimestamp(judge.maxTimestamp, in: batch)
    }
}

/// Makes the batch anew in the topic's codec. The records' bytes stay as they are: they carry offsets and timestamps
/// relative to the header.
private func rebuild(
    _ bytes: RawSpan, _ source: BatchHeader, _ rules: ProduceRules, _ target: (codec: Codec, level: Int32),
    _ now: Timestamp, _ scratch: CodecScratch
) throws(Refusal) -> ProduceVerdict {
    var header = source
    var judge = RecordJudge(header: source, rules: rules, now: now)
    let batch: [UInt8]
    do throws(RecordError) {
        batch = try withPayload(of: bytes, header: source, limit: rules.decompressedBytesMax, scratch: scratch) {
            payload throws(RecordError) in
            try judge.judge(payload)
            guard judge.badCount == 0 else { return [] }
            header.attributes = source.attributes & ~7 | Int16(target.codec.rawValue)
            header.maxTimestamp = judge.maxTimestamp
            if rules.timestampType == .logAppendTime {
                header.attributes |= 0x08
                header.maxTimestamp = now.milliseconds
            }
            return payload.withUnsafeBytes { records in
                makeBatch(&header, payload: records, level: target.level, scratch: scratch)
            }
        }
    } catch {
        throw Refusal(error)
    }
    try judge.verdict()
    try checkSize(batch.count, rules)
    return .rebuilt(batch, header)
}
