import Vocabulary

@testable import Consensus

/// Steps of replicas in words, for transcripts: `2 hears 1: entries 4..<9, 9/1 -> append 4..<9`.
enum Narration {
    /// - Returns: nil for what happens all the time: heartbeats and their answers, acknowledgements that change nothing.
    static func line(_ n: Int, _ event: RaftEvent, _ effects: [RaftEffect]) -> String? {
        guard effects.contains(where: isNews) else { return nil }
        let told = effects.filter { if case .replicate = $0 { false } else { true } }
        return "\(n + 1) \(words(event)) -> \(told.map(words).joined(separator: "; "))"
    }

    private static func isNews(_ effect: RaftEffect) -> Bool {
        switch effect {
        case .replicate: return false
        case .send(let message, _):
            switch message.body {
            case .append(let append): return append.previous.end < append.end
            case .appendResponse(let response):
                if case .mismatch = response.outcome { return true } else { return false }
            default: return true
            }
        default: return true
        }
    }

    private static func words(_ event: RaftEvent) -> String {
        switch event {
        case .timePassed: "wakes"
        case .received(let message, let sender): "hears \(sender.id): \(words(message))"
        case .connected(let key): "is connected to \(key.id)"
        case .connectionLost(let key): "loses \(key.id)"
        case .proposed(let end, let voters):
            "proposed up to \(end)\(voters.map { ", voters \(words($0))" } ?? "")"
        case .durable(let end): "is durable up to \(end)"
        case .readRequested(let id): "is asked for read \(id)"
        case .chunkStored(let chunk): "stored \(words(chunk))"
        case .chunkLost(let chunk): "lost \(words(chunk))"
        case .snapshotTaken(let id, _, let logStart): "took snapshot \(id), log from \(logStart)"
        case .transferLeadership(let target): "is to hand over\(target.map { " to \($0.id)" } ?? "")"
        case .addVoter(let voter): "is to add \(voter.key.id)"
        case .updateVoter(let voter): "is to update \(voter.key.id)"
        case .removeVoter(let key): "is to remove \(key.id)"
        case .resign: "resigns"
        }
    }

    private static func words(_ effect: RaftEffect) -> String {
        switch effect {
        case .persist(let state):
            "persist term \(state.term)\(state.votedFor.map { ", vote for \($0.id)" } ?? "")\(state.owes.map { ", owes \($0)" } ?? "")"
        case .send(let message, let key): "to \(key.id): \(words(message))"
        case .replicate(let key): "replicate to \(key.id)"
        case .truncate(let end): "cut to \(end)"
        case .appendReceived(let from, let end): "append \(from)..<\(end)"
        case .commit(let end): "commit \(end)"
        case .becameLeader(let term): "lead term \(term)"
        case .becameFollower(let term, let leader):
            "follow \(leader.map { "\($0.id)" } ?? "nobody") in term \(term)"
        case .readReady(let id, let index): "read \(id) at \(index)"
        case .readRefused(let id): "refuse read \(id)"
        case .storeChunk(let chunk): "store \(words(chunk))"
        case .installSnapshot(let id): "install \(id)"
        case .proposeVoters(let voters): "propose voters \(words(voters))"
        case .voterChangeEnded(let outcome): "change of voters: \(outcome)"
        case .transferEnded(let isDone): isDone ? "handed over" : "not handed over"
        case .votersChanged(let voters): "voters are \(words(voters))"
        }
    }

    private static func words(_ message: Message) -> String {
        switch message.body {
        case .preVoteRequest(let last): "would you vote in term \(message.term), log \(last)?"
        case .preVoteResponse(let isGranted):
            isGranted ? "I would in \(message.term)" : "I would not, term is \(message.term)"
        case .voteRequest(let last, let isTransfer):
            "vote in term \(message.term), log \(last)\(isTransfer ? ", as the leader asks" : "")!"
        case .voteResponse(let isGranted):
            isGranted ? "yes in \(message.term)" : "no, term is \(message.term)"
        case .append(let append):
            append.end == append.previous.end
                ? "have you \(append.previous)? committed \(append.committed)"
                : "\(append.previous.end)..<\(append.end) behind \(append.previous), committed \(append.committed)"
        case .appendResponse(let response):
            switch response.outcome {
            case .matched(let durable): "have \(durable)"
            case .mismatch(let hint): "have not, at most \(hint), term is \(message.term)"
            }
        case .snapshotChunk(let chunk): words(chunk)
        case .snapshotResponse(let response):
            "have \(response.received) bytes of \(response.snapshot)\(response.isInstalled ? ", installed" : "")"
        case .timeoutNow: "stand now!"
        }
    }

    private static func words(_ chunk: SnapshotChunk) -> String {
        "bytes \(chunk.position)..<\(chunk.position + Int64(chunk.count)) of \(chunk.total) of snapshot \(chunk.snapshot)"
    }

    private static func words(_ voters: VoterSet) -> String {
        voters.keys.map { "\($0.id)" }.joined(separator: " ")
    }

    /// A replica as it is: `2 leader term 3, log 0..<9/3, committed 9, durable 9, voters 1 2 3`.
    static func state(_ node: ReplicaNode) -> String {
        guard let raft = node.raft else {
            return
                "\(node.key.id) down, term \(node.disk.hardState.term), log \(node.disk.logStart)..<\(node.disk.end)"
        }
        var text = "\(node.key.id) \(raft.role) term \(raft.term)"
        if raft.role == .follower { text += " of \(raft.leader.map { "\($0.id)" } ?? "nobody")" }
        text +=
            ", log \(raft.logStart)..<\(raft.lastPosition), committed \(raft.committed), durable \(raft.durableEnd)"
        if let owes = raft.hardState.owes { text += ", owes \(owes)" }
        return text + ", voters \(words(raft.voters))"
    }
}
