package import Ports
package import Vocabulary

extension Log {
    /// Cuts a log that `open` found damaged at a segment's `position`, so that it opens with what is sound before it.
    ///
    /// Only for a log whose records others have too, and will give back. What was cut stays cut after a loss of power.
    /// - Parameter path: the segment's file, as the error named it.
    /// - Returns: where the sound batches behind the damage end, so that one knows what is missing; nil when there are none.
    package static func cutDamage(
        disk: any Disk, topicPartition: TopicPartition, path: String, position: Int64, offset: Offset,
        now: Timestamp
    ) throws(DiskError) -> Offset? {
        let directory = topicPartition.description
        let bases = Inventory(try disk.list(directory)).segments.sorted()
        var end: Offset?
        for base in bases.reversed() {
            let segment = try Segment.open(disk, directory, base, now: now)
            defer { segment.close(disk) }
            if segment.path == path {
                let behind = try segment.soundBatches(disk, behind: position, expected: offset)
                end = [end, behind.last?.end].compactMap { $0 }.max()
                try disk.truncate(segment.log, to: position)
                try disk.sync(.file(segment.log))
                break
            }
            let sound = try segment.soundBatches(disk, behind: -1, expected: base)
            end = [end, sound.last?.end].compactMap { $0 }.max()
            for suffix in [".log", ".index", ".timeindex", ".txnindex"] {
                try disk.remove(LogPaths.file(directory, base, suffix))
            }
        }
        try disk.sync(.directory(directory))
        return end
    }
}
