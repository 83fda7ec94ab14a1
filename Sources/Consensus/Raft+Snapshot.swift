package import Vocabulary

/// A snapshot that comes in, a chunk at a time.
struct IncomingSnapshot: Sendable {
    /// The leader's. Another leader's snapshot is another, though it ends at the same place: its bytes may differ.
    let term: LeaderEpoch
    let first: SnapshotChunk
    /// So many bytes are kept.
    var received: Int64 = 0
    /// The piece that the host stores now.
    var storing: SnapshotChunk?

    func isOf(_ chunk: SnapshotChunk) -> Bool {
        chunk.snapshot == first.snapshot && chunk.total == first.total
    }
}

/// Snapshots and compaction: §7 of the paper.
extension Raft {
    // MARK: Our own

    mutating func snapshotTaken(_ id: SnapshotID, bytes: Int64, logStart: Offset) {
        invariant(id.end <= committed, "a snapshot up to \(id), committed is \(committed)")
        invariant(logStart <= id.end, "the log begins at \(logStart), behind its snapshot \(id)")
        if id == snapshot { return remade(bytes: bytes, logStart: logStart) }
        guard id.end > snapshot.end else { return }  // Another came from the leader meanwhile.
        invariant(
            log.position(at: id.end) == id,
            "a snapshot up to \(id), there is \(String(describing: log.position(at: id.end)))")
        snapshot = id
        snapshotBytes = bytes
        log.drop(below: logStart)
        durableEnd = max(durableEnd, id.end)
        if let first = voterSets.lastIndex(where: { $0.offset < log.start.end }) {
            voterSets.removeSubrange(..<first)
        }
        for i in office.replicas.indices where isGone(for: office.replicas[i]) { beginSnapshot(i) }
    }

    /// The one that there was is damaged, or entries before its end are. Who is getting it begins again.
    private mutating func remade(bytes: Int64, logStart: Offset) {
        snapshotBytes = bytes
        log.drop(below: logStart)
        for i in office.replicas.indices {
            if case .snapshot = office.replicas[i].mode { beginSnapshot(i) }
            if isGone(for: office.replicas[i]) { beginSnapshot(i) }
        }
    }

    /// It cannot go on with what is still there: the entries that it gets next, or, of a snapshot on its way, those that
    /// follow.
    private func isGone(for replica: Progress) -> Bool {
        if case .snapshot(let transfer) = replica.mode {
            return log.position(at: transfer.snapshot.end) == nil
        }
        return log.position(at: replica.next) == nil
    }

    /// Who votes after the entries below `end`, for a snapshot that ends there.
    package func voterSet(asOf end: Offset) -> PlacedVoterSet { voterSets.last { $0.offset < end } ?? .none }

    // MARK: Sending

    mutating func beginSnapshot(_ i: Int) {
        office.replicas[i].probe(at: snapshot.end)
        office.replicas[i].mode = .snapshot(
            Progress.Transfer(snapshot: snapshot, total: snapshotBytes, voters: voterSet(asOf: snapshot.end)))
        replicate(i)
    }

    mutating func nextChunk(_ i: Int) -> RaftOutgoing? {
        guard case .snapshot(var transfer) = office.replicas[i].mode, transfer.sentAt == nil else {
            return nil
        }
        let chunk = SnapshotChunk(
            snapshot: transfer.snapshot, position: transfer.position, total: transfer.total,
            count: Int(min(config.snapshotChunkBytes, transfer.total - transfer.position)),
            voters: transfer.voters, round: office.round)
        transfer.sentAt = now
        office.replicas[i].mode = .snapshot(transfer)
        return .snapshotChunk(Message(term: term, .snapshotChunk(chunk)))
    }

    /// A chunk without an answer for an election timeout goes out again.
    mutating func resendChunks() {
        for i in office.replicas.indices {
            guard case .snapshot(var transfer) = office.replicas[i].mode, let sentAt = transfer.sentAt,
                now >= sentAt.adding(milliseconds: config.electionTimeoutMs)
            else { continue }
            transfer.sentAt = nil
            office.replicas[i].mode = .snapshot(transfer)
            replicate(i)
        }
    }

    mutating func snapshotAnswered(_ response: SnapshotResponse, by key: ReplicaKey) {
        guard role == .leader, let i = office.index(of: key) else { return }
        heard(i, round: response.round)
        if case .snapshot(var transfer) = office.replicas[i].mode, transfer.snapshot == response.snapshot {
            if response.isInstalled {
                matched(i, durable: response.snapshot.end)
            } else if response.received <= transfer.total, response.received != transfer.position {
                // The same position again is an answer that came twice; the chunk is on its way.
                transfer.position = response.received
                transfer.sentAt = response.received == transfer.total ? now : nil
                office.replicas[i].mode = .snapshot(transfer)
                replicate(i)
            }
        }
        proveReads()
    }

    // MARK: Receiving

    mutating func chunkReceived(_ chunk: SnapshotChunk, from sender: ReplicaKey) {
        guard follow(sender) else { return }
        allegiance.round = max(allegiance.round, chunk.round)
        if isCovered(chunk.snapshot) {
            allegiance.verified = max(allegiance.verified, committed, chunk.snapshot.end)
            commit(upTo: chunk.snapshot.end)
            return answer(chunk, received: chunk.total)
        }
        if let incoming, incoming.term == term, incoming.isOf(chunk) {
            if incoming.storing != nil { return }  // The same again; it is answered once it is stored.
            if chunk.position != incoming.received { return answer(chunk, received: incoming.received) }
        } else {
            if chunk.position != 0 { return answer(chunk, received: 0) }
            incoming = IncomingSnapshot(term: term, first: chunk)
        }
        incoming?.storing = chunk
        effects.append(.storeChunk(chunk))
    }

    /// The log holds what the snapshot stands for, and maybe more, which stays (§7).
    private func isCovered(_ id: SnapshotID) -> Bool { id.end <= committed || log.position(at: id.end) == id }

    private mutating func answer(_ chunk: SnapshotChunk, received: Int64) {
        guard role == .follower, let leader else { return }
        let isInstalled = isCovered(chunk.snapshot) && durableEnd >= chunk.snapshot.end
        let response = SnapshotResponse(
            snapshot: chunk.snapshot, received: received, isInstalled: isInstalled, round: allegiance.round)
        send(.snapshotResponse(response), to: leader)
    }

    mutating func chunkStored(_ chunk: SnapshotChunk) {
        guard let stored = incoming, stored.storing == chunk else { return }
        let received = chunk.position + Int64(chunk.count)
        incoming?.storing = nil
        incoming?.received = received
        guard role == .follower, leader != nil, stored.term == term else { return }
        if received == chunk.total {
            incoming = nil
            if !isCovered(chunk.snapshot) { install(chunk) }
        }
        answer(chunk, received: received)
    }

    /// Nothing is answered: the leader sends the piece again after an election timeout, and hears then where to begin.
    mutating func chunkDropped(_ chunk: SnapshotChunk) {
        if incoming?.storing == chunk { incoming = nil }
    }

    private mutating func install(_ chunk: SnapshotChunk) {
        snapshot = chunk.snapshot
        snapshotBytes = chunk.total
        log = TermRuns(start: snapshot)
        durableEnd = snapshot.end
        committed = snapshot.end
        allegiance.verified = snapshot.end
        allegiance.reported = snapshot.end
        effects.append(.installSnapshot(snapshot))
        changeVoters { $0 = [chunk.voters] }
    }
}
