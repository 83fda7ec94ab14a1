import Consensus
import Vocabulary

/// What is asked about the quorum itself, or wished of it. Answered by its leader.
enum QuorumQuestion: Equatable {
    case describe
    case addVoter(Voter)
    case updateVoter(Voter)
    case removeVoter(ReplicaKey)
    /// To that broker, or to the voter that has most of the log.
    case transferLeadership(to: BrokerID?)

    private enum Kind: UInt64 {
        case describe = 1
        case addVoter, updateVoter, removeVoter, transferLeadership
    }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .describe: out.put(type: Kind.describe)
        case .addVoter(let voter):
            out.put(type: Kind.addVoter)
            out.put(voter)
        case .updateVoter(let voter):
            out.put(type: Kind.updateVoter)
            out.put(voter)
        case .removeVoter(let key):
            out.put(type: Kind.removeVoter)
            out.put(key)
        case .transferLeadership(let id):
            out.put(type: Kind.transferLeadership)
            out.put(id) { $0.put($1) }
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        switch try input.type(Kind.self) {
        case .describe: self = .describe
        case .addVoter: self = .addVoter(try input.voter())
        case .updateVoter: self = .updateVoter(try input.voter())
        case .removeVoter: self = .removeVoter(try input.replicaKey())
        case .transferLeadership:
            self = .transferLeadership(to: try input.optional { input throws(FieldError) in try input.broker() })
        }
    }
}

/// What came of it.
enum QuorumReply: Equatable {
    case described(QuorumDescription)
    case done
    case refused(ErrorCode, String)

    private enum Kind: UInt64 { case described = 0, done = 1, refused = 2 }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .described(let description):
            out.put(type: Kind.described)
            description.encode(to: &out)
        case .done: out.put(type: Kind.done)
        case .refused(let code, let message):
            out.put(type: Kind.refused)
            out.put(code.rawValue)
            out.put(message)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        switch try input.type(Kind.self) {
        case .described: self = .described(try QuorumDescription(from: &input))
        case .done: self = .done
        case .refused:
            let code = ErrorCode(rawValue: try input.integer(Int16.self)) ?? .unknownServerError
            self = .refused(code, try input.string())
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

    func encode(to out: inout FieldWriter) {
        out.put(leader)
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

    init(from input: inout FieldReader) throws(FieldError) {
        leader = try input.broker()
        term = try input.term()
        highWatermark = try input.offset()
        voters = try Self.replicas(from: &input)
        observers = try Self.replicas(from: &input)
        set = try input.voterSet()
    }

    private static func replicas(from input: inout FieldReader) throws(FieldError) -> [Replica] {
        try input.array(itemBytesMin: 44) { input throws(FieldError) in
            Replica(
                key: try input.replicaKey(), logEnd: try input.offset(),
                lastHeard: Timestamp(milliseconds: try input.integer(Int64.self)),
                lastCaughtUp: Timestamp(milliseconds: try input.integer(Int64.self)))
        }
    }
}
