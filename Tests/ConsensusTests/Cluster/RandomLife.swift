import Vocabulary

@testable import Consensus

/// Faults and work by chance over a cluster, then healing; from one seed.
struct RandomLife {
    /// What may happen in this life. Each seed has some of it, so that rare things meet often (swarm testing).
    struct Options {
        var crashes = true
        var cuts = true
        var pauses = true
        var snapshots = true
        var transfers = true
        var changes = true
        var wipes = true
        var damage = true
    }

    let cluster: Cluster
    private var chance: SeededGenerator
    private let options: Options
    /// Replicas whose disk was replaced while they were voters; to be removed from the set.
    private var gone: [ReplicaKey] = []

    init(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        func maybe() -> Bool { Bool.random(using: &chance) }
        let voters = [1, 2, 3, 3, 3, 4, 5, 5, 7].randomElement(using: &chance)!
        cluster = Cluster(
            count: voters + Int.random(in: 0...2, using: &chance), voters: voters, seed: chance.next())
        options = Options(
            crashes: maybe(), cuts: maybe(), pauses: maybe(), snapshots: maybe(), transfers: maybe(),
            changes: maybe(),
            wipes: maybe(), damage: maybe())
        cluster.weather.isReordering = maybe()
        if maybe() { cluster.weather.lost = 50 }
        if maybe() { cluster.weather.doubled = 50 }
        if maybe() { cluster.weather.late = 20 }
        if maybe() { cluster.weather.delay = 1_000...60_000 }
        if maybe() { cluster.weather.sync = 5_000...200_000 }
        if options.crashes, maybe() { cluster.weather.crashing = 2 }
        if maybe() { cluster.weather.full = 5 }
        let timeout = [250, 500, 1_000].randomElement(using: &chance)! as Int64
        cluster.configure = { $0.electionTimeoutMs = timeout }
        self.chance = chance
    }

    private mutating func rare(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &chance) == 0 }
    private mutating func node() -> Int { Int.random(in: cluster.nodes.indices, using: &chance) }

    mutating func run(steps: Int) throws {
        for n in cluster.nodes.indices { try cluster.start(n) }
        for step in 0..<steps {
            try cluster.runNext()
            if rare(8) { try work() }
            if rare(40) { try disturb() }
            if step % 500 == 0 { try checkLogs() }
        }
        try heal()
    }

    // MARK: Work

    private mutating func work() throws {
        let n = node()
        if rare(3) { try cluster.read(n) }
        let leaders = cluster.nodes.indices.filter { cluster.nodes[$0].raft?.role == .leader }
        guard let leader = leaders.randomElement(using: &chance) else { return }
        let values = (0...Int.random(in: 0...4, using: &chance)).map { _ in chance.next() }
        if cluster.nodes[leader].raft?.isTransferring == false || rare(4) {
            try cluster.propose(leader, values)
        }
        if rare(2) { try cluster.read(leader) }
        if options.snapshots, rare(10) {
            try cluster.takeSnapshot(n, keeping: Int64.random(in: 0...10, using: &chance))
        }
        if options.transfers, rare(20) {
            try cluster.step(leader, .transferLeadership(to: rare(2) ? nil : cluster.nodes[node()].key))
        }
        if options.transfers, rare(60) { try cluster.step(leader, .resign) }
        if options.changes, rare(10) { try changeVoters(leader) }
    }

    private mutating func changeVoters(_ leader: Int) throws {
        let other = node()
        let key = cluster.nodes[other].key
        guard let set = cluster.nodes[leader].raft?.voters else { return }
        if let lost = gone.first(where: { set.contains($0) }) {
            return try cluster.step(leader, .removeVoter(lost))
        }
        if !set.contains(key) {
            try cluster.step(leader, .addVoter(Voter(key: key, host: "b", port: 1)))
        } else if rare(3) {
            try cluster.step(
                leader,
                .updateVoter(Voter(key: key, host: "b", port: UInt16.random(in: 1...9, using: &chance))))
        } else if !isAnywhere(gone), !cluster.nodes.contains(where: { $0.disk.hardState.owes != nil }) {
            try cluster.step(leader, .removeVoter(key))
        }
    }

    private func isAnywhere(_ keys: [ReplicaKey]) -> Bool {
        cluster.nodes.contains { node in sets(on: node).contains { set in keys.contains { set.contains($0) } }
        }
    }

    /// The sets of voters that a replica knows of, on its disk.
    private func sets(on node: ReplicaNode) -> [VoterSet] {
        let base = node.disk.image?.voters.voters ?? node.disk.formatted
        return [node.raft?.voters ?? base] + node.disk.entries.compactMap(\.voters).suffix(1)
    }

    // MARK: Faults

    private mutating func disturb() throws {
        // Leaders have the most to lose.
        let n = rare(2) ? cluster.leader ?? node() : node()
        let other = node()
        switch Int.random(in: 0..<10, using: &chance) {
        case 0 where options.crashes: try crash(n)
        case 1: try cluster.start(other)
        case 2 where options.cuts && n != other:
            cluster.cut(n, other)
            if rare(2) { cluster.cut(other, n) }
        case 3 where options.cuts: isolate(n)
        case 4 where n != other: try cluster.reconnect(n, other)
        case 5 where options.cuts && n != other: try cluster.disconnect(n, other)
        case 6 where options.pauses:
            cluster.pause(n, milliseconds: Int64.random(in: 1...4_000, using: &chance))
        case 7, 8:
            for n in cluster.nodes.indices { try cluster.start(n) }
        case 9: try healNetwork()
        default: break
        }
    }

    private mutating func crash(_ n: Int) throws {
        let hadRaft = cluster.nodes[n].raft != nil
        if options.wipes, rare(8), mayLose(n) {
            if cluster.ledger.voters.contains(cluster.nodes[n].key) { gone.append(cluster.nodes[n].key) }
            cluster.wipe(n)
        } else {
            cluster.crash(n)
            let disk = cluster.nodes[n].disk
            if options.damage, rare(2), hadRaft, mayLose(n), disk.end > disk.logStart {
                cluster.damage(n, from: Int64.random(in: disk.logStart..<disk.end, using: &chance))
            }
        }
        if rare(2) { try cluster.connectionsBreak(of: n) }
    }

    /// A voter's disk may go, or lose a part, where the others are enough, nobody else's is gone or damaged, and no change of
    /// voters is under way anywhere: faults must leave a majority that holds what was promised, or nothing could be asked of
    /// the quorum.
    private func mayLose(_ n: Int) -> Bool {
        let key = cluster.nodes[n].key
        let set = cluster.ledger.voters
        let isSettled = cluster.nodes.allSatisfy { node in
            node.disk.hardState.owes == nil && node.raft?.learner == nil
                && sets(on: node).allSatisfy { $0 == set || $0.voters.isEmpty }
        }
        return isSettled && !isAnywhere(gone) && (!set.contains(key) || set.voters.count >= 3)
    }

    private mutating func isolate(_ n: Int) {
        let isOneWay = rare(3)
        for other in cluster.nodes.indices where other != n {
            cluster.cut(n, other)
            if !isOneWay { cluster.cut(other, n) }
        }
    }

    private func healNetwork() throws {
        for a in cluster.nodes.indices {
            for b in cluster.nodes.indices where a < b { try cluster.reconnect(a, b) }
        }
    }

    private func checkLogs() throws {
        for a in cluster.nodes.indices {
            for b in cluster.nodes.indices where a < b {
                try Ledger.checkMatching(cluster.nodes[a], cluster.nodes[b])
            }
        }
    }

    // MARK: Healing

    /// Faults end; from here the quorum owes an agreement in bounded time.
    private mutating func heal() throws {
        let cluster = cluster
        cluster.weather = Cluster.Weather()
        for n in cluster.nodes.indices {
            // Who resigned stands again after a new start.
            if cluster.nodes[n].raft?.hasResigned == true { cluster.crash(n) }
            cluster.pause(n, milliseconds: 0)
            try cluster.start(n)
        }
        try healNetwork()
        try cluster.run(milliseconds: 10_000)
        guard let leader = cluster.leader else {
            throw Cluster.Violation(description: "nobody leads after healing")
        }
        try cluster.propose(leader, [1, 2, 3])
        try cluster.read(leader)
        try cluster.run(milliseconds: 5_000)
        try checkAgreement(leader)
    }

    private func checkAgreement(_ leader: Int) throws {
        let end = cluster.nodes[leader].disk.end
        for (n, node) in cluster.nodes.enumerated() {
            guard let raft = node.raft else { throw Cluster.Violation(description: "\(n + 1) is down") }
            let isLeader = n == leader
            guard raft.leader == cluster.nodes[leader].key, (raft.role == .leader) == isLeader else {
                throw Cluster.Violation(
                    description: "\(n + 1) is \(raft.role) and follows \(String(describing: raft.leader))")
            }
            guard node.applied == end, raft.committed.value == end, raft.durableEnd.value == end else {
                throw Cluster.Violation(
                    description:
                        "\(n + 1) applied \(node.applied), committed \(raft.committed), durable \(raft.durableEnd), of \(end)"
                )
            }
            guard raft.hardState.owes == nil else {
                throw Cluster.Violation(description: "\(n + 1) still owes \(raft.hardState)")
            }
            guard raft.voters == cluster.ledger.voters else {
                throw Cluster.Violation(description: "\(n + 1) has voters \(raft.voters)")
            }
        }
        guard cluster.ledger.end == end else {
            throw Cluster.Violation(description: "\(cluster.ledger.end) committed of \(end)")
        }
        try checkLogs()
    }
}
