package import Vocabulary

/// What can be seen from outside.
extension Raft {
    package var logStart: Offset { log.start.end }
    package var logEnd: Offset { log.end.end }
    package var lastPosition: LogPosition { log.end }

    /// The position that ends at `offset`, for the id of a snapshot; nil when the log does not hold it.
    package func position(at offset: Offset) -> LogPosition? { log.position(at: offset) }

    /// How far the replicas are, the leader first. Only a leader knows.
    package var replicas: [ReplicaStatus] {
        guard role == .leader else { return [] }
        let mine = ReplicaStatus(
            key: me, isVoter: isVoter, logEnd: logEnd, lastHeard: now, lastCaughtUp: now,
            snapshotReceived: nil)
        return [mine]
            + office.replicas.map { replica in
                var received: Int64?
                if case .snapshot(let transfer) = replica.mode { received = transfer.position }
                return ReplicaStatus(
                    key: replica.key, isVoter: voters.contains(replica.key), logEnd: replica.match,
                    lastHeard: replica.lastHeard, lastCaughtUp: replica.caughtUpAt, snapshotReceived: received
                )
            }
    }

    /// The log should begin here at the latest: replicas that are alive get entries from there on, now or when the snapshot
    /// that they get is through. A host that must have the room may cut more: they get a newer snapshot then.
    package var neededFrom: Offset {
        var needed = log.end.end
        for replica in office.replicas where isHeard(replica) {
            needed = min(needed, replica.next, replica.match == 0 ? replica.next : replica.match)
        }
        return max(needed, log.start.end)
    }

    /// Snapshots that are on their way to a replica: their files are to be kept.
    package var snapshotsInUse: [SnapshotID] {
        office.replicas.compactMap { replica in
            if case .snapshot(let transfer) = replica.mode { transfer.snapshot } else { nil }
        }
    }

    /// What must hold after every step. O(n): for tests and simulations.
    package func checkInvariants() {
        invariant(
            log.start.end <= snapshot.end, "the log begins at \(log.start), behind its snapshot \(snapshot)")
        invariant(
            snapshot.end <= committed,
            "the snapshot \(snapshot) reaches beyond what is committed: \(committed)")
        invariant(committed <= log.end.end, "committed up to \(committed), the log ends at \(log.end)")
        invariant(durableEnd <= log.end.end, "durable up to \(durableEnd), the log ends at \(log.end)")
        invariant(durableEnd >= snapshot.end, "durable up to \(durableEnd), the snapshot is \(snapshot)")
        invariant(log.position(at: snapshot.end) == snapshot, "the snapshot \(snapshot) is not of this log")
        invariant(log.end.term <= term, "entries of term \(log.end.term) in term \(term)")
        for (a, b) in zip(log.runs, log.runs.dropFirst()) {
            invariant(a.end < b.end, "runs \(a), \(b) do not rise")
            invariant(a.term < b.term, "terms of runs \(a), \(b) do not rise")
        }
        for (a, b) in zip(voterSets, voterSets.dropFirst()) {
            invariant(a.offset < b.offset, "voter sets at \(a.offset), \(b.offset)")
        }
        if let last = voterSets.last {
            invariant(last.offset < log.end.end, "a voter set at \(last.offset), the log ends at \(log.end)")
        }
        switch role {
        case .leader:
            invariant(leader == me, "a leader that follows \(String(describing: leader))")
            invariant(hardState.owes == nil, "a leader owes \(String(describing: hardState.owes))")
            for replica in office.replicas { checkInvariants(of: replica) }
        case .follower:
            invariant(leader != me, "a follower follows itself")
        case .preCandidate, .candidate:
            invariant(leader == nil, "a \(role) follows \(String(describing: leader))")
        }
        if role != .leader { invariant(office.replicas.isEmpty, "a \(role) replicates") }
        if role != .leader, canStand { invariant(electionDeadline < .distantFuture, "nobody will stand") }
    }

    private func checkInvariants(of replica: Progress) {
        invariant(
            replica.match <= replica.next, "\(replica.key) holds \(replica.match), gets \(replica.next) next")
        invariant(
            replica.next <= log.end.end,
            "\(replica.key) gets \(replica.next) next, the log ends at \(log.end)")
        invariant(
            replica.inFlight.count <= config.appendsInFlightMax,
            "\(replica.inFlight.count) appends on their way")
        if !replica.isGettingSnapshot {
            invariant(
                log.position(at: replica.next) != nil,
                "\(replica.key) gets \(replica.next) next, the log begins at \(log.start)")
        }
    }
}
