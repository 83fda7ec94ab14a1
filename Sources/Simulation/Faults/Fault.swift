/// A stroke of fate. `restart`, `resume` and the like end what another began.
package enum Fault: Sendable, Hashable {
    case kill(broker: Int)
    case losePower(broker: Int)
    /// The power fails everywhere at once.
    case blackout
    case stop(broker: Int)
    case start(broker: Int)
    case pause(broker: Int)
    case resume(broker: Int)
    case block(NetworkPath)
    case unblock(NetworkPath)
    case breakConnection(HostID, HostID)
    /// A sector of the broker's log or hard state rots.
    case rot(broker: Int)
    case fillDisk(broker: Int)
    case freeDisk(broker: Int)
    /// Syncs take up to so many milliseconds.
    case slowDisk(broker: Int, ms: Int)
    case failSync(broker: Int)
    /// The wall clock jumps.
    case skewClock(broker: Int, ms: Int)
    /// The quorum is asked to take in or let go of a broker, or to be led by another.
    case addVoter(broker: Int)
    case removeVoter(broker: Int)
    case transferLeadership(to: Int)
}
