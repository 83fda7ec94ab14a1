import Vocabulary

extension Message {
    /// What no replica of ours would send; nil for a message in order. `Raft.step` ignores messages with a flaw; a host
    /// closes the connection that they came on.
    package var flaw: String? {
        if term.value < 0 { return "negative term \(term)" }
        switch body {
        case .preVoteRequest(let last), .voteRequest(let last, _): return last.flaw
        case .append(let append): return append.flaw(in: term)
        case .appendResponse(let response):
            switch response.outcome {
            case .matched(let durable): return durable < 0 ? "durable up to \(durable)" : nil
            case .mismatch(let hint): return hint.flaw
            }
        case .snapshotChunk(let chunk): return chunk.flaw
        case .snapshotResponse(let response):
            return response.received < 0 ? "\(response.received) bytes received" : response.snapshot.flaw
        case .preVoteResponse, .voteResponse, .timeoutNow: return nil
        }
    }
}

extension LogPosition {
    fileprivate var flaw: String? { end < 0 || term < 0 ? "negative position \(self)" : nil }
}

extension Append {
    fileprivate func flaw(in term: LeaderEpoch) -> String? {
        if let flaw = previous.flaw { return flaw }
        if committed < 0 { return "committed up to \(committed)" }
        if end < previous.end { return "entries end at \(end), before they begin at \(previous.end)" }
        var last = previous
        for run in runs {
            if run.end <= last.end { return "runs do not rise: \(last), \(run)" }
            if run.term < last.term { return "terms go back: \(last), \(run)" }
            last = run
        }
        if last.end != end { return "runs end at \(last.end), entries at \(end)" }
        if last.term > term { return "an entry of term \(last.term) in term \(term)" }
        var least = previous.end
        for set in voterSets {
            if set.offset < least || set.offset >= end {
                return "a voter set at \(set.offset) is not among \(least)..<\(end)"
            }
            least = set.offset + 1
        }
        return nil
    }
}

extension SnapshotChunk {
    fileprivate var flaw: String? {
        if let flaw = snapshot.flaw { return flaw }
        if voters.offset >= snapshot.end {
            return "a voter set at \(voters.offset) behind the snapshot \(snapshot)"
        }
        if position < 0 || count < 0 { return "a chunk of \(count) bytes at \(position)" }
        if total < position || Int64(count) > total - position {
            return "a chunk of \(count) bytes at \(position) of \(total)"
        }
        if count == 0, position < total { return "an empty chunk at \(position) of \(total)" }
        return nil
    }
}
