import Consensus
import Coordination
import Metadata
import Vocabulary
import Wire

/// What an entry of the quorum's log says.
enum QuorumEntry {
    /// The first entry of each term: with it all before it is committed (§5.4.2, §8).
    case leaderChange(ReplicaKey)
    /// The quorum's members from here on.
    case voters(VoterSet)
    case transaction(QuorumTransaction)
}

/// What happens at once, in one entry: a change of the znode tree or its sessions, and facts about the cluster.
struct QuorumTransaction {
    var coordination: CoordinationTransaction?
    var metadata: [MetadataRecord] = []
}

/// The stored form: a tag, then fields. Tags below 64 are those of bare metadata records, which logs from before the quorum hold.
extension QuorumEntry {
    private enum Tag: UInt8 {
        case leaderChange = 64
        case voters
        case transaction
    }

    func encode() -> [UInt8] {
        var out = ByteWriter(capacity: 128)
        switch self {
        case .leaderChange(let key):
            out.put(Tag.leaderChange.rawValue)
            out.put(key)
        case .voters(let set):
            out.put(Tag.voters.rawValue)
            out.put(set)
        case .transaction(let transaction):
            out.put(Tag.transaction.rawValue)
            out.put(transaction.coordination?.encode() ?? [])
            out.put(transaction.metadata) { $0.put($1.encode()) }
        }
        return out.bytes
    }

    init(decoding bytes: [UInt8]) throws {
        guard let first = bytes.first, first >= Tag.leaderChange.rawValue else {
            self = .transaction(QuorumTransaction(metadata: [try MetadataRecord(decoding: bytes)]))
            return
        }
        var input = ByteReader(bytes, at: 1)
        switch Tag(rawValue: first) {
        case .leaderChange: self = .leaderChange(try input.replicaKey())
        case .voters: self = .voters(try input.voterSet())
        case .transaction:
            let coordination = try input.data()
            let metadata = try input.array(itemBytesMin: 4) { input throws(WireError) in try input.data() }
            self = .transaction(
                QuorumTransaction(
                    coordination: coordination.isEmpty ? nil : try CoordinationTransaction(decoding: coordination),
                    metadata: try metadata.map { try MetadataRecord(decoding: $0) }))
        case nil:
            throw QuorumError("an entry of unknown kind \(first): it was written by a later version of this program")
        }
        guard input.isAtEnd else { throw QuorumError("an entry has bytes left over") }
    }
}
