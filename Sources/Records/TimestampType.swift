/// Whose clock the records' timestamps come from: bit 3 of a batch's attributes.
package enum TimestampType: Sendable {
    /// The producer's; each record has its own.
    case createTime
    /// The broker's at append: every record has the batch's maximum timestamp, whatever its delta says (KIP-32).
    case logAppendTime

    /// Kafka's spelling, as in `message.timestamp.type`.
    package var name: String { self == .createTime ? "CreateTime" : "LogAppendTime" }

    package init?(name: String) {
        switch name {
        case "CreateTime": self = .createTime
        case "LogAppendTime": self = .logAppendTime
        default: return nil
        }
    }
}
