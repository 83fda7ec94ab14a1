import Testing
import Vocabulary

@testable import Consensus

/// Against a list of terms, one for each entry, that does everything the slow way.
struct TermRunsTests {
    private struct Dumb {
        var start: Int64 = 0
        var before: Int32 = 0
        var terms: [Int32] = []
        var end: Int64 { start + Int64(terms.count) }

        func position(at offset: Int64) -> LogPosition? {
            if offset == start {
                return before < 0
                    ? nil : Consensus.LogPosition(end: Offset(offset), term: LeaderEpoch(before))
            }
            guard offset > start, offset <= end else { return nil }
            return LogPosition(end: Offset(offset), term: LeaderEpoch(terms[Int(offset - start) - 1]))
        }

        func lastPosition(upTo offset: Int64, termMax: Int32) -> LogPosition? {
            guard offset >= start else { return nil }
            return stride(from: min(offset, end), through: start, by: -1).lazy.compactMap { position(at: $0) }
                .first { $0.term.value <= termMax }
        }

        func firstDifference(from: Int64, against others: [(Int64, Int32)]) -> Int64 {
            for (offset, term) in others where offset >= from && offset >= start {
                if offset >= end || terms[Int(offset - start)] != term { return offset }
            }
            return max(from, others.last.map { $0.0 + 1 } ?? from)
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `runs answer as a list of all entries' terms does`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var dumb = Dumb()
        if Bool.random(using: &chance) {
            dumb = Dumb(start: 10, before: [-1, 2].randomElement(using: &chance)!)
        }
        var runs = TermRuns(start: LogPosition(end: Offset(dumb.start), term: LeaderEpoch(dumb.before)))
        for _ in 0..<60 {
            switch Int.random(in: 0..<6, using: &chance) {
            case 0...2:
                let term = max(dumb.terms.last ?? dumb.before, 1) + Int32.random(in: 0...1, using: &chance)
                let count = Int.random(in: 1...4, using: &chance)
                dumb.terms += Array(repeating: term, count: count)
                runs.append(upTo: Offset(dumb.end), term: LeaderEpoch(term))
            case 3:
                let end = Int64.random(in: dumb.start...dumb.end, using: &chance)
                dumb.terms.removeLast(Int(dumb.end - end))
                runs.truncate(to: Offset(end))
            case 4:
                let start = Int64.random(in: dumb.start...dumb.end, using: &chance)
                guard start > dumb.start else { break }
                dumb.before = dumb.position(at: start)!.term.value
                dumb.terms.removeFirst(Int(start - dumb.start))
                dumb.start = start
                runs.drop(below: Offset(start))
            default: break
            }
            compare(runs, dumb, &chance)
        }
    }

    private func compare(_ runs: TermRuns, _ dumb: Dumb, _ chance: inout SeededGenerator) {
        #expect(runs.end.end.value == dumb.end)
        for offset in max(dumb.start - 2, 0)...dumb.end + 2 {
            #expect(runs.position(at: Offset(offset)) == dumb.position(at: offset))
            for term in 0...6 as ClosedRange<Int32> {
                #expect(
                    runs.lastPosition(upTo: Offset(offset), termMax: LeaderEpoch(term))
                        == dumb.lastPosition(upTo: offset, termMax: term))
            }
        }
        let from = Int64.random(in: dumb.start...dumb.end, using: &chance)
        let slice = runs.slice(from: Offset(from), to: Offset(dumb.end))
        var flat: [(Int64, Int32)] = []
        for run in slice {
            while from + Int64(flat.count) < run.end.value {
                flat.append((from + Int64(flat.count), run.term.value))
            }
        }
        #expect(flat.map(\.1) == dumb.terms.suffix(Int(dumb.end - from)))
        // Another log that agrees for a while.
        for index in flat.indices.suffix(Int.random(in: 0...3, using: &chance)) { flat[index].1 += 1 }
        for _ in 0..<Int.random(in: 0...2, using: &chance) {
            flat.append((from + Int64(flat.count), (flat.last?.1 ?? max(dumb.before, 0)) + 1))
        }
        var others: [LogPosition] = []
        for (offset, term) in flat {
            if others.last?.term.value == term { others.removeLast() }
            others.append(LogPosition(end: Offset(offset + 1), term: LeaderEpoch(term)))
        }
        for begin in from...from + Int64(flat.count) {
            #expect(
                runs.firstDifference(from: Offset(begin), against: others).value
                    == dumb.firstDifference(from: begin, against: flat.map { ($0.0, $0.1) }))
        }
    }

    @Test func `entries that go back, in place or in term, stop the process`() async {
        await #expect(processExitsWith: .failure) {
            var runs = TermRuns()
            runs.append(upTo: 5, term: 2)
            runs.append(upTo: 5, term: 2)
        }
        await #expect(processExitsWith: .failure) {
            var runs = TermRuns()
            runs.append(upTo: 5, term: 2)
            runs.append(upTo: 6, term: 1)
        }
    }
}
