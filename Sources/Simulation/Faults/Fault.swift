/// A stroke of fate, or what ends one. `ms`: how long it lasts.
package enum Fault: Sendable, Hashable {
    /// The next of those that come by the clock is due, whatever it will be.
    case next
    case kill(broker: Int, ms: Int64)
    case losePower(broker: Int, ms: Int64)
    /// The power fails everywhere at once.
    case blackout
    case stop(broker: Int, ms: Int64)
    case start(broker: Int)
    /// As after a kill, at once.
    case restart(broker: Int)
    case pause(broker: Int, ms: Int64)
    case resume(broker: Int)
    /// Cut off from all other brokers, both ways.
    case isolate(broker: Int, ms: Int64)
    case rejoin(broker: Int)
    case block(NetworkPath, ms: Int64)
    case unblock(NetworkPath)
    case breakConnection(HostID, HostID)
    /// A bit of the quorum's files rots on that broker.
    case rot(broker: Int)
    case fillDisk(broker: Int, ms: Int64)
    case freeDisk(broker: Int)
    /// Syncs take up to so many milliseconds.
    case slowDisk(broker: Int, syncMs: Int64, ms: Int64)
    case quickDisk(broker: Int)
    case failSync(broker: Int, ms: Int64)
    /// The wall clock jumps.
    case skewClock(broker: Int, byMs: Int64)
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
