import Consensus
import Ports
import Records
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
        var text = "version=1\nterm=\(state.term)\n"
        if let voted = state.votedFor { text += "voted.for=\(voted)\n" }
        if let owes = state.owes { text += "owes=\(owes)\n" }
        return Array((text + "crc32c=\(checksum(text))\n").utf8)
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
        guard let text = String(validating: bytes, as: UTF8.self), let mark = text.range(of: "crc32c=") else {
            throw QuorumError("quorum-state has no checksum")
        }
        let end = "\(checksum(String(text[..<mark.lowerBound])))\n"
        guard text[mark.upperBound...].hasPrefix(end) else { throw QuorumError("quorum-state fails its checksum") }
        var state = HardState()
        for line in text[..<mark.lowerBound].split(separator: "\n") {
            let field = line.split(separator: "=", maxSplits: 1)
            guard field.count == 2 else { throw QuorumError("the line '\(line)' is none of ours") }
            switch field[0] {
            case "version":
                guard field[1] == "1" else { throw QuorumError("it is of version \(field[1]), and not 1") }
            case "term":
                guard let term = Int32(field[1]) else { throw QuorumError("'\(line)' is no term") }
                state.term = LeaderEpoch(term)
            case "voted.for":
                guard let key = ReplicaKey(text: field[1]) else { throw QuorumError("'\(line)' is no replica") }
                state.votedFor = key
            case "owes":
                let parts = field[1].split(separator: "/")
                guard parts.count == 2, let end = Int64(parts[0]), let term = Int32(parts[1]) else {
                    throw QuorumError("'\(line)' is no position")
                }
                state.owes = LogPosition(end: Offset(end), term: LeaderEpoch(term))
            default: throw QuorumError("the line '\(line)' is none of ours")
            }
        }
        return state
    }

    private static func checksum(_ text: String) -> UInt32 {
        Array(text.utf8).withUnsafeBytes { crc32c($0) }
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

extension String {
    /// Where `other` stands first.
    func range(of other: String) -> Range<String.Index>? {
        var from = startIndex
        while from < endIndex {
            if self[from...].hasPrefix(other) { return from..<index(from, offsetBy: other.count) }
            from = index(after: from)
        }
        return nil
    }
}
