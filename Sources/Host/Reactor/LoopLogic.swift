package import Broker
package import Vocabulary

/// What a data loop or the quorum loop runs: the broker's side of its connections. Tests have small ones of
/// their own.
package protocol LoopLogic: AnyObject {
    func open(listener: String, peer: String, now: Moment) -> BrokerConnection
    /// Whether the host may keep the bytes of a frame that announces that length, until it is whole. If not,
    /// `received` gets what is there at once, four bytes at least: to refuse it, or to take it for something
    /// that is no frame.
    func isAcceptable(frameLength: Int, on connection: BrokerConnection) -> Bool
    /// - Returns: how many bytes are done with. The rest is kept, and comes again with more behind it.
    func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment) -> Int
    func closed(_ connection: BrokerConnection)
    func deliver(_ message: LoopMessage, now: Moment)
    func advance(to now: Moment) -> Instant?
    func takeDirty() -> [BrokerConnection]
    func takeOutbound() -> [LoopEffect]
    /// A `.dial` has succeeded.
    /// - Parameter peer: the numeric address that answered.
    /// - Returns: nil: not wanted any more; it is closed.
    func dialed(_ token: UInt64, peer: String, now: Moment) -> BrokerConnection?
    /// A `.dial` has failed, at every address of its host.
    func dialFailed(_ token: UInt64, reason: String, now: Moment)
    /// The last call, after every connection was closed. May block.
    func shutdown(now: Moment)
}

extension LoopLogic {
    package func dialed(_ token: UInt64, peer: String, now: Moment) -> BrokerConnection? {
        invariantFailed("a connection to \(peer) that nobody asked for")
    }

    package func dialFailed(_ token: UInt64, reason: String, now: Moment) {
        invariantFailed("a connection failed that nobody asked for: \(reason)")
    }

    package func shutdown(now: Moment) {}
}

/// What the control loop's thread runs.
package protocol ControlLogic: AnyObject {
    func deliver(_ message: LoopMessage, now: Moment)
    func advance(to now: Moment) -> Instant?
    func takeOutbound() -> [LoopEffect]
    /// The last call: make everything durable and mark the shutdown clean. May block.
    func shutdown(now: Moment)
}

/// What comes to the mailbox of a data loop or of the quorum loop.
enum HostMessage: Sendable {
    case broker(LoopMessage)
    /// A connection that loop 0 accepted for this loop.
    case adopt(descriptor: Int32, listener: OpenListener, peer: String, port: UInt16)
    /// The addresses of a host that this loop wants to connect to.
    case resolved(dial: UInt32, Result<[String], ResolverPool.Failure>)
    /// The cold range that the connection waited for is in the page cache.
    case warmed(ConnectionKey)
    /// No more requests: answer what runs, close everything by that point, and end.
    case finish(by: Instant)
}

/// A connection's place in its loop's table; the generation tells a later connection in the same place apart.
struct ConnectionKey: Hashable, Sendable {
    let slot: Int
    let generation: UInt32

    var word: UInt64 { UInt64(generation & 0x00FF_FFFF) << 32 | UInt64(slot) }
}
