import Coordination
import Metadata
import Vocabulary

/// What one asks of the leader.
enum PeerQuestion {
    /// A change of znodes or sessions.
    case coordination(CoordinationCommand)
    /// A command for the controller.
    case metadata(MetadataCommand)
    /// From where on is the state fresh enough?
    case readIndex
    /// A broker that comes up: it gets a session with an ephemeral znode, and is registered.
    case join(JoinAsk)
    /// About the quorum itself: what it looks like, who belongs to it.
    case quorum(QuorumQuestion)
    /// Sessions whose clients were heard from at the asker since it last said so. Answered once it is sure that this leader
    /// still led when it came.
    case heard([Int64])

    private enum Kind: UInt64 {
        case coordination = 1
        case metadata, readIndex, join, quorum, heard
    }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .coordination(let command):
            out.put(type: Kind.coordination)
            out.put(data: command.encode())
        case .metadata(let command):
            out.put(type: Kind.metadata)
            out.put(data: command.encode())
        case .readIndex: out.put(type: Kind.readIndex)
        case .join(let ask):
            out.put(type: Kind.join)
            ask.encode(to: &out)
        case .quorum(let question):
            out.put(type: Kind.quorum)
            question.encode(to: &out)
        case .heard(let sessions):
            out.put(type: Kind.heard)
            out.put(sessions) { $0.put($1) }
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        switch try input.type(Kind.self) {
        case .coordination: self = .coordination(try CoordinationCommand(decoding: try input.encoded()))
        case .metadata: self = .metadata(try MetadataCommand(decoding: try input.encoded()))
        case .readIndex: self = .readIndex
        case .join: self = .join(try JoinAsk(from: &input))
        case .quorum: self = .quorum(try QuorumQuestion(from: &input))
        case .heard:
            self = .heard(
                try input.array(itemBytesMin: 8) { input throws(FieldError) in
                    try input.integer(Int64.self)
                })
        }
    }
}

/// The answer, and from which offset on the asker's state shows it: it waits until it has applied all below.
struct PeerAnswer {
    enum Outcome {
        case coordination(Result<CoordinationReply, CoordinationError>)
        case metadata(MetadataOutcome)
        /// To `readIndex`: the index says it all. To `heard`: it was.
        case fresh
        case joined(session: Int64, MetadataOutcome)
        case quorum(QuorumReply)
        /// Not the leader, or no more; whether it came to pass is not known when it had been taken up.
        case notLeader
    }
    let outcome: Outcome
    let index: Offset

    init(_ outcome: Outcome, index: Offset) {
        self.outcome = outcome
        self.index = index
    }

    private enum Kind: UInt64 {
        case coordination = 1
        case refused, metadata, fresh, joined, quorum, notLeader
    }

    func encode(to out: inout FieldWriter) {
        out.put(index)
        switch outcome {
        case .coordination(.success(let reply)):
            out.put(type: Kind.coordination)
            out.put(data: reply.encode())
        case .coordination(.failure(let error)):
            out.put(type: Kind.refused)
            out.put(error.rawValue)
        case .metadata(let outcome):
            out.put(type: Kind.metadata)
            out.put(data: outcome.encode())
        case .fresh: out.put(type: Kind.fresh)
        case .joined(let session, let outcome):
            out.put(type: Kind.joined)
            out.put(session)
            out.put(data: outcome.encode())
        case .quorum(let reply):
            out.put(type: Kind.quorum)
            reply.encode(to: &out)
        case .notLeader: out.put(type: Kind.notLeader)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        index = try input.offset()
        switch try input.type(Kind.self) {
        case .coordination:
            outcome = .coordination(.success(try CoordinationReply(decoding: try input.encoded())))
        case .refused:
            let code = try input.integer(Int32.self)
            outcome = .coordination(.failure(CoordinationError(rawValue: code) ?? .systemError))
        case .metadata: outcome = .metadata(try MetadataOutcome(decoding: try input.encoded()))
        case .fresh: outcome = .fresh
        case .joined:
            let session = try input.integer(Int64.self)
            outcome = .joined(session: session, try MetadataOutcome(decoding: try input.encoded()))
        case .quorum: outcome = .quorum(try QuorumReply(from: &input))
        case .notLeader: outcome = .notLeader
        }
    }
}
