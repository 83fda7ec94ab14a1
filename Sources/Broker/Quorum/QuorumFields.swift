import Consensus
import Vocabulary

/// How the quorum's values stand among other fields, in what replicas send each other and in their files.
extension FieldWriter {
    mutating func put(_ value: Offset) { put(value.value) }
    mutating func put(_ value: LeaderEpoch) { put(value.value) }

    mutating func put(_ value: LogPosition) {
        put(value.end)
        put(value.term)
    }

    mutating func put(_ value: ReplicaKey) {
        put(value.id)
        put(value.directory)
    }

    mutating func put(_ value: Voter) {
        put(value.key)
        put(value.host)
        put(value.port)
    }

    mutating func put(_ value: VoterSet) { put(value.voters) { $0.put($1) } }

    mutating func put(_ value: PlacedVoterSet) {
        put(value.offset)
        put(value.voters)
    }
}

extension FieldReader {
    mutating func offset() throws(FieldError) -> Offset { Offset(try integer(Int64.self)) }
    mutating func term() throws(FieldError) -> LeaderEpoch { LeaderEpoch(try integer(Int32.self)) }

    mutating func position() throws(FieldError) -> LogPosition {
        LogPosition(end: try offset(), term: try term())
    }

    mutating func replicaKey() throws(FieldError) -> ReplicaKey {
        ReplicaKey(id: try broker(), directory: try uuid())
    }

    mutating func voter() throws(FieldError) -> Voter {
        Voter(key: try replicaKey(), host: try string(), port: try integer(UInt16.self))
    }

    mutating func voterSet() throws(FieldError) -> VoterSet {
        let start = at
        let voters = try array(itemBytesMin: 23) { input throws(FieldError) in try input.voter() }
        guard let set = VoterSet(checking: voters) else {
            throw .malformed(at: start, "voters of which two are the same broker")
        }
        return set
    }

    mutating func placedVoterSet() throws(FieldError) -> PlacedVoterSet {
        PlacedVoterSet(offset: try offset(), voters: try voterSet())
    }

    /// What `put(data:)` wrote where something always is.
    mutating func encoded() throws(FieldError) -> [UInt8] {
        let start = at
        guard let bytes = try data() else { throw .malformed(at: start, "nothing, where something must be") }
        return bytes
    }
}
