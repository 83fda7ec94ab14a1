import Vocabulary

extension ProduceRules {
    /// What the batch is to be compressed with when stored.
    func targetCodec(for header: BatchHeader) -> (codec: Codec, level: Int32) {
        switch compression {
        case .producer: (header.codec, 0)
        case .codec(let codec, let level): (codec, level)
        }
    }

    /// Whether the header leaves a question open that only the records answer.
    func needsRecords(_ header: BatchHeader, _ now: Timestamp) -> Bool {
        if isCompacted || checks == .all { return true }
        if checks == .compressed && header.codec != .none { return true }
        guard timestampType == .createTime, header.maxTimestamp != Timestamp.none.milliseconds else {
            return false
        }
        // The header knows the latest time, but not the earliest: the base is only the first record's.
        return beforeMaxMs != .max || !isInTime(header.maxTimestamp, now)
    }

    /// Whether a record's own timestamp lies within the topic's bounds; none at all does.
    func isInTime(_ timestamp: Int64, _ now: Timestamp) -> Bool {
        if timestamp == Timestamp.none.milliseconds { return true }
        let bound = timestamp > now.milliseconds ? afterMaxMs : beforeMaxMs
        if bound == .max { return true }
        let apart =
            timestamp > now.milliseconds ? timestamp &- now.milliseconds : now.milliseconds &- timestamp
        // As an unsigned number the distance cannot overflow.
        return UInt64(bitPattern: apart) <= UInt64(max(0, bound))
    }
}
