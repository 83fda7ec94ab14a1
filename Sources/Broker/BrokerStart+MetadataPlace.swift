import CommitLog
import Ports
import Vocabulary

extension BrokerStart {
    /// Whether the metadata log of a lone broker can be where it must be, in the first directory. Looks only.
    ///
    /// With `log.dirs` in another order, or after the loss of its first disk, a start would make a new metadata log, find no
    /// topic in it, and set the partitions of all aside as nobody's.
    /// - Throws: when another directory has the metadata log, or none has it and there are partitions.
    static func checkMetadataPlace(_ disks: [any Disk]) throws(StartError) {
        let log = QuorumLog.topicPartition.description
        // One that cannot be read is refused when it is opened.
        guard let first = disks.first, let entries = try? first.list(""), !entries.contains(where: { $0.name == log })
        else { return }
        for disk in disks.dropFirst() where disk.exists(log) {
            throw StartError(
                "The metadata log, \(log), is in \(disk.name) and not in \(first.name), the first of log.dirs: "
                    + "name \(disk.name) first, as before.")
        }
        for disk in disks {
            guard let partition = try? LogDirectory.partitions(on: disk).first else { continue }
            throw StartError(
                "\(first.name), the first of log.dirs, has no metadata log, \(log), but \(disk.name) holds partitions, "
                    + "\(partition) for one: bring the metadata log back, or begin with directories that hold none.")
        }
    }
}
