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

    @Test func `a frame that is cut off anywhere is an error`() throws {
        let answers: [PeerAnswer.Outcome] = [
            .coordination(.success(.sessionClosed)), .coordination(.failure(.noNode)), .fresh, .notLeader,
            .metadata(.failure(MetadataError(.invalidRequest, "why"))),
            .joined(session: 5, .success(.brokerRegistered(epoch: 9))),
            .quorum(.refused(.voterNotFound, "who")), .quorum(.done),
        ]
        let questions: [PeerQuestion] = [
            .coordination(.closeSession(id: 4, broker: 2)), .metadata(.unregisterBroker(3)), .readIndex,
            .quorum(.addVoter(Self.voters.voters[0])), .quorum(.transferLeadership(to: nil)),
            .heard([1, -1, .max]),
        ]
        let hello = PeerHello(clusterID: "c", key: Self.one, voters: [PeerAddress(host: "h", port: 9093)])
        var frames = [PeerFrame.hello(hello)]
        frames += answers.map { .answer(id: 7, PeerAnswer($0, index: 11)) }
        frames += questions.map { .ask(id: 7, $0) }
        for frame in frames {
            let bytes = body(frame)
            _ = try PeerFrame(decoding: bytes)
            for end in bytes.indices {
                #expect(throws: (any Error).self, "\(frame) to \(end)") {
                    try PeerFrame(decoding: Array(bytes[..<end]))
                }
            }
            #expect(throws: (any Error).self) { try PeerFrame(decoding: bytes + [0]) }
        }
    }

    @Test(arguments: 0..<20) func `random bytes are an error or a frame, and never a trap`(seed: Int) {
        var chance = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<500 {
            var bytes = body(.raft(Self.messages.randomElement(using: &chance)!, payload: [9]))
            for _ in 0..<Int.random(in: 1...6, using: &chance) {
                bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(
                    in: 0...255, using: &chance)
            }
            if let frame = try? PeerFrame(decoding: bytes), case .raft(let message, _) = frame {
                _ = message.flaw
            }
        }
    }

    @Test func `a description of the quorum comes through as it was`() throws {
        let replica = QuorumDescription.Replica(key: Self.two, logEnd: 8, lastHeard: 5, lastCaughtUp: -1)
        let description = QuorumDescription(
            leader: 1, term: 4, highWatermark: 8, voters: [replica], observers: [replica, replica],
            set: Self.voters)
        let frame = body(.answer(id: 1, PeerAnswer(.quorum(.described(description)), index: 8)))
        guard case .answer(1, let answer) = try PeerFrame(decoding: frame),
            case .quorum(.described(let read)) = answer.outcome
        else { return #expect(Bool(false), "another frame") }
        #expect(read == description)
    }
}
