import CLinux
import Vocabulary

/// Finds the addresses of hosts, off the loops: a look-up may wait many seconds for a name server that is
/// silent.
///
/// A few threads, started when there is something to look up, so that a name whose server is silent does not
/// hold up the others. Who asks gives up after a while; what nobody waits for any more is not looked up.
final class ResolverPool: Sendable {
    struct Failure: Error { let reason: String }

    private struct Request {
        let host: String
        let deadline: Instant
        let done: @Sendable (Result<[String], Failure>) -> Void
    }

    private struct State {
        var queue: [Request] = []
        var idle = 0
        var threads = 0
        var isStopping = false
    }

    private let threadsMax: Int
    private let lookUp: @Sendable (String) -> Result<[String], Failure>
    private let state = Monitor(State())

    /// - Parameter lookUp: how names are resolved; tests have their own.
    init(
        threadsMax: Int = 4,
        lookUp: @escaping @Sendable (String) -> Result<[String], Failure> = ResolverPool.ask
    ) {
        self.threadsMax = threadsMax
        self.lookUp = lookUp
    }

    /// `done` is called with the numeric addresses, best first, on a thread of the pool; not at all when it is
    /// too late.
    func resolve(
        _ host: String, by deadline: Instant,
        done: @escaping @Sendable (Result<[String], Failure>) -> Void
    ) {
        state.withLock { state in
            if state.isStopping { return }
            state.queue.append(Request(host: host, deadline: deadline, done: done))
            if state.idle < state.queue.count, state.threads < threadsMax {
                HostThread("resolver-\(state.threads)") { [self] in run() }.detach()
                state.threads += 1
            }
        }
        state.wakeOne()
    }

    /// Drops what is queued and ends the threads; a look-up that still waits is not waited for.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            state.queue.removeAll()
        }
        state.wakeAll()
    }

    private func run() {
        while true {
            state.withLock { $0.idle += 1 }
            let request = state.wait { state -> Request?? in
                if state.isStopping { return .some(nil) }
                guard !state.queue.isEmpty else { return nil }
                state.idle -= 1
                return state.queue.removeFirst()
            }
            guard let request else { return }
            if SystemClock.instant() < request.deadline { request.done(lookUp(request.host)) }
        }
    }

    /// Asks the system: files, name servers, as the machine is set up.
    static func ask(_ host: String) -> Result<[String], Failure> {
        let width = 64
        let capacity = 16
        var found = [CChar](repeating: 0, count: width * capacity)
        let count = nt_resolve_all(host, &found, width, Int32(capacity))
        guard count > 0 else { return .failure(Failure(reason: String(cString: nt_resolve_error(count)))) }
        return .success(
            (0..<Int(count)).map { index in
                String(
                    decoding: found[(index * width)...].prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
                    as: UTF8.self)
            })
    }
}
