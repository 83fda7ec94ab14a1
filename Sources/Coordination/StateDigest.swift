import HashTreeCollections
import Vocabulary

/// A number that replicas with equal state share, and others all but never: nodes count in any order.
///
/// Walks everything: for the simulator and for an operator's question, not for each transaction.
struct StateDigest {
    private var sum: UInt64 = 0

    static func of(_ coordination: Coordination) -> UInt64 {
        var digest = StateDigest()
        digest.add(coordination.tree.root.node, path: DigestHash())
        for session in coordination.sessions.values {
            var hash = DigestHash()
            hash.mix(UInt64(bitPattern: session.id))
            hash.mix(session.password.high)
            hash.mix(session.password.low)
            hash.mix(UInt64(bitPattern: Int64(session.timeoutMs)))
            hash.mix(UInt64(bitPattern: Int64(session.broker.value)))
            digest.sum &+= hash.value
        }
        return digest.sum
    }

    private mutating func add(_ node: Znode, path: DigestHash) {
        let head = node.head
        var hash = path
        for number in [head.czxid, head.mzxid, head.pzxid, head.ctime, head.mtime, head.owner.bits] {
            hash.mix(UInt64(bitPattern: number))
        }
        for number in [head.version, head.aversion, head.childrenCreated] {
            hash.mix(UInt64(bitPattern: Int64(number)))
        }
        for entry in head.acl {
            hash.mix(UInt64(bitPattern: Int64(entry.permissions.rawValue)))
            hash.mix(entry.identity.scheme.utf8)
            hash.mix(entry.identity.id.utf8)
        }
        hash.mix(node.data == nil ? 0 : 1)
        hash.mix(node.data ?? [])
        sum &+= hash.value
        for (name, child) in node.children {
            var below = path
            below.mix(name.text.utf8)
            add(child.node, path: below)
        }
    }
}

extension Coordination {
    /// Equal on replicas that have replayed the same transactions.
    package var digest: UInt64 { StateDigest.of(self) }
}

/// Mixes words as SplitMix64 does; not for what an adversary may choose.
private struct DigestHash {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func mix(_ word: UInt64) {
        var mixed = value ^ word
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        value = (mixed ^ mixed >> 31) &+ 0x9E37_79B9_7F4A_7C15
    }

    /// The length too, so that no two runs of texts look alike.
    mutating func mix(_ bytes: some Collection<UInt8>) {
        mix(UInt64(bytes.count))
        var word: UInt64 = 0
        var filled = 0
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                mix(word)
                (word, filled) = (0, 0)
            }
        }
        if filled > 0 { mix(word) }
    }
}
