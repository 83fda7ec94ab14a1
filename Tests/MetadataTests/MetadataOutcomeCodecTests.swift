import Metadata
import Testing
import Vocabulary

struct MetadataOutcomeCodecTests {
    @Test(arguments: OutcomeSamples.golden)
    func `an outcome's bytes do not change`(outcome: MetadataOutcome, hex: String) {
        #expect(outcome.encode().hex == hex)
    }

    @Test func `each kind of outcome has a number of its own, and each is tried here`() {
        #expect(OutcomeSamples.golden.map { $0.outcome.encode()[0] } == Array(0...9))
    }

    @Test(arguments: OutcomeSamples.all)
    func `an outcome is read back from its bytes`(outcome: MetadataOutcome) throws {
        #expect(try MetadataOutcome(decoding: outcome.encode()) == outcome)
    }

    @Test(arguments: OutcomeSamples.golden.map(\.outcome) + [.success(.topicsCreated(OutcomeSamples.mixed))])
    func `an outcome cut short, or with bytes left over, is an error`(outcome: MetadataOutcome) {
        let bytes = outcome.encode()
        for count in bytes.cuts {
            #expect(throws: FieldError.self) {
                try MetadataOutcome(decoding: Array(bytes[..<count]))
            }
        }
        #expect(throws: FieldError.malformed(at: bytes.count, "bytes left over")) {
            try MetadataOutcome(decoding: bytes + [0])
        }
    }

    @Test func `topics of one request share what their configurations have in common`() throws {
        var cluster = try Cluster.of(1)
        let topics = (0..<500).map { index in
            NewTopic(name: "t\(index)", configs: index % 2 == 0 ? [] : [("retention.ms", "\(index)")])
        }
        let reply = try cluster.run(.createTopics(topics, validateOnly: false))
        let bytes = MetadataOutcome.success(reply).encode()
        #expect(bytes.count < 500 * 500, "\(bytes.count) bytes")
        #expect(try MetadataOutcome(decoding: bytes) == .success(reply))
        guard case .topicsCreated(let created) = reply else { return }
        #expect(
            created.map(\.configs.count) == Array(repeating: ConfigCatalogue.topic.names.count, count: 500))
    }

    @Test func `what a later version answers is refused by name`() {
        #expect(throws: FieldError.unknownType(10, at: 0)) { try MetadataOutcome(decoding: [10, 0]) }
        #expect(throws: FieldError.unknownVersion(1, at: 1)) {
            try MetadataOutcome(decoding: [1, 1])
        }
        #expect(throws: FieldError.malformed(at: 2, "32000 is no error code")) {
            try MetadataOutcome(decoding: [0, 0, 0x7D, 0x00, 0])
        }
    }

    @Test func `a configuration that refers to no topic before is an error`() {
        let topic = [1, 0x61] + Array(repeating: 0, count: 16 + 1 + 4 + 2) as [UInt8]
        let refers = FieldError.malformed(at: 30, "no topic before has such a value")
        #expect(throws: refers) { try MetadataOutcome(decoding: [2, 0, 1] + topic + [1, 0]) }
        #expect(throws: Never.self) { try MetadataOutcome(decoding: [2, 0, 1] + topic + [0]) }
    }

    @Test(arguments: [2, 3, 4, 5, 8, 9] as [UInt8])
    func `a count beyond the bytes at hand reserves nothing`(type: UInt8) {
        #expect(throws: FieldError.self) {
            try MetadataOutcome(decoding: [type, 0] + Array(repeating: 0xFF, count: 9) + [0x01])
        }
        #expect(throws: FieldError.self) {
            try MetadataOutcome(decoding: [type, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] + [0, 0, 0])
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `wrong bytes are an error or another outcome, never a trap`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var read = 0
        for round in 0..<2_000 {
            let wrong =
                round % 2 == 0
                ? [UInt8(round / 2 % 10), 0] + RandomBytes.draw(upTo: 60, using: &chance)
                : RandomBytes.spoil(
                    OutcomeSamples.golden[round / 2 % 10].outcome.encode(), using: &chance)
            guard let outcome = try? MetadataOutcome(decoding: wrong) else { continue }
            read += 1
            #expect((try? MetadataOutcome(decoding: outcome.encode())) == outcome)
        }
        #expect(read > 20, "seed \(seed) made hardly an outcome")
    }

    /// As a broker that forwards does it: neither the command nor the outcome loses anything on its way.
    @Test(arguments: UInt64(1)...10)
    func `a command forwarded is decided as if it had been given here`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        var cluster = try Cluster.of(3)
        for _ in 0..<60 {
            let command = RandomCommandsTests.command(cluster, &chance)
            let forwarded = try MetadataCommand(decoding: command.encode())
            let here = outcome(of: command, in: cluster)
            #expect(try MetadataOutcome(decoding: outcome(of: forwarded, in: cluster).encode()) == here)
            if case .success = here { try cluster.run(forwarded) }
        }
    }

    private func outcome(of command: MetadataCommand, in cluster: Cluster) -> MetadataOutcome {
        do throws(MetadataError) {
            return .success(try cluster.controller.decide(command, at: cluster.now).reply)
        } catch {
            return .failure(error)
        }
    }
}
