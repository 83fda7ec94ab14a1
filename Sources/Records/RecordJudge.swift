import Vocabulary

/// Looks at each record of a produced batch and remembers those at fault (KIP-467).
struct RecordJudge {
    /// A response with a message for each of a million records would serve nobody.
    static let namedMax = 1000

    let header: BatchHeader
    let rules: ProduceRules
    let now: Timestamp
    /// Of the records, whatever the header says; -1 when none has one.
    private(set) var maxTimestamp = Timestamp.none.milliseconds
    private(set) var badCount = 0
    private var named: [(index: Int32, message: String)] = []
    /// A record out of time decides for the batch, as in Kafka.
    private var code = ErrorCode.invalidRecord

    init(header: BatchHeader, rules: ProduceRules, now: Timestamp) {
        self.header = header
        self.rules = rules
        self.now = now
    }

    /// - Throws: when the payload is not what the header announces.
    mutating func judge(_ payload: RawSpan) throws(RecordError) {
        var index: Int32 = 0
        var latest = Int64.min
        try forEachRecord(in: payload, count: header.recordCount) { record in
            let timestamp = header.timestamp(of: record)
            latest = max(latest, timestamp)
            if record.offsetDelta != index { refuseOffset(index, record.offsetDelta) }
            if rules.isCompacted && record.key == nil { refuseMissingKey(index) }
            if rules.timestampType == .createTime && !rules.isInTime(timestamp, now) {
                refuseTimestamp(index, timestamp)
            }
            index += 1
        }
        maxTimestamp = latest
    }

    /// - Throws: when a record is at fault, for the whole batch: there is no appending half of one.
    func verdict() throws(Refusal) {
        guard badCount > 0 else { return }
        var refusal = Refusal(code, "One or more records have been rejected due to invalid timestamp")
        if code != .invalidTimestamp {
            let first = named.prefix(3).map { "record \($0.index): \($0.message)" }.joined(separator: "; ")
            refusal.message =
                "One or more records have been rejected due to \(badCount) record errors in total, of which the first are: \(first)"
        }
        refusal.badRecords = named
        throw refusal
    }

    private mutating func refuseOffset(_ index: Int32, _ offset: Int32) {
        refuse(
            index, .invalidRecord,
            "Inner record does not have incremental offsets: expected \(index), found \(offset)")
    }

    private mutating func refuseMissingKey(_ index: Int32) {
        refuse(index, .invalidRecord, "Compacted topic cannot accept message without key")
    }

    private mutating func refuseTimestamp(_ index: Int32, _ timestamp: Int64) {
        let (earliest, before) = now.milliseconds.subtractingReportingOverflow(rules.beforeMaxMs)
        let (latest, after) = now.milliseconds.addingReportingOverflow(rules.afterMaxMs)
        refuse(
            index, .invalidTimestamp,
            "Timestamp \(timestamp) of message with offset \(index) is out of range. The timestamp should be within "
                + "[\(before ? Int64.min : earliest), \(after ? Int64.max : latest)]")
    }

    private mutating func refuse(_ index: Int32, _ code: ErrorCode, _ message: @autoclosure () -> String) {
        if code == .invalidTimestamp { self.code = code }
        badCount += 1
        guard named.count < Self.namedMax, named.last?.index != index else { return }
        named.append((index, message()))
    }
}
