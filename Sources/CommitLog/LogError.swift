package import Ports
package import Vocabulary

/// What a log cannot do, and how far it reaches.
package enum LogError: Error, Equatable, Sendable {
    /// The machine's failure: the whole log directory's matter.
    case disk(DiskError)
    /// Bytes that were there are damaged, with sound ones behind them: the partition goes offline, nothing is cut.
    case corrupted(path: String, offset: Offset, position: Int64, detail: String)
    case offsetOutOfRange(requested: Offset, start: Offset, end: Offset)
    /// The directory belongs to another topic of the same name.
    case inconsistentTopicID(path: String, expected: TopicID, found: TopicID)
    /// A follower's bytes do not fit behind the log's end, or are not sound batches.
    case unfitting(String)
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let error): "\(error)"
        case .corrupted(let path, let offset, let position, let detail):
            "\(path) is damaged at position \(position), offset \(offset): \(detail)"
        case .offsetOutOfRange(let requested, let start, let end):
            "offset \(requested) lies outside of \(start) to \(end)"
        case .inconsistentTopicID(let path, let expected, let found):
            "\(path) belongs to topic id \(found), not \(expected)"
        case .unfitting(let detail): detail
        }
    }
}
