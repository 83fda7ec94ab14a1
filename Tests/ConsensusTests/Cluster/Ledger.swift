import Vocabulary

@testable import Consensus

/// What the quorum has agreed on, as seen from outside: holds all replicas to it.
struct Ledger {
    private var entries: [Entry] = []
    /// The term in which the entry was committed.
    private var terms: [LeaderEpoch] = []
    /// The state before the entry at that offset.
    private var states: [UInt64] = [0]
    private var leaders: [LeaderEpoch: ReplicaKey] = [:]
    /// The committed set of voters.
    var voters = VoterSet.empty

    var end: Int64 { Int64(entries.count) }

    static func state(after entry: Entry, from state: UInt64) -> UInt64 {
        (state ^ entry.value &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(entry.term.value)) &* 0xFF51_AFD7_ED55_8CCD
            &+ 1
    }

    /// State machine safety (§5.4.3): nobody applies another entry at an offset.
    mutating func committed(_ entry: Entry, at offset: Int64, by key: ReplicaKey, in term: LeaderEpoch) throws
    {
        if offset < end {
            if entries[Int(offset)] != entry {
                throw Cluster.Violation(
                    description: "\(key.id) commits \(entry) at \(offset), there was \(entries[Int(offset)])")
            }
            return
        }
        guard offset == end else {
            throw Cluster.Violation(description: "\(key.id) commits at \(offset), the ledger ends at \(end)")
        }
        entries.append(entry)
        terms.append(term)
        states.append(Self.state(after: entry, from: states[states.count - 1]))
        if let set = entry.voters { voters = set }
    }

    func check(state: UInt64, at offset: Int64, of key: ReplicaKey) throws {
        guard offset <= end, states[Int(offset)] == state else {
            throw Cluster.Violation(description: "the state of \(key.id) at \(offset) is another")
        }
    }

    /// Election safety (§5.2), and leader completeness (§5.4): its log holds all that was committed in earlier terms. A candidate
    /// that was stopped may come late, and lead a term that is over.
    mutating func elected(_ node: ReplicaNode, term: LeaderEpoch) throws {
        if let other = leaders[term], other != node.key {
            throw Cluster.Violation(description: "\(other.id) and \(node.key.id) lead term \(term)")
        }
        leaders[term] = node.key
        let known = Int64(terms.firstIndex { $0 >= term } ?? terms.count)
        guard node.disk.end >= known else {
            throw Cluster.Violation(
                description:
                    "\(node.key.id) leads term \(term), its log ends at \(node.disk.end), it lacks up to \(known)"
            )
        }
        for offset in node.disk.logStart..<max(known, node.disk.logStart)
        where node.disk[offset] != entries[Int(offset)] {
            throw Cluster.Violation(
                description: "\(node.key.id) leads term \(term) with another entry at \(offset)")
        }
    }

    /// Log matching (§5.3): where two logs have an entry of one term at one offset, they agree up to there.
    static func checkMatching(_ a: ReplicaNode, _ b: ReplicaNode) throws {
        let start = max(a.disk.logStart, b.disk.logStart)
        var mustAgree = false
        for offset in stride(from: min(a.disk.end, b.disk.end) - 1, through: start, by: -1) {
            if a.disk[offset].term == b.disk[offset].term { mustAgree = true }
            if mustAgree, a.disk[offset] != b.disk[offset] {
                throw Cluster.Violation(
                    description: "the logs of \(a.key.id) and \(b.key.id) differ at \(offset)")
            }
        }
    }
}
