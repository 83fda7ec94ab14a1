/// A machine on the network: brokers count from 1, clients from 1001.
package struct HostID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int
    package init(_ number: Int) { self.number = number }

    package static func broker(_ number: Int) -> HostID { HostID(number) }
    package static func client(_ number: Int) -> HostID { HostID(1000 + number) }

    package var place: Place { number > 1000 ? .client(number - 1000) : .broker(number) }
    /// What peers see it as.
    package var address: String { number > 1000 ? "10.0.1.\(number - 1000)" : "10.0.0.\(number)" }
    /// - Returns: nil for an address that no machine has.
    package init?(address: String) {
        let parts = address.split(separator: ".")
        guard parts.count == 4, parts[0] == "10", parts[1] == "0", let net = Int(parts[2]),
            let last = Int(parts[3]),
            net <= 1
        else { return nil }
        number = net * 1000 + last
    }

    package var description: String { number > 1000 ? "client \(number - 1000)" : "broker \(number)" }

    package static func < (a: HostID, b: HostID) -> Bool { a.number < b.number }
}

/// One direction between two machines.
package struct NetworkPath: Hashable, Sendable {
    package let from: HostID
    package let to: HostID

    package init(from: HostID, to: HostID) {
        self.from = from
        self.to = to
    }
}

package typealias SocketID = Int

/// What the wire brings, after its time.
package enum NetworkHappening: Sendable {
    /// The first packet of the dial reaches the machine dialed.
    case knocks(SocketID)
    /// The answer to it reaches the dialer.
    case connected(SocketID)
    case refused(SocketID)
    case dialTimedOut(SocketID)
    /// The next piece on its way from that socket reaches the other end.
    case arrives(from: SocketID)
    /// The other end is gone, this one is told.
    case reset(SocketID)
    /// Bytes were not acknowledged in time?
    case checkUnacknowledged(SocketID)
    /// Nothing moved for a while: the system asks whether the other end is still there.
    case probes(SocketID)
    /// A path that was held up goes on.
    case released(NetworkPath)

    func mix(into digest: inout Digest) {
        switch self {
        case .knocks(let socket): digest.mix(socket << 4)
        case .connected(let socket): digest.mix(socket << 4 | 1)
        case .refused(let socket): digest.mix(socket << 4 | 2)
        case .dialTimedOut(let socket): digest.mix(socket << 4 | 3)
        case .arrives(let socket): digest.mix(socket << 4 | 4)
        case .reset(let socket): digest.mix(socket << 4 | 5)
        case .checkUnacknowledged(let socket): digest.mix(socket << 4 | 6)
        case .probes(let socket): digest.mix(socket << 4 | 8)
        case .released(let path): digest.mix((path.from.number << 16 | path.to.number) << 4 | 7)
        }
    }
}

/// What a machine is told about its sockets.
package enum NetworkNotice: Sendable {
    /// Somebody dialed that port; the socket is open.
    case accepted(SocketID, port: UInt16)
    case connected(SocketID)
    case connectFailed(SocketID, String)
    /// There are bytes to read.
    case readable(SocketID)
    /// There is room to send again.
    case writable(SocketID)
    /// The other end has closed, or the connection broke. Nothing more can be read or sent.
    case closed(SocketID, String)
}
