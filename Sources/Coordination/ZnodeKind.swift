import Vocabulary

/// What is created: how long it lives, and whether its name gets a number.
package enum ZnodeKind: Hashable, Sendable {
    case persistent
    case persistentSequential
    /// Goes with the session that created it.
    case ephemeral
    case ephemeralSequential
    /// Goes some time after its last child has gone.
    case container
    /// Goes when it was not changed for that long and has no children.
    case ttl(milliseconds: Int64)
    case ttlSequential(milliseconds: Int64)

    /// ZooKeeper keeps 40 bits: 34 years.
    package static let ttlMax: Int64 = 0xFF_FFFF_FFFF

    /// - Parameters:
    ///   - flags: as requests carry it, 0 to 6.
    ///   - ttl: of a request that has one, in milliseconds; its bounds are checked when the request is decided.
    /// - Throws: `badArguments` for other flags, and for a time to live that lacks or where none belongs.
    package init(flags: Int32, ttl: Int64? = nil) throws(CoordinationError) {
        switch flags {
        case 0: self = .persistent
        case 1: self = .ephemeral
        case 2: self = .persistentSequential
        case 3: self = .ephemeralSequential
        case 4: self = .container
        case 5, 6:
            guard let ttl else { throw .badArguments }
            self = flags == 5 ? .ttl(milliseconds: ttl) : .ttlSequential(milliseconds: ttl)
            return
        default: throw .badArguments
        }
        if let ttl, ttl >= 0 { throw .badArguments }
    }

    /// - Throws: `badArguments` for a time to live that cannot be kept.
    func check() throws(CoordinationError) {
        switch self {
        case .ttl(let ttl), .ttlSequential(let ttl):
            if !(1...Self.ttlMax).contains(ttl) { throw .badArguments }
        case .persistent, .persistentSequential, .ephemeral, .ephemeralSequential, .container: break
        }
    }

    package var isSequential: Bool {
        switch self {
        case .persistentSequential, .ephemeralSequential, .ttlSequential: true
        case .persistent, .ephemeral, .container, .ttl: false
        }
    }

    /// Who owns a new node of this kind that `session` creates.
    func owner(session: Int64) -> ZnodeOwner {
        switch self {
        case .persistent, .persistentSequential: .nobody
        case .ephemeral, .ephemeralSequential: .session(session)
        case .container: .container
        case .ttl(let ttl), .ttlSequential(let ttl): .ttl(milliseconds: ttl)
        }
    }
}

/// What keeps a znode alive, in 64 bits as ZooKeeper stores it; clients are told of sessions alone.
///
///     0                      nobody: it stays
///     8000000000000000       a container
///     FF00 00TTTTTTTTTT      40 bits of time to live
///     else                   the id of the session that created it
struct ZnodeOwner: Hashable, Sendable {
    let bits: Int64

    init(bits: Int64) { self.bits = bits }

    static let nobody = ZnodeOwner(bits: 0)
    static let container = ZnodeOwner(bits: .min)
    static func session(_ id: Int64) -> ZnodeOwner { ZnodeOwner(bits: id) }
    static func ttl(milliseconds: Int64) -> ZnodeOwner { ZnodeOwner(bits: ttlMark | milliseconds) }

    private static let ttlMark = Int64(bitPattern: 0xFF00_0000_0000_0000)

    /// Its time to live in milliseconds, if it has one.
    var ttl: Int64? {
        guard bits & ~ZnodeKind.ttlMax == Self.ttlMark else { return nil }
        return bits & ZnodeKind.ttlMax / (Canary.expiresNodesEarly.isChosen ? 2 : 1)
    }
    var isContainer: Bool { bits == .min }
    /// The session that it goes with.
    var session: Int64? { bits == 0 || isContainer || ttl != nil ? nil : bits }
}
