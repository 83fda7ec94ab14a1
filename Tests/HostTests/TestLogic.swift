import Broker
import Glibc
import Host
import Logging
import Ports
import Synchronization
import Vocabulary

/// A logic small enough to see through. A frame's first byte says what is wanted: `e` echoes the frame, `d`
/// is not answered, `q` closes behind the answers before it, `n` answers a number of bytes, `f` a region of
/// the test's file (position and count follow), `p` stops reading until a message comes.
final class TestLogic: LoopLogic {
    /// What tests look at, from outside.
    final class Seen: Sendable {
        let frames = Atomic(0)
        let bursts = Atomic(0)
        let opened = Atomic(0)
        let closed = Atomic(0)
    }

    private let seen: Seen
    private let requestBytesMax: Int
    private let region: (disk: any Disk, file: FileID)?
    private var dirty: [BrokerConnection] = []
    private var nextID: UInt64 = 0

    init(_ seen: Seen, requestBytesMax: Int, region: (disk: any Disk, file: FileID)?) {
        self.seen = seen
        self.requestBytesMax = requestBytesMax
        self.region = region
    }

    func open(listener: String, peer: String, now: Moment) -> BrokerConnection {
        nextID += 1
        seen.opened.add(1, ordering: .relaxed)
        return BrokerConnection(id: nextID, listener: listener, peer: peer)
    }

    func isAcceptable(frameLength: Int, on connection: BrokerConnection) -> Bool {
        BrokerLoop.isAcceptable(frameLength: frameLength, max: requestBytesMax)
    }

    func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment) -> Int
    {
        var consumed = 0
        while connection.wantsRead, bytes.count - consumed >= 4 {
            let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: consumed, as: Int32.self)))
            guard BrokerLoop.isAcceptable(frameLength: length, max: requestBytesMax) else {
                connection.close()
                dirty.append(connection)
                break
            }
            guard bytes.count - consumed - 4 >= length else { break }
            let frame = UnsafeRawBufferPointer(rebasing: bytes[consumed..<consumed + 4 + length])
            consumed += 4 + length
            answer(connection, frame)
        }
        if consumed > 0 { seen.bursts.add(1, ordering: .relaxed) }
        return consumed
    }

    private func answer(_ connection: BrokerConnection, _ frame: UnsafeRawBufferPointer) {
        seen.frames.add(1, ordering: .relaxed)
        dirty.append(connection)
        func number(_ at: Int) -> Int {
            Int(Int64(bigEndian: frame.loadUnaligned(fromByteOffset: 5 + 8 * at, as: Int64.self)))
        }
        switch frame[4] {
        case UInt8(ascii: "e"): connection.output.append(frame)
        case UInt8(ascii: "q"): connection.close()
        case UInt8(ascii: "n"):
            let room = connection.output.reserve(number(0))
            room.initializeMemory(as: UInt8.self, repeating: 7)
        case UInt8(ascii: "f"):
            let header = connection.output.reserve(4)
            header.storeBytes(of: Int32(number(1)).bigEndian, as: Int32.self)
            connection.output.append(
                FileRegion(
                    disk: region!.disk, file: region!.file, position: Int64(number(0)), byteCount: number(1)))
        default: break
        }
    }

    func closed(_ connection: BrokerConnection) { seen.closed.add(1, ordering: .relaxed) }
    func deliver(_ message: LoopMessage, now: Moment) {}
    func advance(to now: Moment) -> Instant? { nil }
    func takeOutbound() -> [LoopEffect] { [] }
    func takeDirty() -> [BrokerConnection] {
        defer { dirty = [] }
        return dirty
    }
}

/// A reactor with `TestLogic` on a free port of 127.0.0.1.
final class TestServer {
    let seen = TestLogic.Seen()
    let port: UInt16
    let limits: ConnectionLimits
    private let reactor: Reactor
    private var isStopped = false

    init(
        loops: Int = 2, requestBytesMax: Int = 8 << 20, idleMs: Int64 = 600_000,
        limits: ConnectionLimits = ConnectionLimits(),
        sendBuffer: Int32 = -1, disk: PosixDisk? = nil, file: FileID? = nil
    ) throws {
        var settings = ReactorSettings()
        settings.dataLoops = loops
        settings.idleNanoseconds = idleMs * 1_000_000
        settings.sendBufferBytes = sendBuffer
        self.limits = limits
        let listener = try OpenListener.open(
            Listener(name: "PLAINTEXT", host: "127.0.0.1", port: 0), backlog: 50)
        port = listener.port
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        reactor = Reactor(
            settings: settings, limits: limits, listeners: [listener], disks: disk.map { [$0] } ?? [],
            logger: logger)
        let seen = seen
        reactor.startLoops { _ in
            TestLogic(seen, requestBytesMax: requestBytesMax, region: disk.map { ($0, file!) })
        }
    }

    func finish(withinMs: Int64 = 5000) {
        if isStopped { return }
        isStopped = true
        reactor.finishLoops(by: SystemClock.instant().adding(milliseconds: withinMs))
        reactor.finishControl()
        reactor.finishQuorum(by: SystemClock.instant())
    }

    deinit { finish(withinMs: 0) }
}
