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

/// Walks the records of a batch that stays in its codec, and sets its maximum timestamp right if need be.
private func checkRecords(
    _ batch: UnsafeMutableRawBufferPointer, _ header: inout BatchHeader, _ rules: ProduceRules,
    _ now: Timestamp, _ scratch: CodecScratch
) throws(Refusal) {
    var judge = RecordJudge(header: header, rules: rules, now: now)
    do throws(RecordError) {
        let limit = rules.decompressedBytesMax
        try withPayload(of: batch.bytes, header: header, limit: limit, scratch: scratch) {
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
    // What is stored uncompressed needs no more room than a batch may have.
    let limit =
        target.codec == .none
        ? min(rules.decompressedBytesMax, max(0, rules.maxMessageBytes - BatchHeader.byteCount))
        : rules.decompressedBytesMax
    var header = source
    var judge = RecordJudge(header: source, rules: rules, now: now)
    let batch: [UInt8]
    do throws(RecordError) {
        batch = try withPayload(of: bytes, header: source, limit: limit, scratch: scratch) {
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
