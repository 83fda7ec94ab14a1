import Vocabulary

extension VoterSet {
    /// The highest value that a majority of the voters has reached: commit index, proven round, time of last contact.
    ///
    /// With values 7, 5, 3 it is 5: two of three are at 5 or above. With four voters at 7, 5, 3, 1 it is 3.
    /// - Returns: nil when there are no voters.
    package func reachedByMajority<Value: Comparable>(_ value: (ReplicaKey) -> Value) -> Value? {
        if voters.isEmpty { return nil }
        return voters.map { value($0.key) }.sorted(by: >)[majority - 1]
    }

    /// Whether those who said yes are enough. Who is no voter does not count, whoever says so.
    package func isMajority(_ yes: [ReplicaKey]) -> Bool {
        !voters.isEmpty && voters.count { yes.contains($0.key) } >= majority
    }

    /// Whether this set and `other` differ by one voter at most, so that their majorities meet (thesis §4.1).
    package func isOneChange(from other: VoterSet) -> Bool {
        let mine = Set(keys)
        let theirs = Set(other.keys)
        return mine.symmetricDifference(theirs).count <= 1
    }

    /// The set with `voter` in it; it takes the place of one with the same key.
    package func adding(_ voter: Voter) -> VoterSet {
        VoterSet(voters.filter { $0.key != voter.key } + [voter])
    }
    package func removing(_ key: ReplicaKey) -> VoterSet { VoterSet(voters.filter { $0.key != key }) }
}
