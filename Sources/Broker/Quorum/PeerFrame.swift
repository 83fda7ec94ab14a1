import Consensus
import Vocabulary
import Wire

/// What brokers tell each other over the controller listener: a length of four bytes, a kind of one, then the fields.
///
/// One-way messages both ways over one connection. Whoever dials says `hello` first, the other answers with its own; before
/// that nothing else is taken.
enum PeerFrame {
    case hello(PeerHello)
    /// A message of Raft's. Behind its fields stand the bytes that belong to it: batches of the log, or a piece of a snapshot.
    case raft(RaftMessage, payload: [UInt8])
    /// Asks the leader for something; answered by `answer` with the same number.
    case ask(id: UInt64, PeerQuestion)
    case answer(id: UInt64, PeerAnswer)

    static let version: UInt16 = 1
    /// Frames of more bytes than this are nobody's: a snapshot's piece, a batch of the log, a client's request fit well below.
    static let bytesMax = 64 << 20

    private enum Kind: UInt8 {
        case hello = 1
        case raft, ask, answer
    }

    /// The whole frame, its length too. `payload` of a Raft message is appended.
    func encode() -> [UInt8] {
        var out = ByteWriter(capacity: 128)
        out.put(UInt32(0))
        switch self {
        case .hello(let hello):
            out.put(Kind.hello.rawValue)
            hello.encode(to: &out)
        case .raft(let message, let payload):
            out.put(Kind.raft.rawValue)
            message.encode(to: &out)
            out.put(raw: payload)
        case .ask(let id, let question):
            out.put(Kind.ask.rawValue)
            out.put(id)
            question.encode(to: &out)
        case .answer(let id, let answer):
            out.put(Kind.answer.rawValue)
            out.put(id)
            answer.encode(to: &out)
        }
        return out.framed()
    }

    /// - Parameter frame: without its length.
    init(decoding frame: [UInt8]) throws {
        var input = ByteReader(frame)
        let kind: Kind = try input.enumeration("kind")
        switch kind {
        case .hello: self = .hello(try PeerHello(from: &input))
        case .raft:
            let message = try RaftMessage(from: &input)
            self = .raft(message, payload: Array(input.rest()))
        case .ask: self = .ask(id: try input.integer(), try PeerQuestion(from: &input))
        case .answer: self = .answer(id: try input.integer(), try PeerAnswer(from: &input))
        }
        guard input.isAtEnd else { throw WireError(.unexpectedValue(input.bytesLeft), at: input.at, "end") }
    }
}

/// Who is at the other end.
struct PeerHello: Equatable {
    let version: UInt16
    let clusterID: String
    let key: ReplicaKey
    /// Where the voters listen, as far as the sender knows: the leader among them tells a new member the rest, and it may have
    /// been told of a follower only.
    let voters: [PeerAddress]

    init(clusterID: String, key: ReplicaKey, voters: [PeerAddress]) {
        version = PeerFrame.version
        self.clusterID = clusterID
        self.key = key
        self.voters = voters
    }

    /// First bytes of the field, so that a client of another protocol is told apart at once.
    private static let magic: UInt32 = 0x4E54_5131  // NTQ1

    func encode(to out: inout ByteWriter) {
        out.put(Self.magic)
        out.put(version)
        out.put(clusterID)
        out.put(key)
        out.put(voters) { out, address in
            out.put(address.host)
            out.put(address.port)
        }
    }

    init(from input: inout ByteReader) throws(WireError) {
        let magic = try input.integer(UInt32.self, "magic")
        guard magic == Self.magic else {
            throw WireError(.unexpectedValue(Int(magic)), at: input.at - 4, "magic")
        }
        version = try input.integer(UInt16.self, "version")
        clusterID = try input.string("clusterID")
        key = try input.replicaKey()
        voters = try input.array(itemBytesMin: 6, "voters") { input throws(WireError) in
            PeerAddress(host: try input.string("host"), port: try input.integer(UInt16.self, "port"))
        }
    }
}

extension ByteWriter {
    /// The bytes as a frame: their first four, left free, become the length of the rest.
    consuming func framed() -> [UInt8] {
        var frame = bytes
        let length = UInt32(frame.count - 4)
        withUnsafeBytes(of: length.bigEndian) { frame.replaceSubrange(0..<4, with: $0) }
        return frame
    }
}
