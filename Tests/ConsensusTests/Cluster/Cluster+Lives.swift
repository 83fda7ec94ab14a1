import Vocabulary

@testable import Consensus

/// Lives of the replicas, and what their clients want of them.
extension Cluster {
    func start(_ n: Int) throws {
        guard nodes[n].raft == nil else { return }
        nodes[n].start(at: now, seed: chance.next(), configure: configure)
        note(n, "starts")
        nodes[n].raft?.checkInvariants()
        scheduleWake(n)
        for other in nodes.indices where other != n && isConnected(n, other) { try reconnect(n, other) }
    }

    /// The machine loses power.
    func crash(_ n: Int) {
        guard nodes[n].raft != nil else { return }
        note(n, "crashes")
        nodes[n].crash(using: &chance)
    }

    func restartInPlace(_ n: Int) throws {
        note(n, "finds its disk full")
        nodes[n].restartInPlace(at: now, seed: chance.next())
        for other in nodes.indices where other != n && isConnected(n, other) {
            try step(n, .connected(to: nodes[other].key))
        }
    }

    /// Others see that its connections are gone, as when a process dies and its machine lives.
    func connectionsBreak(of n: Int) throws {
        for other in nodes.indices where other != n && isConnected(n, other) {
            connections[n][other] += 1
            connections[other][n] += 1
            try step(other, .connectionLost(to: nodes[n].key))
        }
    }

    /// A new disk takes the place of the old one.
    func wipe(_ n: Int) {
        crash(n)
        note(n, "is wiped")
        nodes[n].wipe()
    }

    /// The end of the log was damaged: on the next start it is cut there, and the replica knows what it owes.
    func damage(_ n: Int, from end: Int64) {
        precondition(nodes[n].raft == nil)
        nodes[n].damage(from: end)
    }

    // MARK: Clients

    /// The index of the node that leads the newest term.
    var leader: Int? {
        nodes.indices.filter { nodes[$0].raft?.role == .leader }.max {
            nodes[$0].raft!.term < nodes[$1].raft!.term
        }
    }

    func propose(_ n: Int, _ values: [UInt64], voters: VoterSet? = nil) throws {
        guard let raft = nodes[n].raft, raft.role == .leader else { return }
        for value in values {
            nodes[n].disk.entries.append(Entry(term: raft.term, value: value, voters: voters))
        }
        try step(n, .proposed(end: Offset(nodes[n].disk.end), voterSet: voters))
        startSync(n)
    }

    func read(_ n: Int) throws {
        nextRead += 1
        readsBegun[nextRead] = ledger.end
        try step(n, .readRequested(id: nextRead))
    }

    /// The state as it is applied is written as a snapshot; the log begins `keeping` entries before.
    func takeSnapshot(_ n: Int, keeping: Int64) throws {
        guard let raft = nodes[n].raft, let id = raft.position(at: Offset(nodes[n].applied)),
            id.end > raft.snapshot.end
        else { return }
        let start = max(nodes[n].disk.logStart, min(id.end.value - keeping, raft.neededFrom.value))
        let bytes = Int64.random(in: 0...40, using: &chance)
        nodes[n].takeSnapshot(id, bytes: bytes, logStart: start)
        try step(n, .snapshotTaken(id, bytes: bytes, logStart: Offset(start)))
        nodes[n].forgetImages()
    }
}
