import Broker
import Logging
import Ports
import Synchronization
import Vocabulary

/// Sizes and times of the reactor, from the configuration.
package struct ReactorSettings: Sendable {
    /// `num.network.threads`
    package var dataLoops = 1
    /// `connections.max.idle.ms`
    package var idleNanoseconds: Int64 = 600_000_000_000
    /// `socket.send.buffer.bytes`, `socket.receive.buffer.bytes`; -1 leaves it to the system.
    package var sendBufferBytes: Int32 = -1
    package var receiveBufferBytes: Int32 = -1

    package init() {}
}

/// What all loops share: how they reach each other and the pools. Made before the threads, never changed.
final class LoopContext: Sendable {
    let settings: ReactorSettings
    let limits: ConnectionLimits
    let mailboxes: [Mailbox<HostMessage>]
    let quorum: Mailbox<HostMessage>
    let control: Mailbox<LoopMessage>
    let syncPools: [ObjectIdentifier: SyncPool<SyncRequest>]
    let warmPool: WarmPool
    let resolverPool: ResolverPool
    let logger: Logger
    let gate = StartGate()

    init(
        settings: ReactorSettings, limits: ConnectionLimits, disks: [any Disk], logger: Logger,
        observeSync: @escaping @Sendable (_ targets: Int, _ nanoseconds: Int64, _ failed: Bool) -> Void
    ) {
        self.settings = settings
        self.limits = limits
        self.logger = logger
        mailboxes = (0..<settings.dataLoops).map { _ in Mailbox() }
        control = Mailbox()
        quorum = Mailbox()
        warmPool = WarmPool()
        resolverPool = ResolverPool()
        var pools: [ObjectIdentifier: SyncPool<SyncRequest>] = [:]
        for disk in disks { pools[ObjectIdentifier(disk)] = SyncPool(disk: disk, observe: observeSync) }
        syncPools = pools
    }

    /// Whether any loop has more to do than is good for it: then the data loops read no more requests.
    var isOverloaded: Bool {
        if control.isFull || quorum.isFull { return true }
        for mailbox in mailboxes where mailbox.isFull { return true }
        return false
    }

    func post(_ message: LoopMessage, to loop: LoopID) {
        switch loop {
        case .control: control.post(message)
        case .quorum: quorum.post(.broker(message))
        default: mailboxes[loop.index].post(.broker(message))
        }
    }

    func mailbox(of loop: LoopID) -> Mailbox<HostMessage> {
        loop == .quorum ? quorum : mailboxes[loop.index]
    }

    /// - Parameter dial: how the loop that wants the effects makes connections.
    func run(_ effects: [LoopEffect], dial: (Dial) -> Void = LoopContext.cannotDial) {
        for effect in effects {
            switch effect {
            case .post(let message, let loop): post(message, to: loop)
            case .log(let line): logger.log(line)
            case .dial(let wanted): dial(wanted)
            case .up: gate.open(.up)
            case .startFailed(let error): gate.open(.failed(error))
            case .sync(let request):
                guard let pool = syncPools[ObjectIdentifier(request.disk)] else {
                    invariantFailed("a sync of a disk that the host does not know: \(request.disk.name)")
                }
                pool.sync(request.targets, owner: request) { [self] request, error in
                    post(.synced([SyncOutcome(owner: request.owner, error: error)]), to: request.loop)
                }
            }
        }
    }

    private static func cannotDial(_ dial: Dial) {
        invariantFailed("\(dial.host) is dialed by a loop that has no connections")
    }
}

extension Logger {
    /// Writes what a core noted.
    func log(_ line: LogLine) {
        let level: Logger.Level =
            switch line.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
        guard logLevel <= level else { return }
        var metadata: Logger.Metadata = [:]
        for (key, value) in line.fields { metadata[key] = .string(value) }
        log(level: level, "\(line.message)", metadata: metadata)
    }
}
