package import Ports
import Vocabulary

/// Makes files of one disk durable, off the loops: a few threads, each blocked in one sync at a time.
///
/// *Group commit*: while a target is being synced, all who ask for it meanwhile wait for one next sync
/// together. Syncs of different targets run at the same time, since the file system's journal merges them
/// (measured: 400 syncs a second by one thread, 7,000 by sixteen); when hundreds of targets wait, one
/// `syncfs` serves them all. The owner tells the caller what became durable; after a failure everything
/// fails, for good.
package final class SyncPool<Owner: Sendable>: Sendable {
    package typealias Done = @Sendable (_ owner: Owner, _ error: DiskError?) -> Void

    private final class Job {
        let owner: Owner
        let done: Done
        var remaining: Int
        var error: DiskError?
        init(owner: Owner, remaining: Int, done: @escaping Done) {
            self.owner = owner
            self.remaining = remaining
            self.done = done
        }
    }

    /// `queued` → `running` → gone, or `queued` again when someone asked while it ran.
    private struct Target {
        var waiting: [Job] = []
        var isRunning = false
    }

    private struct State {
        var targets: [SyncTarget: Target] = [:]
        var queue: [SyncTarget] = []  // In the order asked for; each at most once, none that is running.
        var head = 0
        var idleThreads = 0
        var threads: [HostThread] = []
        var isStopping = false
        var queuedCount: Int { queue.count - head }
    }

    private enum Work {
        case one(SyncTarget, [Job])
        case all([(SyncTarget, [Job])])
        case stop
    }

    /// More waiting targets than this are served by one `syncfs`.
    package static var syncAllAbove: Int { 200 }
    private let disk: any Disk
    private let threadsMax: Int
    private let observe: @Sendable (_ targets: Int, _ nanoseconds: Int64, _ failed: Bool) -> Void
    private let state = Monitor(State())
    /// Asked for, and the asker not told yet.
    private let open = Monitor<Set<ObjectIdentifier>>([])

    /// - Parameter observe: told of every sync: how many targets it served, how long it took.
    package init(
        disk: any Disk, threadsMax: Int = 16,
        observe: @escaping @Sendable (_ targets: Int, _ nanoseconds: Int64, _ failed: Bool) -> Void = {
            _, _, _ in
        }
    ) {
        self.disk = disk
        self.threadsMax = threadsMax
        self.observe = observe
    }

    /// Asks for all of `targets`; `done` is called once, on a thread of the pool.
    package func sync(_ targets: [SyncTarget], owner: Owner, done: @escaping Done) {
        if targets.isEmpty { return done(owner, nil) }
        let distinct = targets.count == 1 ? targets : Array(Set(targets))
        let job = Job(owner: owner, remaining: distinct.count, done: done)
        open.withLock { _ = $0.insert(ObjectIdentifier(job)) }
        let needsThread = state.withLock { state in
            for target in distinct {
                let isNew = state.targets[target] == nil
                state.targets[target, default: Target()].waiting.append(job)
                if isNew { state.queue.append(target) }
            }
            return state.queuedCount > state.idleThreads && state.threads.count < threadsMax
        }
        if needsThread { startThread() } else { distinct.count > 1 ? state.wakeAll() : state.wakeOne() }
    }

    /// Waits until all that was asked for before this call is done and told. More may be asked for meanwhile.
    package func drain() {
        let asked = open.withLock { $0 }
        open.wait { $0.isDisjoint(with: asked) ? () : nil }
    }

    /// Finishes what is queued, then ends the threads.
    package func stop() {
        let threads = state.withLock { state in
            state.isStopping = true
            return state.threads
        }
        state.wakeAll()
        for thread in threads { thread.join() }
    }

    // MARK: - The threads

    private func startThread() {
        state.withLock { state in
            guard state.threads.count < threadsMax, !state.isStopping else { return }
            state.threads.append(HostThread("sync-\(state.threads.count)") { [self] in run() })
        }
    }

    private func run() {
        while true {
            state.withLock { $0.idleThreads += 1 }
            let work = state.wait { state -> Work? in
                guard let work = takeWork(&state) else { return nil }
                state.idleThreads -= 1
                return work
            }
            switch work {
            case .stop: return
            case .one(let target, let jobs):
                perform([(target, jobs)]) { () throws(DiskError) in try disk.sync(target) }
            case .all(let targets):
                perform(targets) { () throws(DiskError) in
                    try disk.syncAll()
                }
            }
        }
    }

    private func takeWork(_ state: inout State) -> Work? {
        if state.queuedCount == 0 { return state.isStopping ? .stop : nil }
        if state.queuedCount > Self.syncAllAbove {
            let targets = state.queue[state.head...].map { ($0, start($0, &state)) }
            state.queue.removeAll(keepingCapacity: true)
            state.head = 0
            return .all(targets)
        }
        let target = state.queue[state.head]
        state.head += 1
        if state.head == state.queue.count {
            state.queue.removeAll(keepingCapacity: true)
            state.head = 0
        }
        return .one(target, start(target, &state))
    }

    private func start(_ target: SyncTarget, _ state: inout State) -> [Job] {
        let jobs = state.targets[target]!.waiting
        state.targets[target] = Target(waiting: [], isRunning: true)
        return jobs
    }

    private func perform(_ targets: [(SyncTarget, [Job])], _ sync: () throws(DiskError) -> Void) {
        let start = SystemClock.instant()
        var failure: DiskError?
        do { try sync() } catch {
            // A file removed meanwhile has nothing left to make durable.
            if error.reason != .notFound { failure = error }
        }
        observe(targets.count, SystemClock.instant() - start, failure != nil)
        let (finished, more) = state.withLock { state -> ([Job], Int) in
            var finished: [Job] = []
            var more = 0
            for (target, jobs) in targets {
                if state.targets[target]!.waiting.isEmpty {
                    state.targets[target] = nil
                } else {
                    state.targets[target]!.isRunning = false
                    state.queue.append(target)
                    more += 1
                }
                for job in jobs {
                    job.remaining -= 1
                    if let failure { job.error = failure }
                    if job.remaining == 0 { finished.append(job) }
                }
            }
            return (finished, more)
        }
        for job in finished {
            job.done(job.owner, job.error)
            open.withLock { _ = $0.remove(ObjectIdentifier(job)) }
        }
        open.wakeAll()
        if more > 1 { state.wakeAll() }  // This thread takes one itself.
    }
}
