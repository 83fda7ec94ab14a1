import CommitLog
import Ports
import Synchronization
import Vocabulary

/// What recovery kept and no sync vouches for is synced before the first client looks: else it would find the high watermark gone
/// back, and with it the log's end.
extension ControlLoop {
    /// More logs than this on one disk are served by one sync of the whole.
    private static var syncAllAbove: Int { 64 }

    private struct Pending: Sendable {
        let job: Int
        let log: Log
        let sync: LogSync
    }

    func commitRecovered(
        _ jobs: [Job], _ outcomes: Outcomes,
        _ inParallel: (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
    ) {
        var byDirectory: [Int: [Pending]] = [:]
        for (index, job) in jobs.enumerated() where !job.config.writeCaching {
            guard let directory = job.directory, let log = outcomes.log(index) else { continue }
            guard log.syncedOffset < log.endOffset else { continue }
            do throws(DiskError) {
                guard let sync = try log.beginSync() else { continue }
                byDirectory[directory, default: []].append(Pending(job: index, log: log, sync: sync))
            } catch {
                outcomes.set(index, .failed(.disk(error)))
            }
        }
        for directory in byDirectory.keys.sorted() {
            let pending = byDirectory[directory]!
            let disk = directories[directory].disk.disk
            if pending.count > Self.syncAllAbove {
                let failure = Self.failure { () throws(DiskError) in try disk.syncAll() }
                for entry in pending { Self.complete(entry, failure, outcomes) }
            } else {
                inParallel(pending.count) { index in
                    let failure = Self.failure { () throws(DiskError) in
                        for target in pending[index].sync.targets { try disk.sync(target) }
                    }
                    Self.complete(pending[index], failure, outcomes)
                }
            }
        }
    }

    private static func failure(of sync: () throws(DiskError) -> Void) -> DiskError? {
        do throws(DiskError) {
            try sync()
            return nil
        } catch {
            return error
        }
    }

    private static func complete(_ pending: Pending, _ failure: DiskError?, _ outcomes: Outcomes) {
        do throws(DiskError) {
            if let failure { throw failure }
            try pending.log.syncCompleted(pending.sync)
        } catch {
            outcomes.set(pending.job, .failed(.disk(error)))
        }
    }
}
