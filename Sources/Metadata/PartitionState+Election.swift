import Vocabulary

/// What decides who leads a partition.
struct ElectionRules {
    /// Whether the replica at this broker, in this directory, can lead and be in sync.
    var isLive: (BrokerID, UUID128) -> Bool
    /// Whether a leader there can go on: one in controlled shutdown can, until another takes over.
    var canStay: (BrokerID, UUID128) -> Bool
    /// `min.insync.replicas`.
    var inSyncMin: Int
    /// `unclean.leader.election.enable`.
    var allowsUnclean: Bool
    /// A broker that came back without having stopped in order: what it held may be short (KIP-966).
    var restartedUnclean: BrokerID?
}

extension PartitionState {
    /// This partition with another ISR, its leader chosen anew when the old one cannot go on.
    ///
    /// Who leads, in this order (KIP-966):
    /// 1. the leader of now, if it is in the ISR and works
    /// 2. the first replica that is in the ISR and works
    /// 3. the first eligible leader that works: nothing was committed without it
    /// 4. when no replica is known to be whole, the last leader: nobody can hold more than it did
    /// 5. where the topic allows it, any replica that works
    ///
    /// Else nobody, until one of them returns. Brokers that leave an ISR smaller than `inSyncMin` stay eligible.
    func settled(isr target: [BrokerID], _ rules: ElectionRules) -> PartitionState {
        var new = self
        let place = { (id: BrokerID) in directory(on: id) ?? ReplicaDirectory.lost }
        let isLive = { (id: BrokerID) in rules.isLive(id, place(id)) }
        let whole = replicas.filter { $0 != rules.restartedUnclean }
        let eligible = whole.filter(eligibleLeaders.contains)
        new.isr = replicas.filter(target.contains)
        var isElected = false
        var isUnclean = false

        func elect(_ id: BrokerID, unclean: Bool) {
            new.leader = id
            if !new.isr.contains(id) { new.isr = [id] }
            // A lone replica has nobody to learn more from.
            if unclean, replicas.count > 1 { new.recovery = .recovering }
            isElected = true
            isUnclean = unclean
        }
        let before = leader == .none ? lastKnownLeader : leader
        if leader != .none, new.isr.contains(leader), rules.canStay(leader, place(leader)) {
            // It goes on.
        } else if let next = new.isr.first(where: isLive) {
            elect(next, unclean: false)
        } else if let next = eligible.first(where: isLive) {
            elect(next, unclean: false)
        } else if new.isr.isEmpty, eligible.isEmpty, leftover(target, rules).isEmpty, before != .none,
            isLive(before)
        {
            elect(before, unclean: true)
        } else if rules.allowsUnclean, let next = replicas.first(where: isLive) {
            new.isr = []
            elect(next, unclean: true)
        } else {
            new.leader = .none
            new.lastKnownLeader = before
        }
        if new.leader != .none { new.lastKnownLeader = .none }
        if isElected || new.leader != leader { new.leaderEpoch = LeaderEpoch(leaderEpoch.value + 1) }

        let isEnough = new.isr.count >= min(rules.inSyncMin, replicas.count)
        new.eligibleLeaders = isEnough || isUnclean ? [] : leftover(new.isr, rules)
        return new
    }

    /// Who is whole and not in `target`.
    private func leftover(_ target: [BrokerID], _ rules: ElectionRules) -> [BrokerID] {
        replicas.filter {
            $0 != rules.restartedUnclean && !target.contains($0)
                && (isr.contains($0) || eligibleLeaders.contains($0))
        }
    }
}
