/// A stroke of fate, or what ends one.
package enum Fault: Sendable, Hashable {
    case nothing
    case kill(broker: Int)
    case losePower(broker: Int)
    /// The power fails everywhere at once.
    case blackout
    case stop(broker: Int)
    case start(broker: Int)
    /// As after a kill, at once.
    case restart(broker: Int)
    case pause(broker: Int)
    case resume(broker: Int)
    /// Cut off from all other brokers, both ways.
    case isolate(broker: Int)
    case rejoin(broker: Int)
    case block(NetworkPath)
    case unblock(NetworkPath)
    /// A block that is over before anybody gives up.
    case stall(NetworkPath)
    case breakConnection(HostID, HostID)
    /// A bit of the broker's log rots.
    case rot(broker: Int)
    case fillDisk(broker: Int)
    case freeDisk(broker: Int)
    /// Syncs take up to so many milliseconds.
    case slowDisk(broker: Int, ms: Int)
    case quickDisk(broker: Int)
    case failSync(broker: Int)
    /// The wall clock jumps.
    case skewClock(broker: Int, ms: Int)
    /// The quorum is asked to take in or let go of a broker, or to be led by another.
    case addVoter(broker: Int)
    case removeVoter(broker: Int)
    case transferLeadership(to: Int)

    /// It ends another: it comes to pass when the faults are over, too.
    var isMending: Bool {
        switch self {
        case .start, .resume, .rejoin, .unblock, .freeDisk, .quickDisk, .restart: true
        default: false
        }
    }
}
