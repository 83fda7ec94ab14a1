import Vocabulary

/// The rules between replicas, looked at after each turn of one: one leader per term, what is committed stays, equal
/// histories give equal states.
struct ReplicaChecker {
    private struct Committed {
        let term: LeaderEpoch
        let broker: Int
    }
    private struct Applied {
        let digest: UInt64
        let metadata: Int
        let broker: Int
    }
    /// Metadata change seldom: their hash is made anew only when they did.
    private struct Hashed {
        let life: Int
        let offset: Offset
        let hash: Int
    }

    private struct Standing: Equatable {
        let life: Int
        let term: LeaderEpoch
        let committed: Offset
        let applied: Offset
    }

    private var leaders: [LeaderEpoch: Int] = [:]
    /// The term of the entry before each end that somebody saw committed, and those ends, rising.
    private var committed: [Offset: Committed] = [:]
    private var committedEnds: [Offset] = []
    /// The state at each end that somebody had applied just then.
    private var states: [Offset: Applied] = [:]
    private var committedMax: Offset = 0
    /// Per broker, what it had last.
    private var last: [Int: Standing] = [:]
    private var hashes: [Int: Hashed] = [:]

    /// The highest end that any replica saw committed.
    var committedEnd: Offset { committedMax }

    mutating func look(at node: SimulatedNode, _ probe: any ReplicaProbe, world: World) {
        let broker = node.number
        // It says nothing any more, so what it has in memory binds nobody.
        guard probe.failureReason == nil else { return }
        let now = Standing(
            life: node.life, term: probe.term, committed: probe.committedOffset, applied: probe.appliedOffset)
        if let last = last[broker], last == now {
            if probe.isLeader { oneLeader(broker, probe.term, world) }
            return
        }
        let before = last[broker].flatMap { $0.life == now.life ? $0.committed : nil } ?? 0
        if let last = last[broker] {
            if now.term < last.term {
                world.fail("a term never goes back", "broker \(broker): from \(last.term) to \(now.term)")
            }
            if last.life == now.life, now.applied < last.applied {
                world.fail(
                    "what is applied stays", "broker \(broker): from \(last.applied) to \(now.applied)")
            }
        }
        last[broker] = now
        if probe.isLeader { oneLeader(broker, probe.term, world) }
        // What a replica knows to be committed it may forget, and learns again. What somebody knew stays.
        committedMax = max(committedMax, now.committed)
        if now.applied > committedMax {
            world.fail(
                "only what is committed is applied",
                "broker \(broker) applied \(now.applied) of \(committedMax)")
        }
        sameTerms(broker, probe, from: before, world)
        sameState(broker, probe, metadata: metadataHash(of: node, probe), world)
        if !probe.orphanedOwners.isEmpty {
            world.fail("no ephemeral without its session", "broker \(broker): \(probe.orphanedOwners)")
        }
    }

    private mutating func oneLeader(_ broker: Int, _ term: LeaderEpoch, _ world: World) {
        guard let other = leaders[term] else {
            leaders[term] = broker
            world.note(.broker(broker), "LEADS term", Int(term.value))
            return
        }
        if other != broker {
            world.fail("one leader per term", "brokers \(other) and \(broker) both lead term \(term)")
        }
    }

    /// Two logs that agree on the term of an entry agree on all before it (§5.3). All ends that this replica came to know
    /// are looked at all the same: what was overwritten may lie before an entry that everybody has.
    private mutating func sameTerms(
        _ broker: Int, _ probe: any ReplicaProbe, from before: Offset, _ world: World
    ) {
        var index = place(of: before)
        while index < committedEnds.count, committedEnds[index] <= probe.committedOffset {
            let end = committedEnds[index]
            if let known = committed[end], let term = probe.term(before: end), known.term != term {
                world.fail(
                    "what is committed stays",
                    "the entry before \(end) has term \(known.term) on broker \(known.broker), \(term) on \(broker)"
                )
            }
            index += 1
        }
        let end = probe.committedOffset
        guard committed[end] == nil, let term = probe.term(before: end) else { return }
        committed[end] = Committed(term: term, broker: broker)
        committedEnds.insert(end, at: place(of: end))
    }

    /// Of the first end at or behind this one.
    private func place(of end: Offset) -> Int {
        var low = 0
        var high = committedEnds.count
        while low < high {
            let middle = (low + high) / 2
            if committedEnds[middle] < end { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func metadataHash(of node: SimulatedNode, _ probe: any ReplicaProbe) -> Int {
        if let known = hashes[node.number], known.life == node.life, known.offset == probe.metadataOffset {
            return known.hash
        }
        let hash = probe.metadataHash
        hashes[node.number] = Hashed(life: node.life, offset: probe.metadataOffset, hash: hash)
        return hash
    }

    private mutating func sameState(
        _ broker: Int, _ probe: any ReplicaProbe, metadata: Int, _ world: World
    ) {
        let now = Applied(digest: probe.stateDigest, metadata: metadata, broker: broker)
        guard let known = states[probe.appliedOffset] else {
            states[probe.appliedOffset] = now
            return
        }
        guard known.digest != now.digest || known.metadata != now.metadata else { return }
        let what = known.digest != now.digest ? "znodes" : "metadata"
        world.fail(
            "equal histories give equal states",
            "the \(what) of brokers \(known.broker) and \(broker) differ at \(probe.appliedOffset)")
    }

    /// All have applied the same: then their states are the same, whatever was looked at before.
    func compare(_ probes: [(node: SimulatedNode, probe: any ReplicaProbe)], world: World) {
        guard let (first, known) = probes.first else { return }
        for (node, probe) in probes.dropFirst() {
            invariant(
                probe.appliedOffset == known.appliedOffset,
                "compared at \(known.appliedOffset) and \(probe.appliedOffset)")
            let what =
                probe.stateDigest != known.stateDigest
                ? "znodes" : probe.metadataHash != known.metadataHash ? "metadata" : nil
            guard let what else { continue }
            world.fail(
                "converged replicas are equal",
                "the \(what) of brokers \(first.number) and \(node.number) differ at \(known.appliedOffset)")
        }
    }
}
