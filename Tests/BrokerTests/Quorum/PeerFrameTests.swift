import Consensus
import Coordination
import Metadata
import Testing
import Vocabulary

@testable import Broker

struct PeerFrameTests {
    private static let one = ReplicaKey(id: 1, directory: UUID128(high: 1, low: 2))
    private static let two = ReplicaKey(id: 2, directory: UUID128(high: 3, low: 4))
    private static let voters = VoterSet([
        Voter(key: one, host: "a.example", port: 9093), Voter(key: two, host: "::1", port: 1),
    ])

    private static let messages: [RaftMessage] = [
        Message(term: 3, .preVoteRequest(last: LogPosition(end: 7, term: 2))),
        Message(term: 3, .preVoteResponse(isGranted: true)),
        Message(term: 3, .voteRequest(last: LogPosition(end: 7, term: 2), isTransfer: true)),
        Message(term: 3, .voteResponse(isGranted: false)),
        Message(
            term: 3,
            .append(
                Append(
                    previous: LogPosition(end: 5, term: 1), end: 9,
                    runs: [LogPosition(end: 7, term: 1), LogPosition(end: 9, term: 3)], committed: 6,
                    round: 12,
                    voterSets: [PlacedVoterSet(offset: 8, voters: voters)]))),
        Message(term: 3, .appendResponse(AppendResponse(.matched(durable: 9), round: 12))),
        Message(
            term: 3, .appendResponse(AppendResponse(.mismatch(hint: LogPosition(end: 4, term: 1)), round: 13))
        ),
        Message(
            term: 3,
            .snapshotChunk(
                SnapshotChunk(
                    snapshot: LogPosition(end: 100, term: 2), position: 3, total: 10, count: 4,
                    voters: PlacedVoterSet(offset: -1, voters: voters), round: 14))),
        Message(
            term: 3,
            .snapshotResponse(
                SnapshotResponse(
                    snapshot: LogPosition(end: 100, term: 2), received: 7, isInstalled: false, round: 14))),
        Message(term: 3, .timeoutNow),
    ]

    private static let answers: [PeerAnswer.Outcome] = [
        .coordination(.success(.sessionClosed)), .coordination(.failure(.noNode)), .fresh, .notLeader,
        .metadata(.failure(MetadataError(.invalidRequest, "why"))),
        .joined(session: 5, .success(.brokerRegistered(epoch: 9))),
        .quorum(.refused(.voterNotFound, "who")), .quorum(.done), .quorum(.described(description)),
    ]
    private static let questions: [PeerQuestion] = [
        .coordination(.closeSession(id: 4, broker: 2)), .metadata(.unregisterBroker(3)), .readIndex,
        .join(JoinAsk(broker, password: SessionPassword(high: 1, low: 2), timeoutMs: 9000)),
        .quorum(.describe), .quorum(.addVoter(voters.voters[0])), .quorum(.updateVoter(voters.voters[1])),
        .quorum(.removeVoter(one)), .quorum(.transferLeadership(to: nil)), .quorum(.transferLeadership(to: 2)),
        .heard([1, -1, .max]),
    ]
    private static let broker = NewBroker(
        id: 2, clusterID: "c", incarnation: UUID128(high: 5, low: 6),
        endpoints: [BrokerEndpoint(name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0)], rack: nil,
        directories: [two.directory], features: [], startsFenced: false, stoppedCleanly: true)
    private static let description: QuorumDescription = {
        let replica = QuorumDescription.Replica(key: two, logEnd: 8, lastHeard: 5, lastCaughtUp: -1)
        return QuorumDescription(
            leader: 1, term: 4, highWatermark: 8, voters: [replica], observers: [replica, replica], set: voters)
    }()
    private static let hello = PeerHello(clusterID: "c", key: one, voters: [PeerAddress(host: "h", port: 9093)])

    /// One of each kind; Raft's without bytes behind them.
    private static var frames: [PeerFrame] {
        [.hello(hello)] + messages.map { .raft($0, payload: []) }
            + answers.map { .answer(id: 7, PeerAnswer($0, index: 11)) } + questions.map { .ask(id: 7, $0) }
    }

    /// A frame without its length, which must be right.
    private func body(_ frame: PeerFrame) -> [UInt8] {
        let bytes = frame.encode()
        #expect(bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } == bytes.count - 4)
        return Array(bytes.dropFirst(4))
    }

    @Test func `a message of Raft's comes through as it was, with the bytes behind it`() throws {
        for message in Self.messages {
            guard
                case .raft(let read, let payload) = try PeerFrame(
                    decoding: body(.raft(message, payload: [1, 2, 3])))
            else { return #expect(Bool(false), "another frame") }
            #expect(read == message)
            #expect(payload == [1, 2, 3])
            #expect(read.flaw == nil)
        }
    }

    @Test func `every frame is read as it was written, and one that is cut off anywhere is an error`() throws {
        for frame in Self.frames {
            let bytes = body(frame)
            #expect(body(try PeerFrame(decoding: bytes)) == bytes, "\(frame)")
            for end in bytes.indices {
                #expect(throws: FieldError.self, "\(frame) to \(end)") {
                    try PeerFrame(decoding: Array(bytes[..<end]))
                }
            }
            if case .raft = frame { continue }  // What follows is its own.
            #expect(throws: FieldError.self) { try PeerFrame(decoding: bytes + [0]) }
        }
    }

    @Test(arguments: 0..<20) func `random bytes are an error or a frame, and never a trap`(seed: Int) {
        var chance = SeededGenerator(seed: UInt64(seed))
        for sound in Self.frames.map({ body($0) }) {
            for _ in 0..<50 {
                var bytes = sound
                for _ in 0..<Int.random(in: 1...6, using: &chance) {
                    bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(
                        in: 0...255, using: &chance)
                }
                if let frame = try? PeerFrame(decoding: bytes), case .raft(let message, _) = frame {
                    _ = message.flaw
                }
            }
        }
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...60, using: &chance)).map { _ in
                UInt8.random(in: 0...255, using: &chance)
            }
            for kind in UInt8(0)...5 { _ = try? PeerFrame(decoding: [kind] + bytes) }
        }
    }

    @Test func `a count that promises more than there is, is an error`() {
        var frame = body(.ask(id: 7, .heard([])))
        #expect(frame.removeLast() == 0)
        for count in [1, 2, 1 << 20, 1 << 62] {
            var out = FieldWriter()
            out.append(frame)
            out.put(varint: UInt64(count))
            out.append([UInt8](repeating: 0, count: 7))
            #expect(throws: FieldError.truncated(at: out.bytes.count)) { try PeerFrame(decoding: out.bytes) }
        }
    }

    @Test func `a hello of another version is known by it, whatever follows`() throws {
        var bytes = body(.hello(Self.hello))
        bytes[6] += 1
        for end in 7...bytes.count {
            guard case .hello(let hello) = try PeerFrame(decoding: Array(bytes[..<end])) else {
                return #expect(Bool(false), "another frame")
            }
            #expect(hello.version == PeerFrame.version + 1)
        }
        bytes[1] ^= 1
        let error = #expect(throws: FieldError.self) { try PeerFrame(decoding: bytes) }
        #expect(error?.description.contains("hello") == true)
    }

    @Test func `a description of the quorum comes through as it was`() throws {
        let frame = body(.answer(id: 1, PeerAnswer(.quorum(.described(Self.description)), index: 8)))
        guard case .answer(1, let answer) = try PeerFrame(decoding: frame),
            case .quorum(.described(let read)) = answer.outcome
        else { return #expect(Bool(false), "another frame") }
        #expect(read == Self.description)
    }
}
