import Foundation
import Testing
import Vocabulary

@testable import Consensus

/// Whole scenarios, as commands and what comes of them, in `Transcripts/*.txt`.
///
/// Lines that begin with `>` are commands (`quietly` hides what they come to), with `#` comments; the rest is output.
/// `REWRITE=1 swift test` writes the output anew; the difference is then reviewed like code.
struct TranscriptTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Transcripts")
    private static let names: [String] = try! FileManager.default.contentsOfDirectory(atPath: directory.path)
        .filter { $0.hasSuffix(".txt") }.sorted()

    @Test func `there are transcripts`() { #expect(Self.names.count >= 8) }

    @Test(arguments: names)
    func `a scenario goes as its transcript says`(name: String) throws {
        let file = Self.directory.appendingPathComponent(name)
        let expected = try String(contentsOf: file, encoding: .utf8)
        var stage = Stage()
        var lines: [String] = []
        for line in expected.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") || (line.isEmpty && lines.last?.isEmpty != true && !lines.isEmpty) {
                lines.append(String(line))
            }
            guard line.hasPrefix(">") else { continue }
            lines.append(String(line))
            lines += try stage.run(line.dropFirst().split(separator: " ").map(String.init))
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        let actual = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
            try actual.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(actual == expected, "\(name) goes otherwise; REWRITE=1 writes it anew")
        }
    }
}

/// What commands of a transcript act on: a cluster with a network and disks that take a millisecond.
struct Stage {
    private var cluster = Cluster(count: 3, voters: 3, seed: 1)
    private var output: [String] = []

    mutating func run(_ words: [String]) throws -> [String] {
        let numbers = words.compactMap { Int($0) }
        let node = (numbers.first ?? 1) - 1
        final class Lines { var all: [String] = [] }
        let lines = Lines()
        let cluster = self.cluster
        cluster.observe = { n, event, effects in
            guard let line = Narration.line(n, event, effects) else { return }
            let time = Double(cluster.now.nanoseconds / 100_000) / 10
            lines.all.append("\(time) \(line)")
        }
        switch words[0] {
        case "brokers":
            let new = Cluster(
                count: numbers[0], voters: numbers[1], seed: UInt64(numbers.count > 2 ? numbers[2] : 1))
            new.weather.delay = 1_000...1_000
            new.weather.sync = 1_000...1_000
            new.weather.batch = 100...100
            self.cluster = new
        case "start": for number in numbers { try cluster.start(number - 1) }
        case "crash":
            cluster.crash(node)
            try cluster.connectionsBreak(of: node)
        case "wipe": cluster.wipe(node)
        case "damage": cluster.damage(node, from: Int64(numbers[1]))
        case "pause": cluster.pause(node, milliseconds: Int64(numbers[1]))
        case "run": try cluster.run(milliseconds: Int64(numbers[0]))
        case "elect":
            guard try cluster.run(upTo: 20_000, until: { $0.leader != nil }) else {
                lines.all.append("nobody leads"); break
            }
            try cluster.run(milliseconds: 10)
        case "propose":
            try cluster.propose(node, (0..<numbers[1]).map { UInt64($0) })
        case "read": try cluster.read(node)
        case "cut": cluster.cut(node, numbers[1] - 1)
        case "isolate":
            for other in cluster.nodes.indices where other != node {
                cluster.cut(node, other)
                cluster.cut(other, node)
            }
        case "heal":
            for a in cluster.nodes.indices {
                for b in cluster.nodes.indices where a < b { try cluster.reconnect(a, b) }
            }
        case "snapshot": try cluster.takeSnapshot(node, keeping: Int64(numbers[1]))
        case "add":
            try cluster.step(
                node, .addVoter(Voter(key: cluster.nodes[numbers[1] - 1].key, host: "b", port: 1)))
        case "remove": try cluster.step(node, .removeVoter(cluster.nodes[numbers[1] - 1].key))
        case "remove-old": try cluster.step(node, .removeVoter(key(Int32(numbers[1]))))
        case "transfer": try cluster.step(node, .transferLeadership(to: cluster.nodes[numbers[1] - 1].key))
        case "resign": try cluster.step(node, .resign)
        case "show": lines.all += cluster.nodes.map(Narration.state)
        default: lines.all.append("unknown command")
        }
        return words.last == "quietly" ? [] : lines.all
    }
}
