package import Ports

/// Reads cold ranges of files into the page cache, off the loops, so that a consumer far behind stalls
/// nobody.
///
/// Each connection asks for one range at a time, so the queue is bounded by the connections.
package final class WarmPool: Sendable {
    package struct Request: Sendable {
        let disk: PosixDisk
        let file: FileID
        let position: Int64
        let count: Int
        let done: @Sendable () -> Void

        package init(
            disk: PosixDisk, file: FileID, position: Int64, count: Int, done: @escaping @Sendable () -> Void
        ) {
            self.disk = disk
            self.file = file
            self.position = position
            self.count = count
            self.done = done
        }
    }

    private struct State {
        var queue: [Request] = []
        var head = 0
        var idle = 0
        var threads: [HostThread] = []
        var isStopping = false
    }

    private let threadsMax: Int
    private let state = Monitor(State())

    package init(threadsMax: Int = 8) { self.threadsMax = threadsMax }

    package func warm(_ request: Request) {
        state.withLock { state in
            state.queue.append(request)
            if state.idle < state.queue.count - state.head, state.threads.count < threadsMax,
                !state.isStopping
            {
                state.threads.append(HostThread("warm-\(state.threads.count)") { [self] in run() })
            }
        }
        state.wakeOne()
    }

    /// Drops what is queued and ends the threads.
    package func stop() {
        let threads = state.withLock { state in
            state.isStopping = true
            state.queue.removeAll()
            state.head = 0
            return state.threads
        }
        state.wakeAll()
        for thread in threads { thread.join() }
    }

    private func run() {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { scratch.deallocate() }
        state.withLock { $0.idle += 1 }
        while true {
            let request = state.wait { state -> Request?? in
                if state.isStopping { return .some(nil) }
                guard state.head < state.queue.count else { return nil }
                let request = state.queue[state.head]
                state.head += 1
                if state.head == state.queue.count {
                    state.queue.removeAll(keepingCapacity: true)
                    state.head = 0
                }
                state.idle -= 1
                return .some(request)
            }
            guard let request else { return }
            request.disk.warm(request.file, at: request.position, count: request.count, scratch: scratch)
            request.done()
            state.withLock { $0.idle += 1 }
        }
    }
}
