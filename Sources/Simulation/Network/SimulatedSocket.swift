import Vocabulary

/// One end of a connection.
final class SimulatedSocket {
    let id: SocketID
    let host: HostID
    let peerHost: HostID
    /// The port dialed: the listener's at one end, the dialer's target at the other.
    let port: UInt16
    /// The other end; nil until it is made, and once it is gone.
    var peer: SimulatedSocket?
    var state: State

    enum State {
        /// A dial that was not answered yet.
        case dialing
        case open
        /// Closed here. What was sent before still travels.
        case closed
    }

    /// Arrived, not read yet.
    var received: [UInt8] = []
    /// On their way to the peer, in order.
    var flight: [Piece] = []
    var flightHead = 0
    var flightBytes = 0
    /// The last piece's time: none overtakes another.
    var lastDue = Instant(nanoseconds: 0)
    /// Something lies in `flight` whose time has come, but the path is blocked.
    var isHeld = false
    /// Sent and not acknowledged since then; nil: all is.
    var unacknowledgedSince: Instant?
    /// Arrived there, but the acknowledgement cannot come back.
    var owesAcknowledgement = false
    /// Probes in a row that were not answered.
    var probesMissed = 0
    /// The sender was refused room, and is told when there is some.
    var wantsRoom = false

    struct Piece {
        let bytes: [UInt8]
        let isEnd: Bool
        let due: Instant
    }

    init(id: SocketID, host: HostID, peerHost: HostID, port: UInt16, state: State) {
        self.id = id
        self.host = host
        self.peerHost = peerHost
        self.port = port
        self.state = state
    }

    var path: NetworkPath { NetworkPath(from: host, to: peerHost) }
    var hasFlight: Bool { flightHead < flight.count }

    func takePiece() -> Piece {
        let piece = flight[flightHead]
        flightHead += 1
        flightBytes -= piece.bytes.count
        if flightHead == flight.count {
            flight.removeAll(keepingCapacity: true)
            flightHead = 0
        }
        return piece
    }

    func dropFlight() {
        flight.removeAll()
        flightHead = 0
        flightBytes = 0
    }
}
