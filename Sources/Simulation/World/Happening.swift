import Vocabulary

/// What the world's queue holds. A thing that concerns a life of a broker that is over is ignored.
package enum Happening: Sendable {
    /// A loop of a broker takes its turn.
    case turn(broker: Int, life: Int, loop: Int)
    /// A sync that a loop asked for has had its time.
    case synced(broker: Int, life: Int, sync: Int)
    /// Something on the wire.
    case network(NetworkHappening)
    /// A client looks at its clock.
    case client(Int)
    /// The fault plan's next stroke.
    case fault(Fault)
    /// The checkers look at everything.
    case inspect

    func mix(into digest: inout Digest) {
        switch self {
        case .turn(let broker, let life, let loop):
            digest.mix(broker)
            digest.mix(life << 8 | (loop & 0xFF))
        case .synced(let broker, let life, let sync):
            digest.mix(1 << 16 | broker)
            digest.mix(life)
            digest.mix(sync)
        case .network(let what):
            digest.mix(2 << 16)
            what.mix(into: &digest)
        case .client(let client): digest.mix(3 << 16 | client)
        case .fault(let fault):
            digest.mix(4 << 16)
            digest.mix("\(fault)".utf8)
        case .inspect: digest.mix(5 << 16)
        }
    }
}
