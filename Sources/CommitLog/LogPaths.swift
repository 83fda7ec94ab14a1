import Vocabulary

/// Names of a log's files: `orders-0/00000000000000000042.log`.
enum LogPaths {
    static let epochs = "leader-epoch-checkpoint"
    static let metadata = "partition.metadata"
    static let deleted = ".deleted"

    static func file(_ directory: String, _ offset: Offset, _ suffix: String) -> String {
        let digits = String(offset.value)
        return directory + "/" + String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
            + suffix
    }

    /// The offset in a file's name, when the rest of the name is `suffix`.
    static func offset(in name: String, suffix: String) -> Offset? {
        guard name.utf8.count == 20 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        return Int64(name.dropLast(suffix.utf8.count)).flatMap { $0 < 0 ? nil : Offset($0) }
    }
}
