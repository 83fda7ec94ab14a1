import HashTreeCollections
import Vocabulary

// What brokers say of their replicas: who is in sync, and where they lie.
extension Controller {
    /// A leader's proposals of who is in sync; each is granted or refused by itself (KIP-497).
    func alterPartitions(
        _ id: BrokerID, _ epoch: Int64, _ proposals: [PartitionProposal]
    ) throws(MetadataError) -> MetadataDecision {
        _ = try registered(id, epoch)
        var draft = Draft(image)
        var rules = RulesByTopic(configs, restartedUnclean: nil)
        let results = proposals.map { proposal in
            let key = proposal.partition
            guard draft.image.topics[key.topic] != nil else {
                return PartitionResult(partition: key, error: .unknownTopicId)
            }
            guard let state = draft.image.partitions[key] else {
                return PartitionResult(partition: key, error: .unknownTopicOrPartition)
            }
            if let error = refusal(of: proposal, by: id, state) {
                return PartitionResult(partition: key, error: error)
            }
            var next = state
            next.recovery = proposal.recovery
            next = next.settled(isr: proposal.isr.map(\.broker), rules[key.topic])
            if let change = PartitionChange(from: state, to: next) {
                draft.add(.partitionChanged(key, change))
            }
            return PartitionResult(partition: key, state: draft.image.partitions[key])
        }
        return MetadataDecision(records: draft.records, reply: .partitionsAltered(results), isAtomic: false)
    }

    /// Why a proposal cannot be granted; nil when it can.
    private func refusal(of proposal: PartitionProposal, by id: BrokerID, _ state: PartitionState)
        -> ErrorCode?
    {
        // It knows more than this controller, which then is one no longer.
        if proposal.leaderEpoch > state.leaderEpoch { return .notController }
        if proposal.partitionEpoch > state.partitionEpoch { return .notController }
        if proposal.leaderEpoch < state.leaderEpoch { return .fencedLeaderEpoch }
        if state.leader != id { return .invalidRequest }
        if proposal.partitionEpoch < state.partitionEpoch { return .invalidUpdateVersion }
        let isr = proposal.isr.map(\.broker)
        if !Self.repeated(isr).isEmpty { return .invalidRequest }
        if !Set(isr).isSubset(of: state.replicas) { return .invalidRequest }
        if !isr.contains(id) { return .invalidRequest }
        if proposal.recovery == .recovering {
            if isr.count > 1 { return .invalidRequest }
            if state.recovery == .recovered { return .invalidRequest }
        }
        for member in proposal.isr where !canBeInSync(member.broker, epoch: member.epoch) {
            return .ineligibleReplica
        }
        return nil
    }

    /// Active, and the same process that the leader saw catching up (KIP-903).
    private func canBeInSync(_ id: BrokerID, epoch: Int64) -> Bool {
        guard let broker = image.brokers[id], broker.isActive else { return false }
        return epoch == -1 || epoch == broker.epoch
    }

    /// Where a broker put its replicas (KIP-858).
    func setDirectories(
        _ id: BrokerID, _ epoch: Int64, _ assignments: [DirectoryAssignment]
    ) throws(MetadataError) -> MetadataDecision {
        let broker = try registered(id, epoch)
        var draft = Draft(image)
        var rules = RulesByTopic(configs, restartedUnclean: nil)
        let results = assignments.map { assignment in
            let key = assignment.partition
            guard draft.image.topics[key.topic] != nil else {
                return DirectoryResult(partition: key, error: .unknownTopicId)
            }
            guard let state = draft.image.partitions[key] else {
                return DirectoryResult(partition: key, error: .unknownTopicOrPartition)
            }
            guard let place = state.replicas.firstIndex(of: id) else {
                return DirectoryResult(partition: key, error: .notLeaderOrFollower)
            }
            var next = state
            next.directories[place] = assignment.directory
            let isr =
                broker.holdsReplicas(in: assignment.directory) ? state.isr : state.isr.filter { $0 != id }
            next = next.settled(isr: isr, rules[key.topic])
            if let change = PartitionChange(from: state, to: next) {
                draft.add(.partitionChanged(key, change))
            }
            return DirectoryResult(partition: key)
        }
        return MetadataDecision(records: draft.records, reply: .directoriesSet(results), isAtomic: false)
    }
}
