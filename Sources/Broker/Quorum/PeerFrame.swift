import Consensus
import Vocabulary

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

    /// Raised with every change of what is sent: brokers of different ones do not talk to each other.
    static let version: UInt16 = 2
    /// Frames of more bytes than this are nobody's: a snapshot's piece, a batch of the log, a client's request fit well below.
    static let bytesMax = 64 << 20

    private enum Kind: UInt64 {
        case hello = 1
        case raft, ask, answer
    }

    /// The whole frame, its length too. `payload` of a Raft message is appended.
    func encode() -> [UInt8] {
        var out = FieldWriter(capacity: 128 + payloadCount)
        out.put(UInt32(0))
        switch self {
        case .hello(let hello):
            out.put(type: Kind.hello)
            hello.encode(to: &out)
        case .raft(let message, let payload):
            out.put(type: Kind.raft)
            message.encode(to: &out)
            out.append(payload)
        case .ask(let id, let question):
            out.put(type: Kind.ask)
            out.put(id)
            question.encode(to: &out)
        case .answer(let id, let answer):
            out.put(type: Kind.answer)
            out.put(id)
            answer.encode(to: &out)
        }
        return out.framed()
    }

    private var payloadCount: Int {
        if case .raft(_, let payload) = self { payload.count } else { 0 }
    }

    /// - Parameter frame: without its length.
    init(decoding frame: [UInt8]) throws(FieldError) {
        var input = FieldReader(slice: frame[...])
        switch try input.type(Kind.self) {
        case .hello: self = .hello(try PeerHello(from: &input))
        case .raft:
            let message = try RaftMessage(from: &input)
            self = .raft(message, payload: Array(input.rest()))
        case .ask: self = .ask(id: try input.integer(UInt64.self), try PeerQuestion(from: &input))
        case .answer: self = .answer(id: try input.integer(UInt64.self), try PeerAnswer(from: &input))
        }
        try input.end()
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

    /// First bytes of it, so that a client of another protocol is told apart at once.
    private static let magic: UInt32 = 0x4E54_5131  // NTQ1

    func encode(to out: inout FieldWriter) {
        out.put(Self.magic)
        out.put(version)
        out.put(clusterID)
        out.put(key)
        out.put(voters) { out, address in
            out.put(address.host)
            out.put(address.port)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let start = input.at
        guard try input.integer(UInt32.self) == Self.magic else {
            throw .malformed(at: start, "it does not begin as a broker's hello does")
        }
        version = try input.integer(UInt16.self)
        // Magic and version stand first in all versions. What follows in another one is not known here.
        guard version == PeerFrame.version else {
            _ = input.rest()
            (clusterID, key, voters) = ("", ReplicaKey(id: .none, directory: .zero), [])
            return
        }
        clusterID = try input.string()
        key = try input.replicaKey()
        voters = try input.array(itemBytesMin: 3) { input throws(FieldError) in
            PeerAddress(host: try input.string(), port: try input.integer(UInt16.self))
        }
    }
}

extension FieldWriter {
    /// The bytes as a frame: their first four, left free, become the length of the rest.
    mutating func framed() -> [UInt8] {
        let length = UInt32(bytes.count - 4)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index)) }
        return bytes
    }
}
