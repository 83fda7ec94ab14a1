import Consensus
import Ports
import Records
import Vocabulary

/// `quorum-state`: what a voter must not forget, as lines of text with a checksum in the last.
enum HardStateFile {
    static var path: String { QuorumLog.directory + "/quorum-state" }

    static func encode(_ state: HardState) -> [UInt8] {
        var text = "version=1\nterm=\(state.term)\n"
        if let voted = state.votedFor { text += "voted.for=\(voted)\n" }
        if let owes = state.owes { text += "owes=\(owes)\n" }
        return Array((text + "crc32c=\(checksum(text))\n").utf8)
    }

    /// - Throws: on damage of any kind: whom we voted for must not be guessed at.
    static func decode(_ bytes: [UInt8]) throws(QuorumError) -> HardState {
        guard let text = String(validating: bytes, as: UTF8.self), let mark = text.range(of: "crc32c=") else {
            throw QuorumError("it has no checksum")
        }
        guard text[mark.upperBound...] == "\(checksum(String(text[..<mark.lowerBound])))\n" else {
            throw QuorumError("it fails its checksum")
        }
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
