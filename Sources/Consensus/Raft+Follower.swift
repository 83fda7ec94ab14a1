import Vocabulary

/// What a follower knows of itself and its leader; begins anew with each leader.
struct Allegiance: Sendable {
    /// The log agrees with the leader's below that.
    var verified: Offset = 0
    /// The leader's last round, and the last in which it was told that the log agrees.
    var round: UInt64 = 0
    var answered: UInt64 = 0
    /// The leader was told that the log is durable below that.
    var reported: Offset = 0
}

/// Following: §5.3 of the paper.
extension Raft {
    /// A leader's word, in our term: it is followed from now on.
    ///
    /// - Returns: false when another is known to lead this term. Raft elects one (§5.2), so the sender is of no quorum of ours.
    mutating func follow(_ sender: ReplicaKey) -> Bool {
        if role == .leader { return false }
        if leader == nil { becomeFollower(of: sender, term: term) }
        guard leader == sender else { return false }
        leaderHeardAt = now
        armElectionTimer()
        return true
    }

    mutating func appendReceived(_ append: Append, from sender: ReplicaKey) {
        guard follow(sender) else { return }
        allegiance.round = max(allegiance.round, append.round)
        guard holds(append.previous) else {
            let hint = mismatchHint(for: append.previous)
            return send(
                .appendResponse(AppendResponse(.mismatch(hint: hint), round: append.round)), to: sender)
        }
        let isNew = take(append)
        allegiance.verified = max(allegiance.verified, committed, append.end)
        commit(upTo: min(append.committed, allegiance.verified))
        // New entries are answered when they are durable. Others at once: a heartbeat proves the leader's office (thesis
        // §6.4), and who sends entries that are there already waits for word of that. What only tells of a commit comes in a
        // round that was answered, and needs none.
        if !isNew, append.end > append.previous.end || append.round > allegiance.answered { acknowledge() }
    }

    /// The log holds the leader's entries up to there. All that is committed agrees (§5.4, leader completeness).
    private func holds(_ position: LogPosition) -> Bool {
        position.end <= committed || log.position(at: position.end) == position
    }

    /// Where the leader should look next: the last position here that may still be its own too. At least what is committed
    /// agrees.
    private func mismatchHint(for asked: LogPosition) -> LogPosition {
        if let hint = log.lastPosition(upTo: asked.end, termMax: asked.term), hint.end > committed {
            return hint
        }
        return log.position(at: committed) ?? snapshot
    }

    /// Cuts what conflicts and takes what is new; §5.3: entries that are there already stay, since an older append may come
    /// late.
    ///
    /// - Returns: whether there was anything new.
    private mutating func take(_ append: Append) -> Bool {
        let first = log.firstDifference(from: max(append.previous.end, committed), against: append.runs)
        guard first < append.end else { return false }
        if Canary.keepsConflict.isChosen, log.end.end >= append.end { return false }
        if first < log.end.end { truncate(to: first) }
        for run in append.runs where run.end > first { log.append(upTo: run.end, term: run.term) }
        effects.append(.appendReceived(from: first, end: append.end))
        let news = append.voterSets.filter { $0.offset >= first }
        if !news.isEmpty { changeVoters { $0 += news } }
        return true
    }

    private mutating func truncate(to end: Offset) {
        invariant(end >= committed, "cut to \(end), below what is committed: \(committed)")
        log.truncate(to: end)
        durableEnd = min(durableEnd, end)
        allegiance.reported = min(allegiance.reported, end)
        effects.append(.truncate(to: end))
        if let last = voterSets.last, last.offset >= end {
            changeVoters { $0.removeAll { $0.offset >= end } }  // Back to the set before (thesis §4.1).
        }
    }

    /// Tells the leader what is safe here.
    mutating func acknowledge() {
        guard role == .follower, let leader else { return }
        allegiance.answered = allegiance.round
        let safe = Canary.acknowledgesUnsynced.isChosen ? log.end.end : durableEnd
        allegiance.reported = min(safe, allegiance.verified)
        let response = AppendResponse(.matched(durable: allegiance.reported), round: allegiance.round)
        send(.appendResponse(response), to: leader)
    }

    mutating func durable(end: Offset) {
        invariant(end <= log.end.end, "durable up to \(end), the log ends at \(log.end)")
        guard end > durableEnd else { return }
        durableEnd = end
        if role == .leader {
            advanceCommitted()
        } else if min(durableEnd, allegiance.verified) > allegiance.reported {
            acknowledge()
        }
    }

    mutating func commit(upTo end: Offset) {
        guard end > committed else { return }
        invariant(end <= log.end.end, "committed up to \(end), the log ends at \(log.end)")
        committed = end
        effects.append(.commit(upTo: end))
    }
}
