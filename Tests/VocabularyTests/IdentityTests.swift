import Testing

@testable import Vocabulary

struct UUID128Tests {
    @Test(arguments: [1, 2, 3, 99] as [UInt64])
    func `an id's text reads back as the id`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let id = UUID128(using: &generator)
            #expect(id.description.utf8.count == 22)
            #expect(UUID128(id.description) == id)
            #expect(!id.description.hasPrefix("-"))
        }
    }

    @Test func `ids are spelled as Kafka spells them`() {
        #expect(UUID128.zero.description == "AAAAAAAAAAAAAAAAAAAAAA")
        #expect(UUID128.metadataTopic.description == "AAAAAAAAAAAAAAAAAAAAAQ")
        #expect(UUID128(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f).description == "AAECAwQFBgcICQoLDA0ODw")
        #expect(UUID128("too short") == nil)
    }
}

struct ErrorCodeTests {
    @Test func `codes carry Kafka's names`() {
        #expect(ErrorCode.notLeaderOrFollower.name == "NOT_LEADER_OR_FOLLOWER")
        #expect(ErrorCode(rawValue: 3) == .unknownTopicOrPartition)
        #expect(ErrorCode.unknownServerError.rawValue == -1)
    }
}
