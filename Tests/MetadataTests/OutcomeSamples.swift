import Metadata
import Vocabulary

/// Outcomes of every kind, with values that are easily confused or lost.
enum OutcomeSamples {
    static let topic = CommandSamples.topic
    static let other = CommandSamples.other
    static let key = CommandSamples.key
    static let refusal = MetadataError(.topicAlreadyExists, "no")

    /// One of each kind, small, and the bytes it must keep as long as brokers of two versions may meet.
    static let golden: [(outcome: MetadataOutcome, hex: String)] = [
        (.failure(.init(.notController, "no")), "00000029026e6f"),
        (.success(.done), "0100"),
        (
            .success(
                .topicsCreated([
                    created("a", configs: [config("n", "v"), config("m", nil)]),
                    created("b", configs: [config("n", "v"), config("m", "w")]),
                ])),
            "02000201610102030405060708090a0b0c0d0e0f10007fffffff00030201016e09010176"
                + "0202016e0101760201730005010002c3a901016d09000202016d000201730005010002c3"
                + "a901620102030405060708090a0b0c0d0e0f10007fffffff0003020001016d0901017702"
                + "02016d0101770201730005010002c3a9"
        ),
        (
            .success(
                .topicsDeleted([.init(name: "a", id: topic), .init(name: nil, id: topic, error: refusal)])),
            "0300020101610102030405060708090a0b0c0d0e0f1000000102030405060708090a0b0c"
                + "0d0e0f10010024026e6f"
        ),
        (
            .success(.partitionsCreated([.init(topic: "a"), .init(topic: "b", error: refusal)])),
            "0400020161000162010024026e6f"
        ),
        (
            .success(
                .configsAltered([.init(resource: .topic("a")), .init(resource: .broker(1), error: refusal)])),
            "05000202016100040131010024026e6f"
        ),
        (.success(.brokerRegistered(epoch: 258)), "06000000000000000102"),
        (.success(.producerIDsAllocated(first: 258, count: 1_000)), "07000000000000000102000003e8"),
        (
            .success(
                .partitionsAltered([
                    .init(
                        partition: key,
                        state: PartitionState(
                            replicas: [1, 2], directories: [topic, .zero], isr: [1], leader: 1)),
                    .init(partition: key, error: .fencedLeaderEpoch),
                ])),
            "0800020102030405060708090a0b0c0d0e0f100000000500000102000000010000000202"
                + "0102030405060708090a0b0c0d0e0f100000000000000000000000000000000001000000"
                + "010000000001ffffffff00000000000000000000000102030405060708090a0b0c0d0e0f"
                + "1000000005004a00"
        ),
        (
            .success(
                .directoriesSet([.init(partition: key), .init(partition: key, error: .unknownTopicId)])),
            "0900020102030405060708090a0b0c0d0e0f100000000500000102030405060708090a0b"
                + "0c0d0e0f10000000050064"
        ),
    ]

    /// Nothing, the largest, the smallest, and text in many scripts.
    static let awkward: [MetadataOutcome] =
        ErrorCode.allCases.map { .failure(.init($0, "日本🚀\u{0}")) } + [
            .failure(.init(.none, "")), .success(.topicsCreated([])), .success(.topicsDeleted([])),
            .success(.partitionsCreated([])), .success(.configsAltered([])),
            .success(.partitionsAltered([])), .success(.directoriesSet([])),
            .success(.brokerRegistered(epoch: .min)), .success(.brokerRegistered(epoch: .max)),
            .success(.producerIDsAllocated(first: .max, count: .min)),
            .success(.producerIDsAllocated(first: .min, count: .max)),
            .success(.topicsDeleted([.init(name: "", id: other, error: .init(.none, ""))])),
            .success(.configsAltered(ConfigResource.Kind.allCases.map { .init(resource: .init($0, "é")) })),
            .success(.partitionsAltered([.init(partition: CommandSamples.lastKey, state: state)])),
            .success(.topicsCreated([created("", configs: []), CreatedTopic(name: "日本")])),
            .success(.topicsCreated(mixed)),
        ]

    static let all = golden.map(\.outcome) + awkward

    /// Topics that have all, some or none of their values in common with the one before, and a refused one between.
    static let mixed: [CreatedTopic] = {
        var refused = CreatedTopic(name: "refused")
        refused.error = refusal
        let three = [config("a", "1"), config("b", "2"), config("c", "3")]
        return [
            created("first", configs: three), refused, created("same", configs: three),
            created("shorter", configs: Array(three.prefix(1))), created("longer", configs: three),
            created("other order", configs: three.reversed()), created("none", configs: []),
            created("other", configs: [config("a", "1"), config("b", nil), config("c", "3", .default)]),
        ]
    }()

    private static let state: PartitionState = {
        var state = PartitionState(replicas: [], directories: [], isr: [], leader: .none)
        state.eligibleLeaders = [BrokerID(.max), BrokerID(.min)]
        state.lastKnownLeader = BrokerID(.max)
        state.leaderEpoch = LeaderEpoch(.max)
        state.partitionEpoch = .min
        state.recovery = .recovering
        state.adding = [1]
        state.removing = [2, 3]
        return state
    }()

    private static func created(_ name: String, configs: [ResolvedConfig]) -> CreatedTopic {
        var topic = CreatedTopic(name: name)
        topic.id = Self.topic
        topic.partitionCount = .max
        topic.replicationFactor = 3
        topic.configs = configs
        return topic
    }

    private static func config(
        _ name: String, _ value: String?, _ source: ConfigSource = .dynamicBroker
    ) -> ResolvedConfig {
        ResolvedConfig(
            name: name, type: .password, value: value, source: source,
            synonyms: [
                .init(name: name, value: value, source: source),
                .init(name: "s", value: nil, source: .default),
            ],
            isReadOnly: true, isSensitive: false, documentation: "é")
    }
}
