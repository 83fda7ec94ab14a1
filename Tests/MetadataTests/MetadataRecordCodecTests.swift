import Metadata
import Testing
import Vocabulary

struct MetadataRecordCodecTests {
    static let topic = UUID128(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    static let directory = UUID128(high: 1, low: 2)

    /// One of each, and the bytes they must keep for ever. A change here is a change of every log on disk.
    static let golden: [(record: MetadataRecord, hex: String)] = {
        let key = TopicIDPartition(topic: topic, partition: 5)
        var state = PartitionState(replicas: [1, 2], directories: [directory, .zero], isr: [1], leader: 1)
        state.eligibleLeaders = [2]
        state.leaderEpoch = 7
        state.partitionEpoch = 9
        state.recovery = .recovering
        state.adding = [2]
        state.removing = [3]
        var change = PartitionChange(partitionEpoch: 10)
        change.leaderEpoch = 8
        change.leader = BrokerID.none
        change.lastKnownLeader = 1
        change.isr = []
        var full = PartitionChange(partitionEpoch: 11)
        full.eligibleLeaders = [1, 2]
        full.recovery = .recovered
        full.replicas = [3]
        full.directories = [directory]
        full.adding = []
        full.removing = [4]
        let broker = BrokerRegistration(
            id: 3, epoch: 258, incarnation: topic,
            endpoints: [.init(name: "P", host: "h", port: 9092, securityProtocol: 2)], rack: "r",
            directories: [directory], features: [.init(name: "f", min: 1, max: 3)], isFenced: true,
            isShuttingDown: false)
        return [
            (.clusterFormatted(clusterID: "id"), "0100026964"),
            (.featureSet(name: "f", level: 3), "020001660003"),
            (
                .brokerRegistered(broker),
                "03000000000300000000000001020102030405060708090a0b0c0d0e0f10010150016823"
                    + "8400020101720100000000000000010000000000000002010166000100030100"
            ),
            (.brokerFenced(3, epoch: 258), "0400000000030000000000000102"),
            (.brokerUnfenced(3, epoch: 258), "0500000000030000000000000102"),
            (.brokerShutdownStarted(3, epoch: 258), "0600000000030000000000000102"),
            (
                .brokerDirectoriesChanged(3, epoch: 258, directories: [directory]),
                "07000000000300000000000001020100000000000000010000000000000002"
            ),
            (.brokerUnregistered(3, epoch: 258), "0800000000030000000000000102"),
            (.brokerEpochsIssued(next: 259), "09000000000000000103"),
            (
                .topicCreated(topic, name: "ä.b", at: 1_700_000_000_000),
                "0a000102030405060708090a0b0c0d0e0f1004c3a42e620000018bcfe56800"
            ),
            (.topicDeleted(topic), "0b000102030405060708090a0b0c0d0e0f10"),
            (
                .partitionCreated(key, state),
                "0c000102030405060708090a0b0c0d0e0f10000000050200000001000000020200000000"
                    + "000000010000000000000002000000000000000000000000000000000100000001010000"
                    + "000200000001ffffffff00000007000000090101000000020100000003"
            ),
            (
                .partitionChanged(key, change),
                "0d000102030405060708090a0b0c0d0e0f10000000050000000a1700000008ffffffff00"
                    + "00000001"
            ),
            (
                .partitionChanged(key, full),
                "0d000102030405060708090a0b0c0d0e0f10000000050000000be8070200000001000000"
                    + "020001000000030100000000000000010000000000000002000100000004"
            ),
            (.configSet(.topic("a"), name: "n", value: "v"), "0e00020161016e0176"),
            (.configRemoved(.brokerDefault, name: "n"), "0f000400016e"),
            (
                .producerIDsAllocated(to: 3, epoch: 258, next: 2000),
                "100000000003000000000000010200000000000007d0"
            ),
        ]
    }()

    @Test(arguments: golden)
    func `a record's bytes do not change`(record: MetadataRecord, hex: String) {
        #expect(record.encode().hex == hex)
    }

    @Test(arguments: golden)
    func `a record is read back from its bytes`(record: MetadataRecord, hex: String) throws {
        #expect(try MetadataRecord(decoding: record.encode()) == record)
    }

    @Test(arguments: golden)
    func `a record cut short, or with bytes left over, is an error`(record: MetadataRecord, hex: String) {
        let bytes = record.encode()
        for count in bytes.indices {
            #expect(throws: FieldError.self) { try MetadataRecord(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: FieldError.malformed(at: bytes.count, "bytes left over")) {
            try MetadataRecord(decoding: bytes + [0])
        }
    }

    @Test(arguments: golden)
    func `wrong bytes anywhere are an error or another record, never a trap`(
        record: MetadataRecord, hex: String
    ) {
        let bytes = record.encode()
        for place in bytes.indices {
            for wrong in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
                var copy = bytes
                copy[place] = wrong
                if let other = try? MetadataRecord(decoding: copy) { _ = other.encode() }
            }
        }
    }

    @Test func `what a later version wrote is refused by name`() {
        #expect(throws: FieldError.unknownType(99, at: 0)) { try MetadataRecord(decoding: [99, 0]) }
        #expect(throws: FieldError.unknownVersion(1, at: 1)) {
            try MetadataRecord(decoding: [11, 1] + Array(repeating: 0, count: 16))
        }
        #expect("\(FieldError.unknownType(99, at: 0))".contains("later version"))
    }

    @Test func `a length beyond the bytes at hand reserves nothing`() {
        #expect(throws: FieldError.self) {
            try MetadataRecord(
                decoding: [1, 0] + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
        }
        #expect(throws: FieldError.self) {
            try MetadataRecord(decoding: [1, 0] + Array(repeating: 0xFF, count: 12))
        }
    }
}
