/// What a quota allows, as clients write it in `zookeeper_limits`: `count=5,bytes=10=;byteHardLimit=20;countHardLimit=6`.
package struct ZnodeLimits: Hashable, Sendable {
    /// Soft: going beyond is reported, not refused. Nil for no limit.
    package var count: Int64?
    package var bytes: Int64?
    /// Refused beyond.
    package var countHard: Int64?
    package var bytesHard: Int64?

    /// What cannot be understood limits nothing: whoever may write the node may also write nonsense.
    init(_ data: [UInt8]?) {
        let pairs = String(decoding: data ?? [], as: UTF8.self).split { $0 == "," || $0 == ";" }
        for pair in pairs {
            let parts = pair.split(separator: "=")
            guard parts.count == 2, let value = Int64(parts[1]), value >= 0 else { continue }
            switch parts[0] {
            case "count": count = value
            case "bytes": bytes = value
            case "countHardLimit": countHard = value
            case "byteHardLimit": bytesHard = value
            default: continue
            }
        }
    }
}

/// A quota, and how much of it is used.
package struct ZnodeQuota: Hashable, Sendable {
    /// Of the node that it bounds with all below.
    package let path: String
    package let limits: ZnodeLimits
    package let usage: ZnodeUsage

    /// Beyond a limit, hard or soft.
    package var isExceeded: Bool {
        let isOver = { (limit: Int64?, used: Int64) in limit.map { used > $0 } ?? false }
        return isOver(limits.count, usage.nodes) || isOver(limits.countHard, usage.nodes)
            || isOver(limits.bytes, usage.bytes) || isOver(limits.bytesHard, usage.bytes)
    }
}
