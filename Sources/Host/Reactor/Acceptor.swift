import Broker
import CLinux
import Glibc
import Logging
import Vocabulary

/// A listening socket and the name of its listener.
package struct OpenListener: Sendable {
    package let name: String
    package let descriptor: Int32
    /// Where its connections count; nil: in the reactor's limits.
    package var limits: ConnectionLimits?
    /// For peers that must not seem to be there when they are not: a connection is closed after about that long
    /// without a sign of the peer. Nil: after `connections.max.idle.ms` and a minute.
    package var deadPeerMs: Int32?

    package init(name: String, descriptor: Int32) {
        self.name = name
        self.descriptor = descriptor
    }

    package var port: UInt16 { UInt16(max(0, nt_local_port(descriptor))) }
}

/// The listeners, served by loop 0 or by the quorum loop, and what was refused there since it was last told.
struct Acceptor {
    let listeners: [OpenListener]
    /// Given up for a moment when no descriptor is left, so that the peer can be refused rather than kept
    /// waiting.
    private var spare: Int32
    private var next = 0
    private var refused: [String: Int] = [:]
    private var lastReport = Instant(nanoseconds: 0)

    init(_ listeners: [OpenListener]) {
        self.listeners = listeners
        spare = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    mutating func nextLoop(of count: Int) -> Int {
        defer { next = (next + 1) % count }
        return next % count
    }

    mutating func refuse(_ why: String) { refused[why, default: 0] += 1 }

    /// No descriptor is left: takes the first that waits and closes it.
    mutating func refuseOneWithoutDescriptor(_ listener: OpenListener) {
        Glibc.close(spare)
        let descriptor = Glibc.accept(listener.descriptor, nil, nil)
        if descriptor >= 0 { Glibc.close(descriptor) }
        spare = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        refuse("open files")
    }

    /// Tells of refusals, once a second at most.
    mutating func report(_ now: Instant, _ logger: Logger) {
        guard !refused.isEmpty, now - lastReport >= 1_000_000_000 else { return }
        lastReport = now
        for why in refused.keys.sorted() {
            logger.warning(
                "Refused connections.", metadata: ["limit": "\(why)", "connections": "\(refused[why]!)"])
        }
        refused = [:]
    }

    func close() {
        for listener in listeners { Glibc.close(listener.descriptor) }
        Glibc.close(spare)
    }
}

extension DataLoop {
    /// Takes what waits at a listener and deals it out to the loops.
    func accept(at position: Int) {
        guard let listener = acceptor?.listeners[position] else { return }
        for _ in 0..<64 {
            var peer = [CChar](repeating: 0, count: 64)
            var port: UInt16 = 0
            let descriptor = nt_accept(listener.descriptor, &peer, peer.count, &port)
            if descriptor < 0 {
                switch errno {
                case EMFILE, ENFILE: acceptor?.refuseOneWithoutDescriptor(listener)
                case ECONNABORTED, EINTR: break
                default: return  // EAGAIN: none is left; others, as out of memory, are tried again in the next turn.
                }
                continue
            }
            let address = String(
                decoding: peer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let refusal = limits(of: listener).admit(address) {
                acceptor?.refuse(refusal.property)
                close(descriptor)
                continue
            }
            let idleSeconds = Int32(clamping: max(1, min(settings.idleNanoseconds / 1_000_000_000, 300)))
            _ = nt_tune_connection(
                descriptor, idleSeconds, settings.sendBufferBytes, settings.receiveBufferBytes)
            if let milliseconds = listener.deadPeerMs { _ = nt_notice_dead_peer(descriptor, milliseconds) }
            let loop = id == .quorum ? id : LoopID(acceptor!.nextLoop(of: context.mailboxes.count))
            if loop == id {
                adopt(descriptor, listener: listener, peer: address, port: port)
            } else {
                context.mailboxes[loop.index].post(
                    .adopt(descriptor: descriptor, listener: listener, peer: address, port: port))
            }
        }
    }

    func limits(of listener: OpenListener) -> ConnectionLimits { listener.limits ?? context.limits }
}

extension OpenListener {
    /// Binds and listens. An empty host is every address; a name is resolved.
    /// - Parameter property: the one that asks for it, for messages.
    package static func open(
        _ listener: Listener, backlog: Int32, property: String = "listeners"
    ) throws(SettingsProblem) -> OpenListener {
        func problem(_ what: String) -> SettingsProblem {
            SettingsProblem(place: property, message: "cannot listen on \(listener): \(what)")
        }
        var address = listener.host.isEmpty ? "0.0.0.0" : listener.host
        if !address.contains(":"), !address.utf8.allSatisfy({ $0 == 46 || (48...57).contains($0) }) {
            var found = [CChar](repeating: 0, count: 64)
            let code = nt_resolve(address, &found, found.count)
            if code != 0 { throw problem(String(cString: nt_resolve_error(code))) }
            address = String(decoding: found.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let descriptor = nt_listen(address, listener.port, backlog)
        if descriptor < 0 {
            let hint =
                errno == EADDRINUSE
                ? "the port is in use; stop the other program or take another port"
                : String(cString: strerror(errno))
            throw problem(hint)
        }
        return OpenListener(name: listener.name, descriptor: descriptor)
    }
}
