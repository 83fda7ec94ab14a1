import Coordination
import Metadata
import Vocabulary
import Wire

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

    private enum Kind: UInt8 {
        case coordination = 1
        case metadata, readIndex, join, quorum, heard
    }

    func encode(to out: inout ByteWriter) {
        switch self {
        case .coordination(let command):
            out.put(Kind.coordination.rawValue)
            out.put(command.encode())
        case .metadata(let command):
            out.put(Kind.metadata.rawValue)
            out.put(command.encode())
        case .readIndex: out.put(Kind.readIndex.rawValue)
        case .join(let ask):
            out.put(Kind.join.rawValue)
            ask.encode(to: &out)
        case .quorum(let question):
            out.put(Kind.quorum.rawValue)
            question.encode(to: &out)
        case .heard(let sessions):
            out.put(Kind.heard.rawValue)
            out.put(sessions) { $0.put($1) }
        }
    }

    init(from input: inout ByteReader) throws {
        let kind: Kind = try input.enumeration("question")
        switch kind {
        case .coordination: self = .coordination(try CoordinationCommand(decoding: try input.data("command")))
        case .metadata: self = .metadata(try MetadataCommand(decoding: try input.data("command")))
        case .readIndex: self = .readIndex
        case .join: self = .join(try JoinAsk(from: &input))
        case .quorum: self = .quorum(try QuorumQuestion(from: &input))
        case .heard:
            self = .heard(
                try input.array(itemBytesMin: 8, "sessions") { input throws(WireError) in try input.integer()
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

    private enum Kind: UInt8 {
        case coordination = 1
        case refused, metadata, fresh, joined, quorum, notLeader
    }

    func encode(to out: inout ByteWriter) {
        out.put(index)
        switch outcome {
        case .coordination(.success(let reply)):
            out.put(Kind.coordination.rawValue)
            out.put(reply.encode())
        case .coordination(.failure(let error)):
            out.put(Kind.refused.rawValue)
            out.put(error.rawValue)
        case .metadata(let outcome):
            out.put(Kind.metadata.rawValue)
            out.put(outcome.encode())
        case .fresh: out.put(Kind.fresh.rawValue)
        case .joined(let session, let outcome):
            out.put(Kind.joined.rawValue)
            out.put(session)
            out.put(outcome.encode())
        case .quorum(let reply):
            out.put(Kind.quorum.rawValue)
            reply.encode(to: &out)
        case .notLeader: out.put(Kind.notLeader.rawValue)
        }
    }

    init(from input: inout ByteReader) throws {
        index = try input.offset("index")
        let kind: Kind = try input.enumeration("answer")
        switch kind {
        case .coordination:
            outcome = .coordination(.success(try CoordinationReply(decoding: try input.data("reply"))))
        case .refused:
            let code = try input.integer(Int32.self, "error")
            outcome = .coordination(.failure(CoordinationError(rawValue: code) ?? .systemError))
        case .metadata: outcome = .metadata(try MetadataOutcome(decoding: try input.data("outcome")))
        case .fresh: outcome = .fresh
        case .joined:
            let session = try input.integer(Int64.self, "session")
            outcome = .joined(session: session, try MetadataOutcome(decoding: try input.data("outcome")))
        case .quorum: outcome = .quorum(try QuorumReply(from: &input))
        case .notLeader: outcome = .notLeader
        }
    }
}
