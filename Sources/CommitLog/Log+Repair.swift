package import Ports
package import Vocabulary

extension Log {
    /// A place in a segment's file where `open` found damage, as its error tells it.
    package struct Damage {
        package let path: String
        package let position: Int64
        package let offset: Offset

        package init(path: String, position: Int64, offset: Offset) {
            self.path = path
            self.position = position
            self.offset = offset
        }
    }

    /// How far a damaged log can have reached at most, so that one knows what may be missing once it is cut.
    package static func endMax(
        disk: any Disk, topicPartition: TopicPartition, behind damage: Damage, now: Timestamp
    ) throws(DiskError) -> Offset {
        var end = damage.offset
        for base in try segmentBases(disk, topicPartition).reversed() {
            let segment = try Segment.open(disk, topicPartition.description, base, now: now)
            defer { segment.close(disk) }
            if segment.path == damage.path {
                return max(end, try segment.endMax(disk, behind: damage.position, expected: damage.offset))
            }
            end = max(end, try segment.endMax(disk, behind: -1, expected: base))
        }
        return end
    }

    /// Cuts a log that `open` found damaged, so that it opens with what is sound before it.
    ///
    /// Only for a log whose records others have too, and will give back: what it may lack must be written down before. What was cut
    /// stays cut after a loss of power.
    package static func cut(
        disk: any Disk, topicPartition: TopicPartition, at damage: Damage, now: Timestamp
    ) throws(DiskError) {
        let directory = topicPartition.description
        for base in try segmentBases(disk, topicPartition).reversed() {
            let segment = try Segment.open(disk, directory, base, now: now)
            defer { segment.close(disk) }
            if segment.path == damage.path {
                try disk.truncate(segment.log, to: damage.position)
                try disk.sync(.file(segment.log))
                break
            }
            for suffix in [".log", ".index", ".timeindex", ".txnindex"] {
                try disk.remove(LogPaths.file(directory, base, suffix))
            }
        }
        try disk.sync(.directory(directory))
    }

    private static func segmentBases(_ disk: any Disk, _ topicPartition: TopicPartition) throws(DiskError)
        -> [Offset]
    {
        Inventory(try disk.list(topicPartition.description)).segments.sorted()
    }
}
