import Vocabulary
import ZooKeeper

/// What all clients of a run know together: what was asked and answered, and the rules that span clients.
package final class Workload {
    package let world: World
    package let options: WorkloadOptions
    package var history = ZnodeHistory()
    package var watched = WatchedChanges()
    package private(set) var counters = WorkloadCounters()
    private var nextValue: Int64 = 1
    /// The highest zxid that any client was told: it is committed, so no later read behind a sync may come from before it.
    private(set) var zxidTold: Int64 = 0

    /// What a node held at a zxid that changed it: the same for everybody.
    private var contents: [Content: (value: Int64?, version: Int32)] = [:]
    private var writes: [Write] = []
    private var sequences: [Write] = []

    private struct Content: Hashable {
        let path: String
        let mzxid: Int64
    }
    /// A number that must rise in real time: a zxid, or a sequential node's.
    private struct Write {
        let number: Int64
        let invoked: Instant
        let returned: Instant
        let client: Int
    }

    package init(world: World, options: WorkloadOptions) {
        self.world = world
        self.options = options
        watched.guarded = Set(options.guardedPaths)
    }

    /// Never the same twice, so that a read tells whose write it saw.
    func takeValue() -> Int64 {
        defer { nextValue += 1 }
        return nextValue
    }

    func told(_ zxid: Int64) { zxidTold = max(zxidTold, zxid) }

    func count(_ what: WritableKeyPath<WorkloadCounters, Int>) { counters[keyPath: what] += 1 }

    // MARK: - What clients report

    func sawContent(_ path: String, _ stat: ZnodeStat, value: Int64?, client: Int) {
        let key = Content(path: path, mzxid: stat.mzxid)
        guard let known = contents[key] else {
            contents[key] = (value, stat.version)
            return
        }
        if known.version != stat.version {
            world.fail(
                "one content per zxid",
                "client \(client) saw \(path) at \(stat.mzxid) with version \(stat.version), others \(known.version)"
            )
        }
        guard let value else { return }
        if let other = known.value, other != value {
            world.fail(
                "one content per zxid",
                "client \(client) saw \(path) at \(stat.mzxid) as \(value), others as \(other)")
        }
        contents[key] = (value, stat.version)
    }

    func wrote(zxid: Int64, invoked: Instant, client: Int) {
        writes.append(Write(number: zxid, invoked: invoked, returned: world.now, client: client))
    }

    func tookSequence(_ number: Int64, invoked: Instant, client: Int) {
        sequences.append(Write(number: number, invoked: invoked, returned: world.now, client: client))
    }

    // MARK: - Rules over all of it

    /// The rules that need the whole history.
    /// - Returns: how many parts of the history were too entangled to decide.
    package func checkAll() -> Int {
        checkRising(writes, "zxids are unique and rise in real time", "zxid")
        checkRising(sequences, "sequential nodes' numbers are unique and rise in real time", "number")
        if let wrong = watched.check(mayRead: ZnodeClient.isOwner) {
            world.fail("each change is told to who watches", wrong)
        }
        let (violation, undecided) = history.check()
        if let violation { world.fail("linearizable", violation) }
        return undecided
    }

    private func checkRising(_ all: [Write], _ rule: String, _ what: String) {
        let sorted = all.sorted { $0.number < $1.number }
        var latest: Write?
        for (index, write) in sorted.enumerated() {
            if index > 0, sorted[index - 1].number == write.number {
                return world.fail(
                    rule,
                    "\(what) \(write.number) was given to clients \(sorted[index - 1].client) and \(write.client)"
                )
            }
            if let latest, write.returned < latest.invoked {
                return world.fail(
                    rule,
                    "client \(latest.client) asked after client \(write.client) was answered with \(write.number), "
                        + "and got \(latest.number)")
            }
            if latest.map({ $0.invoked < write.invoked }) ?? true { latest = write }
        }
    }
}

/// What a run's clients went through.
package struct WorkloadCounters: Equatable, Sendable {
    package var answered = 0
    /// Writes that succeeded.
    package var written = 0
    /// Requests whose connection was lost before an answer.
    package var lost = 0
    package var connects = 0
    package var sessions = 0
    package var expired = 0
    package var events = 0

    package init() {}
}
