import Consensus
import Vocabulary

/// Raft's messages as bytes. A type's number is never reused; a field more is a new number.
extension RaftMessage {
    private enum Kind: UInt64 {
        case preVoteRequest = 1
        case preVoteResponse, voteRequest, voteResponse, append, appendResponse, snapshotChunk, snapshotResponse,
            timeoutNow
    }

    func encode(to out: inout FieldWriter) {
        out.put(term)
        switch body {
        case .preVoteRequest(let last):
            out.put(type: Kind.preVoteRequest)
            out.put(last)
        case .preVoteResponse(let isGranted):
            out.put(type: Kind.preVoteResponse)
            out.put(isGranted)
        case .voteRequest(let last, let isTransfer):
            out.put(type: Kind.voteRequest)
            out.put(last)
            out.put(isTransfer)
        case .voteResponse(let isGranted):
            out.put(type: Kind.voteResponse)
            out.put(isGranted)
        case .append(let append):
            out.put(type: Kind.append)
            append.encode(to: &out)
        case .appendResponse(let response):
            out.put(type: Kind.appendResponse)
            response.encode(to: &out)
        case .snapshotChunk(let chunk):
            out.put(type: Kind.snapshotChunk)
            chunk.encode(to: &out)
        case .snapshotResponse(let response):
            out.put(type: Kind.snapshotResponse)
            out.put(response.snapshot)
            out.put(response.received)
            out.put(response.isInstalled)
            out.put(response.round)
        case .timeoutNow: out.put(type: Kind.timeoutNow)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let term = try input.term()
        let body: Body =
            switch try input.type(Kind.self) {
            case .preVoteRequest: .preVoteRequest(last: try input.position())
            case .preVoteResponse: .preVoteResponse(isGranted: try input.boolean())
            case .voteRequest: .voteRequest(last: try input.position(), isTransfer: try input.boolean())
            case .voteResponse: .voteResponse(isGranted: try input.boolean())
            case .append: .append(try Append(from: &input))
            case .appendResponse: .appendResponse(try AppendResponse(from: &input))
            case .snapshotChunk: .snapshotChunk(try SnapshotChunk(from: &input))
            case .snapshotResponse:
                .snapshotResponse(
                    SnapshotResponse(
                        snapshot: try input.position(), received: try input.integer(Int64.self),
                        isInstalled: try input.boolean(), round: try input.integer(UInt64.self)))
            case .timeoutNow: .timeoutNow
            }
        self.init(term: term, body)
    }
}

extension Append {
    func encode(to out: inout FieldWriter) {
        out.put(previous)
        out.put(end)
        out.put(runs) { $0.put($1) }
        out.put(committed)
        out.put(round)
        out.put(voterSets) { $0.put($1) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let previous = try input.position()
        let start = input.at
        let end = try input.offset()
        let runs = try input.array(itemBytesMin: 12) { input throws(FieldError) in try input.position() }
        // The machine counts on it: runs rise from `previous.end` to `end`, in terms that do not fall.
        var last = previous
        for run in runs {
            guard run.end > last.end, run.term >= last.term else {
                throw .malformed(at: start, "runs of terms that do not rise")
            }
            last = run
        }
        guard last.end == end, previous.end >= 0 else {
            throw .malformed(at: start, "runs of terms that do not lead to the end")
        }
        self.init(
            previous: previous, end: end, runs: runs, committed: try input.offset(),
            round: try input.integer(UInt64.self),
            voterSets: try input.array(itemBytesMin: 9) { input throws(FieldError) in
                try input.placedVoterSet()
            })
    }
}

extension AppendResponse {
    private enum Kind: UInt64 { case matched = 0, mismatch = 1 }

    func encode(to out: inout FieldWriter) {
        out.put(round)
        switch outcome {
        case .matched(let durable):
            out.put(type: Kind.matched)
            out.put(durable)
        case .mismatch(let hint):
            out.put(type: Kind.mismatch)
            out.put(hint)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let round = try input.integer(UInt64.self)
        switch try input.type(Kind.self) {
        case .matched: self.init(.matched(durable: try input.offset()), round: round)
        case .mismatch: self.init(.mismatch(hint: try input.position()), round: round)
        }
    }
}

extension SnapshotChunk {
    func encode(to out: inout FieldWriter) {
        out.put(snapshot)
        out.put(position)
        out.put(total)
        out.put(Int64(count))
        out.put(voters)
        out.put(round)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let snapshot = try input.position()
        let start = input.at
        let position = try input.integer(Int64.self)
        let total = try input.integer(Int64.self)
        let count = try input.integer(Int64.self)
        guard position >= 0, count >= 0, total >= 0, position <= total, count <= total - position else {
            throw .malformed(at: start, "a piece that reaches beyond its snapshot")
        }
        self.init(
            snapshot: snapshot, position: position, total: total, count: Int(count), voters: try input.placedVoterSet(),
            round: try input.integer(UInt64.self))
    }
}
