import Consensus
import Coordination
import Metadata
import Vocabulary

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
    /// Never reused, never renumbered; 65 and 66 were another form of the last two.
    private enum Tag: UInt64 {
        case leaderChange = 64
        case voters = 67
        case transaction = 68
    }

    func encode() -> [UInt8] {
        var out = FieldWriter(capacity: 128)
        switch self {
        case .leaderChange(let key):
            out.put(type: Tag.leaderChange)
            out.put(key)
        case .voters(let set):
            out.put(type: Tag.voters)
            out.put(set)
        case .transaction(let transaction):
            out.put(type: Tag.transaction)
            out.put(data: transaction.coordination?.encode())
            out.put(transaction.metadata) { $0.put(data: $1.encode()) }
        }
        return out.bytes
    }

    init(decoding bytes: [UInt8]) throws(FieldError) {
        if let first = bytes.first, first < Tag.leaderChange.rawValue {
            self = .transaction(QuorumTransaction(metadata: [try MetadataRecord(decoding: bytes)]))
            return
        }
        var input = FieldReader(slice: bytes[...])
        switch try input.type(Tag.self) {
        case .leaderChange: self = .leaderChange(try input.replicaKey())
        case .voters: self = .voters(try input.voterSet())
        case .transaction:
            var transaction = QuorumTransaction()
            if let coordination = try input.data() {
                transaction.coordination = try CoordinationTransaction(decoding: coordination)
            }
            transaction.metadata = try input.array { input throws(FieldError) in
                try MetadataRecord(decoding: try input.encoded())
            }
            self = .transaction(transaction)
        }
        try input.end()
    }
}
