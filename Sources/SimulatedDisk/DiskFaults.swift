import Ports

/// What a fault or a count is about.
package enum DiskOperation: Hashable, Sendable {
    case write, sync, read, open, rename, remove, list, truncate
}

/// Faults that wait for their operation.
struct DiskFaults {
    struct Planned {
        let error: DiskError.Reason
        /// So many operations of the kind pass first.
        var after: Int
        /// So many fail.
        var times: Int
    }
    var planned: [DiskOperation: Planned] = [:]
    /// The next write lands so many bytes, then throws.
    var shortWrite: Int?
    /// Bytes that can still be written before the disk is full.
    var spaceLeft: Int64?

    mutating func take(_ operation: DiskOperation) -> DiskError.Reason? {
        guard var fault = planned[operation] else { return nil }
        if fault.after > 0 {
            fault.after -= 1
            planned[operation] = fault
            return nil
        }
        fault.times -= 1
        planned[operation] = fault.times > 0 ? fault : nil
        return fault.error
    }
}
