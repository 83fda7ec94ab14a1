import Vocabulary

/// The header, once it is certain that exactly one whole batch of version 2 is there.
func onlyBatch(_ bytes: RawSpan, produceVersion: Int16) throws(Refusal) -> BatchHeader {
    let header: BatchHeader
    do throws(RecordError) {
        header = try BatchHeader(bytes)
    } catch {
        switch error {
        case .badMagic(let magic) where magic == 0 || magic == 1:
            throw Refusal(
                .invalidRecord,
                "Produce requests with version \(produceVersion) may hold record batches of magic version 2 only"
            )
        case .badMagic(let magic):
            throw Refusal(.corruptMessage, "Invalid magic found in record batch: \(magic)")
        case .badLength(let length):
            throw Refusal(
                .corruptMessage, "Record batch is corrupt: its length, \(length), is less than its header's")
        case .unknownCodec(let id):
            throw Refusal(.unsupportedCompressionType, "Unknown compression type id: \(id)")
        default: throw noBatch(produceVersion)
        }
    }
    guard header.sizeInBytes <= bytes.byteCount else { throw noBatch(produceVersion) }
    guard header.sizeInBytes == bytes.byteCount else {
        throw Refusal(
            .invalidRecord,
            "Produce requests with version \(produceVersion) must have exactly one record batch per partition"
        )
    }
    if header.codec == .zstd && produceVersion < 7 {
        throw Refusal(
            .unsupportedCompressionType,
            "Produce requests with version \(produceVersion) are not allowed to use ZStandard compression")
    }
    return header
}

/// - Throws: when a batch is larger than the topic allows.
func checkSize(_ size: Int, _ rules: ProduceRules) throws(Refusal) {
    guard size <= rules.maxMessageBytes else {
        throw Refusal(
            .messageTooLarge,
            "The record batch size is \(size) bytes which exceeds the maximum configured value of \(rules.maxMessageBytes)"
        )
    }
}

/// - Throws: when the bytes are not those that the producer summed up.
func checkChecksum(_ bytes: RawSpan, _ header: BatchHeader) throws(Refusal) {
    let computed = crc32c(bytes.extracting(BatchHeader.checksummedFrom..<header.sizeInBytes))
    guard computed == header.crc else {
        throw Refusal(
            .corruptMessage,
            "Record batch is corrupt (stored crc = \(header.crc), computed crc = \(computed))")
    }
}

/// What the header alone must satisfy. The base offset is not looked at: whatever the producer wrote there is stamped over.
func checkHeader(_ header: BatchHeader) throws(Refusal) {
    guard !header.isControl else {
        throw Refusal(.invalidRecord, "Clients are not allowed to write control records")
    }
    guard header.lastOffsetDelta >= 0 else {
        throw Refusal(.invalidRecord, "Batch has an invalid offset range: [0, \(header.lastOffsetDelta)]")
    }
    guard header.recordCount > 0 else {
        throw Refusal(.invalidRecord, "Invalid reported count for record batch: \(header.recordCount)")
    }
    guard header.recordCount - 1 == header.lastOffsetDelta else {
        throw Refusal(
            .invalidRecord,
            "Inconsistent batch offset range [0, \(header.lastOffsetDelta)] and count of records \(header.recordCount)"
        )
    }
    if header.codec == .none {
        let room = (header.sizeInBytes - BatchHeader.byteCount) / recordBytesMin
        guard Int(header.recordCount) <= room else { throw Refusal(RecordError.badCount(header.recordCount)) }
    }
    if header.isIdempotent && header.baseSequence < 0 {
        throw Refusal(
            .invalidRecord,
            "Invalid sequence number \(header.baseSequence) in record batch with producerId \(header.producerID)"
        )
    }
    if header.isTransactional && !header.isIdempotent {
        throw Refusal(.invalidRecord, "A transactional batch needs a producer id")
    }
    if header.timestampType == .logAppendTime {
        throw Refusal(
            .invalidTimestamp, "Invalid timestamp type: a producer should not set it to LogAppendTime")
    }
}

private func noBatch(_ produceVersion: Int16) -> Refusal {
    let version = "Produce requests with version \(produceVersion)"
    return Refusal(.invalidRecord, "\(version) must have at least one record batch per partition")
}
