import Vocabulary

/// Spreads new replicas over brokers and racks.
///
/// - Leaders (first replicas) are spread evenly over active brokers; so are all replicas.
/// - A partition's replicas lie on as many racks as there are.
/// - Ties are broken by chance, so that the followers of one leader's partitions spread as well: when it dies, its work
///   falls to many.
/// - Fenced brokers come last, and never first: they may hold a replica and catch up when they return.
struct ReplicaPlacement {
    private struct Candidate {
        let id: BrokerID
        let rack: String?
        let isActive: Bool
        var leaders = 0
        var replicas = 0
    }

    private var candidates: [Candidate]  // By id.
    private var chance: SeededGenerator

    /// - Parameter existing: partitions of the same topic, whose places count.
    init(brokers: [BrokerRegistration], existing: [PartitionState] = [], chance: SeededGenerator) {
        candidates = brokers.map { Candidate(id: $0.id, rack: $0.rack, isActive: $0.isActive) }
        self.chance = chance
        for partition in existing {
            for (place, replica) in partition.replicas.enumerated() {
                guard let index = candidates.firstIndex(where: { $0.id == replica }) else { continue }
                candidates[index].replicas += 1
                if place == 0 { candidates[index].leaders += 1 }
            }
        }
    }

    /// The replicas of `count` partitions.
    mutating func place(
        partitions count: Int, replicas: Int
    ) throws(MetadataError) -> [[BrokerID]] {
        let problem = "Unable to replicate the partition \(replicas) time(s): "
        guard candidates.contains(where: \.isActive) else {
            throw MetadataError(.invalidReplicationFactor, problem + "All brokers are currently fenced.")
        }
        guard replicas <= candidates.count else {
            throw MetadataError(
                .invalidReplicationFactor,
                problem + "The target replication factor of \(replicas) cannot be reached because only "
                    + "\(candidates.count) broker(s) are registered.")
        }
        return (0..<count).map { _ in placeOne(replicas: replicas) }
    }

    private mutating func placeOne(replicas: Int) -> [BrokerID] {
        var chosen: [Int] = []
        var racks: Set<String?> = []
        for place in 0..<replicas {
            let next = best(excluding: chosen, racks: racks, leads: place == 0)
            chosen.append(next)
            // Without a rack, each broker is a rack of its own.
            if let rack = candidates[next].rack { racks.insert(rack) }
            candidates[next].replicas += 1
            if place == 0 { candidates[next].leaders += 1 }
        }
        return chosen.map { candidates[$0].id }
    }

    /// Active before fenced, a new rack before a used one, the least loaded first; then by chance.
    private mutating func best(excluding chosen: [Int], racks: Set<String?>, leads: Bool) -> Int {
        var best: [Int] = []
        var bestRank = [Int.max]
        for (index, candidate) in candidates.enumerated() where !chosen.contains(index) {
            let load = leads ? [candidate.leaders, candidate.replicas] : [candidate.replicas]
            let isRackTaken = candidate.rack != nil && racks.contains(candidate.rack)
            let rank = [candidate.isActive ? 0 : 1, isRackTaken ? 1 : 0] + load
            if rank.lexicographicallyPrecedes(bestRank) {
                best = [index]
                bestRank = rank
            } else if rank == bestRank {
                best.append(index)
            }
        }
        invariant(!best.isEmpty, "no broker left for a replica")
        return best[Int.random(in: 0..<best.count, using: &chance)]
    }
}
