import CLinux
import Glibc

/// A thread with a name, which runs one closure. Joined or detached by whoever started it.
package struct HostThread: @unchecked Sendable {  // A pthread_t may be joined from any one thread.
    private let handle: pthread_t

    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: at most 15 bytes are shown by the system.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                _ = nt_name_thread(String(start.name.prefix(15)))
                start.body()
                return nil
            }, start.toOpaque())
        if code != 0 { fatalError("cannot start a thread: \(String(cString: strerror(code)))") }
        self.handle = handle
    }

    package func join() { pthread_join(handle, nil) }

    /// It ends by itself; nobody waits for that.
    package func detach() { pthread_detach(handle) }
}
