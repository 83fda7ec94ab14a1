package import Ports
package import Vocabulary

extension LogDirectory {
    private static let deletedSuffix = "-delete"
    private static let straySuffix = "-stray"
    /// Bytes kept free in a name for telling strays apart.
    private static let numberRoom = 8

    /// The partitions that have a directory here, sorted.
    package func partitions() throws(DiskError) -> [TopicPartition] { try Self.partitions(on: disk) }

    /// The same of a directory that is not opened.
    package static func partitions(on disk: any Disk) throws(DiskError) -> [TopicPartition] {
        try disk.list("").filter(\.isDirectory).compactMap { partition(named: $0.name) }.sorted()
    }

    /// `orders-0` is partition 0 of `orders`; names of deleted and stray directories are none.
    static func partition(named name: String) -> TopicPartition? {
        guard let dash = name.utf8.lastIndex(of: UInt8(ascii: "-")), dash != name.startIndex else {
            return nil
        }
        let digits = name[name.index(after: dash)...]
        guard let first = digits.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9"),
            let partition = Int32(digits), String(partition) == digits
        else { return nil }
        return TopicPartition(topic: String(name[..<dash]), partition: partition)
    }

    /// The topic id in `partition.metadata`; nil when it is missing or damaged.
    package func topicID(of partition: TopicPartition) throws(DiskError) -> TopicID? {
        try disk.readWhole("\(partition)/\(LogPaths.metadata)").flatMap(PartitionMetadata.decode)
    }

    /// Renames a partition's directory out of the way, to be removed later. Slices of its log stay readable until
    /// then.
    /// - Returns: the new name.
    package func markDeleted(_ partition: TopicPartition, topicID: TopicID) throws(DiskError) -> String {
        try setAside(partition, topicID, Self.deletedSuffix)
    }

    /// Sets a directory aside that belongs to no topic known to the cluster. It is never deleted by us: what the
    /// metadata lacks may still be someone's data.
    package func markStray(_ partition: TopicPartition, topicID: TopicID) throws(DiskError) {
        _ = try setAside(partition, topicID, Self.straySuffix)
    }

    /// Kafka's form: `orders-0.<32 hex digits>-delete`, cut so that it is a file name still.
    private func setAside(
        _ partition: TopicPartition, _ topicID: TopicID, _ suffix: String
    ) throws(DiskError) -> String {
        let ending = ".\(Self.hex(topicID.high))\(Self.hex(topicID.low))\(suffix)"
        var name = "\(partition)"
        let excess = name.utf8.count + ending.utf8.count + Self.numberRoom - 255
        if excess > 0 { name = "\(partition.topic.dropLast(excess))-\(partition.partition)" }
        if suffix == Self.straySuffix {
            name = freeName(name, ending)
        } else if disk.exists(name + ending) {
            try disk.removeDirectory(name + ending)
        }
        try disk.rename("\(partition)", to: name + ending)
        // A deletion that a power loss undoes is done again at the next start, by the metadata: ten thousand need not wait.
        if suffix == Self.straySuffix { try disk.sync(.directory("")) }
        return name + ending
    }

    /// What was set aside before is kept too: `orders-0.2.<32 hex digits>-stray`.
    private func freeName(_ name: String, _ ending: String) -> String {
        if !disk.exists(name + ending) { return name }
        var number = 2
        while disk.exists("\(name).\(number)\(ending)") { number += 1 }
        return "\(name).\(number)"
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The directories of deleted partitions, to be removed.
    package func leftovers() throws(DiskError) -> [String] {
        try disk.list("").filter { $0.isDirectory && $0.name.hasSuffix(Self.deletedSuffix) }.map(\.name)
    }
}
