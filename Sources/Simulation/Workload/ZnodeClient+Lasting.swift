import Vocabulary
import ZooKeeper

/// Watches that stay.
extension ZnodeClient {
    func addLastingWatch() {
        let isRecursive = world.workload.once(in: 2)
        let path =
            isRecursive
            ? WorkloadOptions.root : workload.options.shared.randomElement(using: &world.workload)!
        request(
            .addWatch(WatchRequest(path: path, mode: isRecursive ? .persistentRecursive : .persistent)),
            .addWatch(path: path, isRecursive: isRecursive))
    }

    func addedWatch(_ path: String, isRecursive: Bool, zxid: Int64) {
        if isRecursive { watches.recursive.insert(path) } else { watches.persistent.insert(path) }
        if spans.contains(where: { $0.path == path && $0.isRecursive == isRecursive }) { return }
        spans.append(.init(client: number, path: path, isRecursive: isRecursive, from: zxid))
    }

    /// They stand again, on a new connection.
    func rearmedWatches(zxid: Int64) {
        for path in watches.persistent.sorted() { addedWatch(path, isRecursive: false, zxid: zxid) }
        for path in watches.recursive.sorted() { addedWatch(path, isRecursive: true, zxid: zxid) }
    }

    /// - Returns: whether a watch that stays is for this event.
    func tellLasting(_ event: WatcherEvent, zxid: Int64) -> Bool {
        let isOfChildren = event.kind == .nodeChildrenChanged
        var isMeant = false
        for index in spans.indices where spans[index].covers(event.path) {
            // Children that come and go are events of their own to one who watches all below.
            if isOfChildren, spans[index].isRecursive { continue }
            isMeant = true
            guard zxid > 0, !isOfChildren else { continue }
            if !spans[index].told.insert(.init(path: event.path, zxid: zxid)).inserted {
                world.fail(
                    "a change is told once",
                    "client \(number) was told twice of \(event.path)'s change at \(zxid)")
            }
        }
        return isMeant
    }

    /// What a read shows was told before.
    func checkTold(_ path: String, _ stat: ZnodeStat) {
        let told = WatchedChanges.Told(path: path, zxid: stat.mzxid)
        for span in spans where span.covers(path) && stat.mzxid > span.from && !span.told.contains(told) {
            world.fail(
                "the event comes before the new data",
                "client \(number) watches \(span.path), and read \(path) of zxid \(stat.mzxid) without having been told"
            )
        }
    }

    func endSpans() {
        for span in spans { workload.watched.ended(span, to: lastZxid) }
        spans = []
    }
}
