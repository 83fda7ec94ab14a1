import Consensus
import Ports
import Vocabulary

/// `quorum-state`: what a voter must not forget, as lines of text with a checksum in the last. It stands there twice, a page apart:
/// one sector that rots must not cost a voter its word.
enum HardStateFile {
    static var path: String { QuorumLog.directory + "/quorum-state" }

    /// Where the second copy begins; up to there the first is followed by empty lines.
    private static let copyAt = 4096

    static func encode(_ state: HardState) -> [UInt8] {
        let copy = encodeCopy(state)
        invariant(copy.count <= copyAt, "a state of \(copy.count) bytes")
        return copy + Array(repeating: UInt8(ascii: "\n"), count: copyAt - copy.count) + copy
    }

    private static func encodeCopy(_ state: HardState) -> [UInt8] {
        var lines = [(name: "version", value: "1"), (name: "term", value: "\(state.term)")]
        if let voted = state.votedFor { lines.append(("voted.for", "\(voted)")) }
        if let owes = state.owes { lines.append(("owes", "\(owes)")) }
        return CheckedText.encode(lines)
    }

    /// What the first sound copy says, and whether anything of the file is not as it was written.
    ///
    /// - Throws: when both copies are damaged: whom we voted for must not be guessed at.
    static func decode(_ bytes: [UInt8]) throws(QuorumError) -> (state: HardState, isDamaged: Bool) {
        let state: HardState
        do throws(QuorumError) {
            state = try decodeCopy(bytes.prefix(copyAt))
        } catch {
            guard bytes.count > copyAt else { throw error }
            state = try decodeCopy(bytes.dropFirst(copyAt))
        }
        return (state, bytes != encode(state))
    }

    private static func decodeCopy(_ bytes: ArraySlice<UInt8>) throws(QuorumError) -> HardState {
        var state = HardState()
        for (name, value) in try CheckedText.decode(bytes, of: "quorum-state") {
            switch name {
            case "version":
                guard value == "1" else { throw QuorumError("quorum-state is of version \(value), and not 1") }
            case "term":
                guard let term = Int32(value) else { throw QuorumError("'\(value)' is no term") }
                state.term = LeaderEpoch(term)
            case "voted.for":
                guard let key = ReplicaKey(text: value) else { throw QuorumError("'\(value)' is no replica") }
                state.votedFor = key
            case "owes":
                let parts = value.split(separator: "/")
                guard parts.count == 2, let end = Int64(parts[0]), let term = Int32(parts[1]) else {
                    throw QuorumError("'\(value)' is no position")
                }
                state.owes = LogPosition(end: Offset(end), term: LeaderEpoch(term))
            default: throw QuorumError("quorum-state: the line '\(name)=\(value)' is none of ours")
            }
        }
        return state
    }
}

extension ReplicaKey {
    /// `1@directory-id`
    init?(text: some StringProtocol) {
        let parts = text.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let id = Int32(parts[0]), let directory = UUID128(String(parts[1])) else {
            return nil
        }
        self.init(id: BrokerID(id), directory: directory)
    }
}
