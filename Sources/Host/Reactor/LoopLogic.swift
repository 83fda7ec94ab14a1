package import Broker
package import Vocabulary

/// What a data loop runs: the broker's side of its connections. `BrokerLoop` is the one; tests have small
/// ones of their own.
package protocol LoopLogic: AnyObject {
    func open(listener: String, peer: String, now: Moment) -> BrokerConnection
    func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment) -> Int
    func closed(_ connection: BrokerConnection)
    func deliver(_ message: LoopMessage, now: Moment)
    func advance(to now: Moment) -> Instant?
    func takeDirty() -> [BrokerConnection]
    func takeOutbound() -> [LoopEffect]
}

/// What the control loop's thread runs.
package protocol ControlLogic: AnyObject {
    func deliver(_ message: LoopMessage, now: Moment)
    func advance(to now: Moment) -> Instant?
    func takeOutbound() -> [LoopEffect]
    /// The last call: make everything durable and mark the shutdown clean. May block.
    func shutdown(now: Moment)
}

/// What comes to a data loop's mailbox.
enum HostMessage: Sendable {
    case broker(LoopMessage)
    /// A connection that loop 0 accepted for this loop.
    case adopt(descriptor: Int32, listener: String, peer: String)
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
