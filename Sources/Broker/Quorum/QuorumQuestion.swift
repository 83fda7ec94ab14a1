import Consensus
import Vocabulary
import Wire

/// What is asked about the quorum itself, or wished of it. Answered by its leader.
enum QuorumQuestion: Equatable {
    case describe
    case addVoter(Voter)
    case updateVoter(Voter)
    case removeVoter(ReplicaKey)
    /// To that broker, or to the voter that has most of the log.
    case transferLeadership(to: BrokerID?)

    private enum Kind: UInt8 {
        case describe = 1
        case addVoter, updateVoter, removeVoter, transferLeadership
    }

    func encode(to out: inout ByteWriter) {
        switch self {
        case .describe: out.put(Kind.describe.rawValue)
        case .addVoter(let voter):
            out.put(Kind.addVoter.rawValue)
            out.put(voter)
        case .updateVoter(let voter):
            out.put(Kind.updateVoter.rawValue)
            out.put(voter)
        case .removeVoter(let key):
            out.put(Kind.removeVoter.rawValue)
            out.put(key)
        case .transferLeadership(let id):
            out.put(Kind.transferLeadership.rawValue)
            out.put((id ?? .none).value)
        }
    }

    init(from input: inout ByteReader) throws(WireError) {
        let kind: Kind = try input.enumeration("quorum")
        switch kind {
        case .describe: self = .describe
        case .addVoter: self = .addVoter(try input.voter())
        case .updateVoter: self = .updateVoter(try input.voter())
        case .removeVoter: self = .removeVoter(try input.replicaKey())
        case .transferLeadership:
            let id = BrokerID(try input.integer(Int32.self, "to"))
            self = .transferLeadership(to: id == .none ? nil : id)
        }
    }
}

/// What came of it.
enum QuorumReply: Equatable {
    case described(QuorumDescription)
    case done
    case refused(ErrorCode, String)

    func encode(to out: inout ByteWriter) {
        switch self {
        case .described(let description):
            out.put(UInt8(0))
            description.encode(to: &out)
        case .done: out.put(UInt8(1))
        case .refused(let code, let message):
            out.put(UInt8(2))
            out.put(code.rawValue)
            out.put(message)
        }
    }

    init(from input: inout ByteReader) throws(WireError) {
        switch try input.integer(UInt8.self, "reply") {
        case 0: self = .described(try QuorumDescription(from: &input))
        case 1: self = .done
        case 2:
            let code = ErrorCode(rawValue: try input.integer(Int16.self, "code")) ?? .unknownServerError
            self = .refused(code, try input.string("message"))
        case let other: throw WireError(.unexpectedValue(Int(other)), at: input.at - 1, "reply")
        }
    }
}

/// The quorum as its leader sees it: what DescribeQuorum tells.
struct QuorumDescription: Equatable {
    struct Replica: Equatable {
        let key: ReplicaKey
        let logEnd: Offset
        /// Milliseconds since 1970; -1: not heard yet.
        let lastHeard: Timestamp
        let lastCaughtUp: Timestamp
    }
    let leader: BrokerID
    let term: LeaderEpoch
    let highWatermark: Offset
    let voters: [Replica]
    let observers: [Replica]
    let set: VoterSet

    init(
        leader: BrokerID, term: LeaderEpoch, highWatermark: Offset, voters: [Replica], observers: [Replica],
        set: VoterSet
    ) {
        self.leader = leader
        self.term = term
        self.highWatermark = highWatermark
        self.voters = voters
        self.observers = observers
        self.set = set
    }

    func encode(to out: inout ByteWriter) {
        out.put(leader.value)
        out.put(term)
        out.put(highWatermark)
        for replicas in [voters, observers] {
            out.put(replicas) { out, replica in
                out.put(replica.key)
                out.put(replica.logEnd)
                out.put(replica.lastHeard.milliseconds)
                out.put(replica.lastCaughtUp.milliseconds)
            }
        }
        out.put(set)
    }

    init(from input: inout ByteReader) throws(WireError) {
        leader = BrokerID(try input.integer(Int32.self, "leader"))
        term = try input.term("term")
        highWatermark = try input.offset("highWatermark")
        voters = try Self.replicas(from: &input)
        observers = try Self.replicas(from: &input)
        set = try input.voterSet()
    }

    private static func replicas(from input: inout ByteReader) throws(WireError) -> [Replica] {
        try input.array(itemBytesMin: 44, "replicas") { input throws(WireError) in
            Replica(
                key: try input.replicaKey(), logEnd: try input.offset(),
                lastHeard: Timestamp(milliseconds: try input.integer(Int64.self)),
                lastCaughtUp: Timestamp(milliseconds: try input.integer(Int64.self)))
        }
    }
}
