import CLinux
import Glibc

/// SIGTERM and SIGINT: the first asks for a graceful stop, the second ends the process at once.
///
/// Make it before any other thread starts: threads inherit what is blocked.
package struct StopSignals {
    /// Readable when a signal waits.
    package let descriptor: Int32

    package init() {
        descriptor = [SIGTERM, SIGINT].withUnsafeBufferPointer {
            nt_signalfd($0.baseAddress, Int32($0.count))
        }
        if descriptor < 0 { fatalError("signalfd: \(String(cString: strerror(errno)))") }
    }

    /// Takes one that waits.
    package func take() -> Bool { nt_signal_next(descriptor) > 0 }

    /// Blocks until the first signal, then runs `stop` while a second one is watched for.
    package func waitAndStop(_ stop: @escaping @Sendable () -> Void) {
        _ = next(orDone: -1)
        let done = nt_eventfd()
        let thread = HostThread("stop") {
            stop()
            var one: UInt64 = 1
            _ = write(done, &one, 8)
        }
        if next(orDone: done) { _exit(130) }
        thread.join()
    }

    /// - Returns: true when a signal came, false when `done` did.
    private func next(orDone done: Int32) -> Bool {
        while true {
            var pollers = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: done, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&pollers, 2, -1)
            if pollers[0].revents != 0, nt_signal_next(descriptor) > 0 { return true }
            if pollers[1].revents != 0 { return false }
        }
    }
}
