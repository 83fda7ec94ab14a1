package import Vocabulary

/// One replica of the log: a broker together with the directory that holds its copy (KIP-853).
///
/// A wiped disk has another directory id, so it is a new replica, and never passes for the one whose promises are lost.
package struct ReplicaKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let id: BrokerID
    package let directory: UUID128

    package init(id: BrokerID, directory: UUID128) {
        self.id = id
        self.directory = directory
    }

    package var description: String { "\(id)@\(directory)" }

    package static func < (a: ReplicaKey, b: ReplicaKey) -> Bool {
        a.id == b.id ? a.directory < b.directory : a.id < b.id
    }
}

/// A member of the quorum and where it listens for the others.
package struct Voter: Hashable, Sendable {
    package let key: ReplicaKey
    package let host: String
    package let port: UInt16

    package init(key: ReplicaKey, host: String, port: UInt16) {
        self.key = key
        self.host = host
        self.port = port
    }
}

/// The quorum's members, sorted by key; no broker id twice.
package struct VoterSet: Hashable, Sendable {
    package let voters: [Voter]

    package init(_ voters: [Voter]) {
        self.voters = voters.sorted { $0.key < $1.key }
        invariant(Set(voters.map(\.key.id)).count == voters.count, "a broker votes twice: \(voters)")
    }

    /// For what comes from a file or another broker.
    ///
    /// - Returns: nil when a broker would vote twice.
    package init?(checking voters: [Voter]) {
        guard Set(voters.map(\.key.id)).count == voters.count else { return nil }
        self.init(voters)
    }

    package static let empty = VoterSet([])
    package var keys: [ReplicaKey] { voters.map(\.key) }
    package func contains(_ key: ReplicaKey) -> Bool { voters.contains { $0.key == key } }
    package func voter(_ id: BrokerID) -> Voter? { voters.first { $0.key.id == id } }
    /// How many make a majority.
    package var majority: Int { voters.count / 2 + 1 }
}
