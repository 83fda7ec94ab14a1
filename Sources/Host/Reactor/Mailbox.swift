import CLinux
import Glibc
import Synchronization

/// Messages to one loop, from any thread. The receiver takes all of them at once; its epoll learns of them by
/// an eventfd.
///
/// Posting never blocks, since two loops that wait for each other would never wake. What bounds it: a loop
/// that sees a full mailbox reads no sockets until it is drained, so no new work comes in.
final class Mailbox<Message: Sendable>: Sendable {
    let descriptor: Int32
    private let messages = Mutex<[Message]>([])
    private let count = Atomic(0)

    init() {
        descriptor = nt_eventfd()
        if descriptor < 0 { fatalError("eventfd: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// Too much waits here.
    var isFull: Bool { count.load(ordering: .relaxed) > Self.fullAbove }
    private static var fullAbove: Int { 16_384 }

    func post(_ message: Message) {
        let wasEmpty = messages.withLock { waiting in
            waiting.append(message)
            count.store(waiting.count, ordering: .relaxed)
            return waiting.count == 1
        }
        if wasEmpty { wake() }
    }

    /// Takes everything. `box` is emptied and its room is used for what comes next.
    func drain(into box: inout [Message]) {
        var one: UInt64 = 0
        _ = read(descriptor, &one, 8)
        box.removeAll(keepingCapacity: true)
        var taken = box
        box = []
        messages.withLock { waiting in
            swap(&waiting, &taken)
            count.store(0, ordering: .relaxed)
        }
        box = taken
    }

    /// Waits for a message, at most that long.
    func wait(milliseconds: Int32) {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&poller, 1, milliseconds)
    }

    /// Lets the receiver look, though there may be no message.
    func wake() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }
}
