import Consensus
import Vocabulary
import Wire

/// Raft's messages as bytes. A type's number is never reused; a field more is a new number.
extension RaftMessage {
    private enum Kind: UInt8 {
        case preVoteRequest = 1
        case preVoteResponse, voteRequest, voteResponse, append, appendResponse, snapshotChunk, snapshotResponse,
            timeoutNow
    }

    func encode(to out: inout ByteWriter) {
        out.put(term)
        switch body {
        case .preVoteRequest(let last):
            out.put(Kind.preVoteRequest.rawValue)
            out.put(last)
        case .preVoteResponse(let isGranted):
            out.put(Kind.preVoteResponse.rawValue)
            out.put(isGranted)
        case .voteRequest(let last, let isTransfer):
            out.put(Kind.voteRequest.rawValue)
            out.put(last)
            out.put(isTransfer)
        case .voteResponse(let isGranted):
            out.put(Kind.voteResponse.rawValue)
            out.put(isGranted)
        case .append(let append):
            out.put(Kind.append.rawValue)
            append.encode(to: &out)
        case .appendResponse(let response):
            out.put(Kind.appendResponse.rawValue)
            response.encode(to: &out)
        case .snapshotChunk(let chunk):
            out.put(Kind.snapshotChunk.rawValue)
            chunk.encode(to: &out)
        case .snapshotResponse(let response):
            out.put(Kind.snapshotResponse.rawValue)
            out.put(response.snapshot)
            out.put(response.received)
            out.put(response.isInstalled)
            out.put(response.round)
        case .timeoutNow: out.put(Kind.timeoutNow.rawValue)
        }
    }

    init(from input: inout ByteReader) throws(WireError) {
        let term = try input.term("term")
        let kind: Kind = try input.enumeration("message")
        let body: Body =
            switch kind {
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
    func encode(to out: inout ByteWriter) {
        out.put(previous)
        out.put(end)
        out.put(runs) { $0.put($1) }
        out.put(committed)
        out.put(round)
        out.put(voterSets) { $0.put($1) }
    }

    init(from input: inout ByteReader) throws(WireError) {
        let previous = try input.position()
        let start = input.at
        let end = try input.offset("end")
        let runs = try input.array(itemBytesMin: 12, "runs") { input throws(WireError) in try input.position() }
        // The machine counts on it: runs rise from `previous.end` to `end`, in terms that do not fall.
        var last = previous
        for run in runs {
            guard run.end > last.end, run.term >= last.term else {
                throw WireError(.unexpectedValue(Int(clamping: run.end.value)), at: start, "runs")
            }
            last = run
        }
        guard last.end == end, previous.end >= 0 else { throw WireError(.unexpectedValue(Int(clamping: end.value)), at: start, "end") }
        self.init(
            previous: previous, end: end, runs: runs, committed: try input.offset("committed"),
            round: try input.integer(UInt64.self),
            voterSets: try input.array(itemBytesMin: 12, "voterSets") { input throws(WireError) in
                try input.placedVoterSet()
            })
    }
}

extension AppendResponse {
    func encode(to out: inout ByteWriter) {
        out.put(round)
        switch outcome {
        case .matched(let durable):
            out.put(UInt8(0))
            out.put(durable)
        case .mismatch(let hint):
            out.put(UInt8(1))
            out.put(hint)
        }
    }

    init(from input: inout ByteReader) throws(WireError) {
        let round = try input.integer(UInt64.self, "round")
        switch try input.integer(UInt8.self, "outcome") {
        case 0: self.init(.matched(durable: try input.offset()), round: round)
        case 1: self.init(.mismatch(hint: try input.position()), round: round)
        case let other: throw WireError(.unexpectedValue(Int(other)), at: input.at - 1, "outcome")
        }
    }
}

extension SnapshotChunk {
    func encode(to out: inout ByteWriter) {
        out.put(snapshot)
        out.put(position)
        out.put(total)
        out.put(Int64(count))
        out.put(voters)
        out.put(round)
    }

    init(from input: inout ByteReader) throws(WireError) {
        let snapshot = try input.position()
        let start = input.at
        let position = try input.integer(Int64.self, "position")
        let total = try input.integer(Int64.self, "total")
        let count = try input.integer(Int64.self, "count")
        guard position >= 0, count >= 0, total >= 0, position <= total, count <= total - position else {
            throw WireError(.unexpectedValue(Int(clamping: position)), at: start, "position")
        }
        self.init(
            snapshot: snapshot, position: position, total: total, count: Int(count), voters: try input.placedVoterSet(),
            round: try input.integer(UInt64.self))
    }
}
