/// Changes that were acknowledged, against what those were told who watched all the time: each change once, none twice.
///
/// A watch that stays tells everything from when it is set until its client's connection ends. A client that was answered at a zxid
/// has been told before of all changes up to there.
package struct WatchedChanges {
    /// One watch, on one connection.
    package struct Span: Sendable {
        package let client: Int
        package let path: String
        package let isRecursive: Bool
        /// Set at this zxid: it tells what comes behind.
        package let from: Int64
        package var told: Set<Told> = []

        package init(client: Int, path: String, isRecursive: Bool, from: Int64) {
            self.client = client
            self.path = path
            self.isRecursive = isRecursive
            self.from = from
        }

        package func covers(_ path: String) -> Bool {
            path == self.path || isRecursive && path.hasPrefix(self.path == "/" ? "/" : self.path + "/")
        }
    }
    package struct Told: Hashable, Sendable {
        package let path: String
        package let zxid: Int64

        package init(path: String, zxid: Int64) {
            self.path = path
            self.zxid = zxid
        }
    }
    private var changes: [Told] = []
    private var spans: [(span: Span, to: Int64)] = []
    /// Nodes that only some may read: others are not told of them.
    package var guarded: Set<String> = []

    package init() {}

    package mutating func changed(_ path: String, zxid: Int64) {
        changes.append(Told(path: path, zxid: zxid))
    }

    /// The watch is over; its client had seen everything up to `to`.
    package mutating func ended(_ span: Span, to: Int64) { spans.append((span, to)) }

    /// - Parameter mayRead: whether the client may read guarded nodes.
    /// - Returns: what is wrong, in words.
    package func check(mayRead: (_ client: Int) -> Bool) -> String? {
        let sorted = changes.sorted { $0.zxid < $1.zxid }
        for (span, to) in spans {
            var at = sorted.partitioningIndex { $0.zxid > span.from }
            while at < sorted.count, sorted[at].zxid <= to {
                let change = sorted[at]
                at += 1
                guard span.covers(change.path), !span.told.contains(change) else { continue }
                if guarded.contains(change.path), !mayRead(span.client) { continue }
                return
                    "client \(span.client) watched \(span.path) from zxid \(span.from) on, was answered at \(to), and not told "
                    + "of \(change.path)'s change at \(change.zxid)"
            }
        }
        return nil
    }
}

extension Array {
    /// The first index for which it is so; it is so for all behind.
    fileprivate func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
