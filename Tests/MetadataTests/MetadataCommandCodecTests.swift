import Metadata
import Testing
import Vocabulary

struct MetadataCommandCodecTests {
    @Test(arguments: CommandSamples.golden)
    func `a command's bytes do not change`(command: MetadataCommand, hex: String) {
        #expect(command.encode().hex == hex)
    }

    @Test func `each kind of command has a number of its own, and each is tried here`() {
        #expect(CommandSamples.golden.map { $0.command.encode()[0] } == Array(1...17))
    }

    @Test(arguments: CommandSamples.all)
    func `a command is read back from its bytes`(command: MetadataCommand) throws {
        let bytes = command.encode()
        let decoded = try MetadataCommand(decoding: bytes)
        #expect(decoded.encode() == bytes)
        // Equal bytes could hide a field that is neither written nor read.
        #expect(String(describing: decoded) == String(describing: command))
    }

    @Test(arguments: CommandSamples.all)
    func `a command cut short, or with bytes left over, is an error`(command: MetadataCommand) {
        let bytes = command.encode()
        for count in bytes.cuts {
            #expect(throws: FieldError.self) {
                try MetadataCommand(decoding: Array(bytes[..<count]))
            }
        }
        #expect(throws: FieldError.malformed(at: bytes.count, "bytes left over")) {
            try MetadataCommand(decoding: bytes + [0])
        }
    }

    @Test func `what a later version asks is refused by name`() {
        #expect(throws: FieldError.unknownType(18, at: 0)) { try MetadataCommand(decoding: [18, 0]) }
        #expect(throws: FieldError.unknownType(0, at: 0)) { try MetadataCommand(decoding: [0, 0]) }
        #expect(throws: FieldError.unknownVersion(1, at: 1)) {
            try MetadataCommand(decoding: [12, 1, 0, 0, 0, 3])
        }
    }

    @Test func `numbers that stand for nothing are refused by name`() {
        #expect(throws: FieldError.malformed(at: 3, "2 is no way to name a topic")) {
            try MetadataCommand(decoding: [4, 0, 1, 2, 0])
        }
        #expect(throws: FieldError.malformed(at: 3, "3 is no resource type")) {
            try MetadataCommand(decoding: [6, 0, 1, 3, 0, 0, 0])
        }
        #expect(throws: FieldError.malformed(at: 7, "4 is no operation")) {
            try MetadataCommand(decoding: [7, 0, 1, 2, 0, 1, 0, 4, 0, 0])
        }
    }

    @Test(arguments: [2, 3, 4, 5, 6, 7] as [UInt8])
    func `a count beyond the bytes at hand reserves nothing`(type: UInt8) {
        #expect(throws: FieldError.self) {
            try MetadataCommand(decoding: [type, 0] + Array(repeating: 0xFF, count: 9) + [0x01])
        }
        #expect(throws: FieldError.self) {
            try MetadataCommand(decoding: [type, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] + [0, 0, 0])
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `random bytes are an error or a command, never a trap`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var read = 0
        for round in 0..<2_000 {
            let type = UInt8(1 + round % 17)
            let bytes = [type, 0] + RandomBytes.draw(upTo: 60, using: &chance)
            guard let command = try? MetadataCommand(decoding: bytes) else { continue }
            read += 1
            let again = command.encode()
            #expect((try? MetadataCommand(decoding: again))?.encode() == again)
        }
        #expect(read > 5, "seed \(seed) made hardly a command")
    }

    /// What a broker of the same cluster sends is decided whatever it is: nothing in it may stop the controller.
    @Test(arguments: UInt64(1)...20)
    func `commands with wrong bytes are decided or refused, never a trap`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        var cluster = try Cluster.of(3)
        try cluster.create(NewTopic(name: "a", partitionCount: 2, replicationFactor: 2))
        var decided = 0
        for round in 0..<300 {
            let right =
                round % 3 == 0
                ? CommandSamples.all[round / 3 % CommandSamples.all.count]
                : RandomCommandsTests.command(cluster, &chance)
            let wrong = RandomBytes.spoil(right.encode(), using: &chance)
            guard let command = try? MetadataCommand(decoding: wrong) else { continue }
            guard let decision = try? cluster.controller.decide(command, at: cluster.now) else { continue }
            decided += 1
            cluster.append(decision.records)
        }
        #expect(decided > 20, "seed \(seed) decided hardly anything")
    }
}
