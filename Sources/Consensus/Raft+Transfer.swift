import Vocabulary

/// Handing the office to a voter of choice: thesis §3.10.
struct LeadershipTransfer: Sendable {
    let target: ReplicaKey
    let deadline: Instant
    /// The host wants to lead no more, whatever comes of it.
    let isResignation: Bool
    /// The target was told to stand.
    var isSent = false
}

extension Raft {
    /// Leadership is being handed over: the host should propose nothing, or the target never has it all.
    package var isTransferring: Bool { office.transfer != nil }

    mutating func transferLeadership(to wanted: ReplicaKey?) {
        endTransfer(isDone: false)
        guard role == .leader, let target = wanted ?? successor, target != me, voters.contains(target) else {
            effects.append(.transferEnded(isDone: false))
            return
        }
        beginTransfer(to: target, isResignation: false)
    }

    mutating func resign() {
        hasResigned = true
        switch role {
        case .follower: break
        case .preCandidate, .candidate: becomeFollower(of: nil, term: term)
        case .leader:
            endTransfer(isDone: false)
            guard let target = successor else { return becomeFollower(of: nil, term: term) }
            beginTransfer(to: target, isResignation: true)
        }
    }

    /// The voter that lacks least, of those that are there.
    var successor: ReplicaKey? {
        let present = office.replicas.filter { voters.contains($0.key) && isHeard($0) }
        return present.max { $0.match < $1.match }?.key
    }

    private mutating func beginTransfer(to target: ReplicaKey, isResignation: Bool) {
        office.transfer = LeadershipTransfer(
            target: target, deadline: now.adding(milliseconds: config.electionTimeoutMs),
            isResignation: isResignation)
        pushTransfer()
    }

    /// The target is told to stand as soon as its log holds all of ours.
    mutating func pushTransfer() {
        guard let transfer = office.transfer, !transfer.isSent, let i = office.index(of: transfer.target),
            office.replicas[i].match == log.end.end
        else { return }
        office.transfer?.isSent = true
        send(.timeoutNow, to: transfer.target)
    }

    mutating func transferTimedOut() {
        let isResignation = office.transfer?.isResignation ?? false
        endTransfer(isDone: false)
        if isResignation { becomeFollower(of: nil, term: term) }
    }

    mutating func endTransfer(isDone: Bool) {
        guard let transfer = office.transfer else { return }
        office.transfer = nil
        if !transfer.isResignation { effects.append(.transferEnded(isDone: isDone)) }
    }

    /// The leader wants this replica in its place: it stands without asking whether it would win, since the others' leader is
    /// alive.
    mutating func timeoutNowReceived(from sender: ReplicaKey) {
        guard follow(sender), canStand else { return }
        stand(isTransfer: true)
    }
}
