import Consensus
import Vocabulary

/// Where a replica listens for the others.
struct PeerAddress: Hashable, Sendable {
    let host: String
    let port: UInt16
}

/// A connection to another replica, dialed by us or by it. Nothing is sent on it before both have said hello.
final class PeerLink {
    let connection: BrokerConnection
    /// Where we dialed to; nil when the other side did.
    let dialed: PeerAddress?
    var key: ReplicaKey?

    init(connection: BrokerConnection, dialed: PeerAddress?) {
        self.connection = connection
        self.dialed = dialed
    }
}

/// The connections to the other replicas: each voter is dialed and kept dialed; observers dial us.
///
/// Two voters so have two connections between them. Each sends on the one it dialed, or else on the other's; what comes is taken
/// from both.
struct PeerLinks {
    private enum Dialing {
        case idle(next: Instant)
        case underWay(token: UInt64)
        case connected(UInt64)
        /// It was ourselves.
        case never
    }

    private var links: [UInt64: PeerLink] = [:]  // By connection.
    private var dialing: [PeerAddress: (state: Dialing, failures: Int)] = [:]
    private var addresses: [UInt64: PeerAddress] = [:]  // By token.
    private var nextToken: UInt64 = 1
    private var chance: SeededGenerator

    /// Waits between two attempts: doubled each time, less up to a half by chance, so that two who come up together do not collide.
    private static let backoffMs: ClosedRange<Int64> = 50...1000

    init(chance: SeededGenerator) { self.chance = chance }

    // MARK: - Dialing

    /// These are to be reached from now on, in this order.
    mutating func setTargets(_ targets: [PeerAddress], now: Instant) {
        for address in dialing.keys where !targets.contains(address) { dialing[address] = nil }
        for address in targets where dialing[address] == nil {
            let there = links.values.first { $0.dialed == address }
            dialing[address] = (there.map { .connected($0.connection.id) } ?? .idle(next: now), 0)
        }
    }

    /// What to dial now, each with its token.
    mutating func takeDue(now: Instant) -> [(token: UInt64, address: PeerAddress)] {
        var due: [(token: UInt64, address: PeerAddress)] = []
        for (address, entry) in dialing {
            if case .idle(let next) = entry.state, next <= now { due.append((0, address)) }
        }
        due.sort { ($0.address.host, $0.address.port) < ($1.address.host, $1.address.port) }
        for index in due.indices {
            due[index].token = nextToken
            nextToken += 1
            addresses[due[index].token] = due[index].address
            dialing[due[index].address]!.state = .underWay(token: due[index].token)
        }
        return due
    }

    var nextDial: Instant? {
        dialing.values.compactMap { if case .idle(let next) = $0.state { next } else { nil } }.min()
    }

    /// - Returns: nil when nobody waits for it any more.
    mutating func dialed(_ token: UInt64) -> PeerAddress? {
        guard let address = addresses.removeValue(forKey: token), case .underWay(token)? = dialing[address]?.state
        else { return nil }
        return address
    }

    mutating func dialFailed(_ token: UInt64, now: Instant) {
        guard let address = dialed(token) else { return }
        retry(address, now: now)
    }

    private mutating func retry(_ address: PeerAddress, now: Instant) {
        guard let failures = dialing[address]?.failures else { return }
        let wait = min(Self.backoffMs.upperBound, Self.backoffMs.lowerBound << Int64(min(failures, 10)))
        let milliseconds = Int64.random(in: wait / 2...wait, using: &chance)
        dialing[address] = (.idle(next: now.adding(milliseconds: milliseconds)), failures + 1)
    }

    /// The other end is ourselves: it need not be dialed again.
    mutating func isMyself(_ link: PeerLink) { if let address = link.dialed { dialing[address]?.state = .never } }

    // MARK: - Links

    mutating func add(_ link: PeerLink) {
        links[link.connection.id] = link
        if let address = link.dialed { dialing[address]?.state = .connected(link.connection.id) }
    }

    subscript(connection: UInt64) -> PeerLink? { links[connection] }

    /// The other side said who it is; from here on it is a link to that replica.
    mutating func greeted(_ link: PeerLink, _ key: ReplicaKey) {
        link.key = key
        if let address = link.dialed { dialing[address]?.failures = 0 }
    }

    /// - Returns: whether that replica cannot be reached any more.
    mutating func remove(_ connection: UInt64, now: Instant) -> PeerLink? {
        guard let link = links.removeValue(forKey: connection) else { return nil }
        if let address = link.dialed, case .connected(connection)? = dialing[address]?.state {
            retry(address, now: now)
        }
        return link
    }

    /// The connection on which to send to a replica.
    func link(to key: ReplicaKey) -> PeerLink? {
        var best: PeerLink?
        for link in links.values where link.key == key && !link.connection.isClosing {
            guard let old = best else {
                best = link
                continue
            }
            // Ours before theirs, the newest before older ones.
            let isBetter = (link.dialed != nil, link.connection.id) > (old.dialed != nil, old.connection.id)
            if isBetter { best = link }
        }
        return best
    }

    var all: [PeerLink] { links.values.sorted { $0.connection.id < $1.connection.id } }
    var count: Int { links.count }
}

private func > (a: (Bool, UInt64), b: (Bool, UInt64)) -> Bool { a.0 == b.0 ? a.1 > b.1 : a.0 }
