import Broker
import CLinux
import Ports
import Vocabulary

/// A connection's socket and what was read from it and not consumed yet. Confined to its loop.
final class SocketConnection {
    let descriptor: Int32
    let key: ConnectionKey
    let broker: BrokerConnection
    /// Where it counts; nil for connections we made.
    let limits: ConnectionLimits?

    /// Bytes of frames not consumed: `storage[..<keptCount]`. Nothing is kept between whole frames.
    var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var keptCount = 0
    /// Its last frame was large: the next one's header is read alone, so that the frame goes to its place
    /// without a copy.
    var expectsLarge = false

    /// What epoll watches it for.
    var interest: UInt32 = NT_READABLE
    /// The socket took less than was offered; epoll tells when it takes more.
    var isBlocked = false
    /// A cold range is on its way to the page cache.
    var isWarming = false
    /// The range that was warmed last: it is sent even when the page cache has lost it again.
    var warmed: (file: FileID, end: Int64)?
    /// It stands in the loop's list of connections to go on sending to in the next turn.
    var isQueued = false
    /// When bytes last moved, either way.
    var lastActive: Instant

    init(
        descriptor: Int32, key: ConnectionKey, broker: BrokerConnection, limits: ConnectionLimits?,
        now: Instant
    ) {
        self.descriptor = descriptor
        self.key = key
        self.broker = broker
        self.limits = limits
        lastActive = now
    }

    var kept: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: storage[..<keptCount]) }
}
