package import Ports
package import Vocabulary

extension Log {
    /// Cuts a log that `open` found damaged at a segment's `position`, so that it opens with what is sound before it.
    ///
    /// Only for a log whose records others have too, and will give back. What was cut stays cut after a loss of power.
    /// - Parameter path: the segment's file, as the error named it.
    /// - Returns: how far it can have reached at most, so that one knows what may be missing.
    package static func cutDamage(
        disk: any Disk, topicPartition: TopicPartition, path: String, position: Int64, offset: Offset,
        now: Timestamp
    ) throws(DiskError) -> Offset {
        let directory = topicPartition.description
        let bases = Inventory(try disk.list(directory)).segments.sorted()
        var end = offset
        for base in bases.reversed() {
            let segment = try Segment.open(disk, directory, base, now: now)
            defer { segment.close(disk) }
            if segment.path == path {
                end = max(end, try segment.endMax(disk, behind: position, expected: offset))
                try disk.truncate(segment.log, to: position)
                try disk.sync(.file(segment.log))
                break
            }
            end = max(end, try segment.endMax(disk, behind: -1, expected: base))
            for suffix in [".log", ".index", ".timeindex", ".txnindex"] {
                try disk.remove(LogPaths.file(directory, base, suffix))
            }
        }
        try disk.sync(.directory(directory))
        return end
    }
}
