package import Broker
package import Vocabulary

/// A loop of a broker as the host sees it: the host's `LoopLogic`, in the same words.
package protocol SimulatedLoop: AnyObject {
    func open(listener: String, peer: String, now: Moment) -> BrokerConnection
    func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment) -> Int
    func closed(_ connection: BrokerConnection)
    func dialed(_ token: UInt64, peer: String, now: Moment) -> BrokerConnection?
    func dialFailed(_ token: UInt64, reason: String, now: Moment)
    func deliver(_ message: LoopMessage, now: Moment)
    func advance(to now: Moment) -> Instant?
    func takeDirty() -> [BrokerConnection]
    func takeOutbound() -> [LoopEffect]
    /// The last call of an orderly stop.
    func shutdown(now: Moment)
}

extension SimulatedLoop {
    package func dialed(_ token: UInt64, peer: String, now: Moment) -> BrokerConnection? {
        invariantFailed("a connection to \(peer) that nobody asked for")
    }
    package func dialFailed(_ token: UInt64, reason: String, now: Moment) {
        invariantFailed("a connection failed that nobody asked for: \(reason)")
    }
    package func shutdown(now: Moment) {}
}

extension BrokerLoop: SimulatedLoop {}

/// It has no connections.
extension ControlLoop: SimulatedLoop {
    package func open(listener: String, peer: String, now: Moment) -> BrokerConnection {
        invariantFailed("a connection came to the control loop")
    }
    package func received(_ connection: BrokerConnection, _ bytes: UnsafeMutableRawBufferPointer, now: Moment)
        -> Int
    { 0 }
    package func closed(_ connection: BrokerConnection) {}
    package func takeDirty() -> [BrokerConnection] { [] }
}

/// A broker that has come up: its loops, and who takes the connections of which port.
package struct BootedBroker {
    package struct Port {
        package let number: UInt16
        package let listener: String
        /// Connections are dealt to these.
        package let loops: [LoopID]

        package init(number: UInt16, listener: String, loops: [LoopID]) {
            self.number = number
            self.listener = listener
            self.loops = loops
        }
    }
    package var loops: [(id: LoopID, logic: any SimulatedLoop)]
    package var ports: [Port]
    /// For the checkers.
    package var probe: (any ReplicaProbe)?
    /// What is added once the broker says that it is up.
    package struct Rest {
        package let loops: (Moment) -> [(id: LoopID, logic: any SimulatedLoop)]
        package let ports: [Port]
    }
    package var whenUp: Rest?
    /// Whether an orderly stop need not wait any longer.
    package var hasLeft: () -> Bool
    /// Whether a log directory is offline until the next start.
    package var hasLostDisk: () -> Bool

    package init(
        loops: [(id: LoopID, logic: any SimulatedLoop)], ports: [Port], probe: (any ReplicaProbe)? = nil,
        whenUp: Rest? = nil, hasLeft: @escaping () -> Bool = { true },
        hasLostDisk: @escaping () -> Bool = { false }
    ) {
        self.loops = loops
        self.ports = ports
        self.probe = probe
        self.whenUp = whenUp
        self.hasLeft = hasLeft
        self.hasLostDisk = hasLostDisk
    }
}
