import CLinux
import Client
import Glibc
import Vocabulary

/// Runs client machines against real sockets, in the calling thread: one epoll, one turn after the other.
///
/// The machines decide everything; here bytes move and time passes. SIGINT and SIGTERM become `isInterrupted`.
final class SocketDriver<Machine: ClientMachine> {
    private(set) var machines: [Machine]
    /// Someone wants the program to stop.
    private(set) var isInterrupted = false
    /// Descriptors of the owner that became readable in the last turn.
    private(set) var readable: Set<Int32> = []

    private struct Place: Hashable { let machine: Int; let link: LinkID }
    private let epoll: Int32
    private let signals: Int32
    private var sockets: [UInt64: (socket: Socket, place: Place)] = [:]
    private var keys: [Place: UInt64] = [:]
    private var lastKey: UInt64 = 1 << 32  // Below: descriptors of the owner.
    private var wakes: [Instant]
    private var dirty: [UInt64] = []
    private var events = [nt_event](repeating: nt_event(), count: 256)

    init(_ machines: [Machine]) {
        self.machines = machines
        wakes = Array(repeating: now(), count: machines.count)
        epoll = nt_epoll_create()
        signals = nt_signalfd([SIGINT, SIGTERM], 2)
        nt_ignore_sigpipe()
        if signals >= 0 { nt_epoll_add(epoll, signals, NT_READABLE, UInt64(signals)) }
    }

    deinit {
        close(epoll)
        if signals >= 0 { close(signals) }
    }

    /// Has the descriptor reported in `readable`. Files are always readable, which epoll would not say.
    /// - Returns: false when it need not be waited for.
    func watch(_ fd: Int32) -> Bool { nt_epoll_add(epoll, fd, NT_READABLE, UInt64(fd)) == 0 }

    func unwatch(_ fd: Int32) { nt_epoll_remove(epoll, fd) }

    /// Uses one machine, and lets it act on what was put in.
    func with<R>(_ index: Int, _ body: (inout Machine, Instant) -> R) -> R {
        let result = body(&machines[index], now())
        step(index, .woke)
        return result
    }

    /// The same for effects which the body hands out itself.
    func perform(_ index: Int, _ body: (inout Machine, Instant) -> [LinkEffect]) {
        run(body(&machines[index], now()), of: index)
        flush()
    }

    /// Waits for something to happen, at most until `limit`, and deals with it.
    func turn(until limit: Instant = .distantFuture) {
        flush()
        let due = min(limit, wakes.min() ?? .distantFuture)
        let count = nt_epoll_wait(epoll, &events, 256, timeoutMs(until: due))
        readable = []
        for event in events.prefix(Int(max(0, count))) { happened(event) }
        let time = now()
        for index in wakes.indices where wakes[index] <= time { step(index, .woke) }
        flush()
    }

    private func timeoutMs(until due: Instant) -> Int32 {
        if due == .distantFuture { return -1 }
        let left = due - now()
        // Rounded up: a wake that comes too early would only come again.
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    private func happened(_ event: nt_event) {
        if event.data < 1 << 32 {
            let fd = Int32(event.data)
            if fd == signals {
                while nt_signal_next(signals) > 0 { isInterrupted = true }
            } else {
                readable.insert(fd)
            }
            return
        }
        guard let (socket, place) = sockets[event.data] else { return }
        if !socket.isOpen {
            if let reason = socket.finishConnecting() { return lost(event.data, reason) }
            step(place.machine, .opened(place.link))
            dirty.append(event.data)
            return
        }
        if event.events & NT_WRITABLE != 0 { dirty.append(event.data) }
        if event.events & (NT_READABLE | NT_ERROR | NT_HANGUP | NT_PEER_CLOSED) != 0 { read(event.data) }
    }

    /// Reads until nothing is left, but not for ever: others wait.
    private func read(_ key: UInt64) {
        for _ in 0..<16 {
            guard let (socket, place) = sockets[key] else { return }
            switch socket.receiveOnce() {
            case .blocked: return
            case .failed(let reason): return lost(key, reason)
            case .done: break
            }
            let time = now()
            do throws(ClientError) {
                while let effects = try socket.inbox.nextFrame({
                    machines[place.machine].receive($0, on: place.link, at: time)
                }) {
                    run(effects, of: place.machine)
                }
            } catch {
                return lost(key, "\(error)")
            }
            if !socket.mayHaveMore { return }
        }
    }

    private func lost(_ key: UInt64, _ reason: String) {
        guard let (_, place) = sockets[key] else { return }
        drop(key)
        step(place.machine, .closed(place.link, reason: reason))
    }

    private func drop(_ key: UInt64) {
        guard let (socket, place) = sockets.removeValue(forKey: key) else { return }
        nt_epoll_remove(epoll, socket.fd)
        keys[place] = nil
    }

    private func step(_ index: Int, _ event: LinkEvent) {
        wakes[index] = .distantFuture
        run(machines[index].step(event, at: now()), of: index)
    }

    private func run(_ effects: [LinkEffect], of index: Int) {
        for effect in effects {
            switch effect {
            case .connect(let link, let host, let port):
                connect(Place(machine: index, link: link), host, port)
            case .send(let link, let frame):
                guard let key = keys[Place(machine: index, link: link)] else { continue }
                sockets[key]!.socket.enqueue(frame)
                dirty.append(key)
            case .close(let link):
                if let key = keys[Place(machine: index, link: link)] { drop(key) }
            case .wake(let at): wakes[index] = min(wakes[index], at)
            }
        }
    }

    private func connect(_ place: Place, _ host: String, _ port: Int32) {
        do throws(SystemError) {
            let socket = try Socket(host: host, port: port)
            lastKey += 1
            sockets[lastKey] = (socket, place)
            keys[place] = lastKey
            nt_epoll_add(epoll, socket.fd, NT_READABLE | NT_WRITABLE, lastKey)
        } catch {
            step(place.machine, .closed(place.link, reason: "\(error)"))
        }
    }

    /// Sends what the turn brought, once a connection.
    private func flush() {
        while !dirty.isEmpty {
            let keys = dirty
            dirty.removeAll(keepingCapacity: true)
            for key in keys {
                guard let (socket, _) = sockets[key], socket.isOpen else { continue }
                let progress = socket.sendAll()
                if case .failed(let reason) = progress {
                    lost(key, reason)
                    continue
                }
                if socket.hasOutput != socket.isWatchingWrites {
                    socket.isWatchingWrites = socket.hasOutput
                    nt_epoll_modify(
                        epoll, socket.fd, NT_READABLE | (socket.hasOutput ? NT_WRITABLE : 0), key)
                }
            }
        }
    }
}

func now() -> Instant { Instant(nanoseconds: nt_monotonic_nanoseconds()) }
func wallClock() -> Timestamp { Timestamp(milliseconds: nt_wall_milliseconds()) }
