import Metadata
import Vocabulary

/// Commands of every kind, with values that are easily confused or lost.
enum CommandSamples {
    static let topic = UUID128(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    static let other = UUID128(high: .max, low: .max)
    static let key = TopicIDPartition(topic: topic, partition: 5)
    static let lastKey = TopicIDPartition(topic: other, partition: .max)

    /// One of each kind, small, and the bytes it must keep as long as brokers of two versions may meet.
    static let golden: [(command: MetadataCommand, hex: String)] = [
        (.formatCluster(clusterID: "id", features: [("f", 3)]), "01000269640101660003"),
        (
            .createTopics(
                [
                    NewTopic(
                        name: "a", partitionCount: 3, replicationFactor: 2, assignments: [(0, [1, 2])],
                        configs: [("n", "v"), ("m", nil)])
                ], validateOnly: true),
            "0200010161000000030002010000000002000000010000000202016e010176016d0001"
        ),
        (.autoCreateTopics(["a", "ä"]), "030002016102c3a4"),
        (.deleteTopics([.name("a"), .id(topic)]), "040002000161010102030405060708090a0b0c0d0e0f10"),
        (
            .createPartitions(
                [NewPartitions(topic: "a", count: 4, assignments: [[1], [2]])], validateOnly: false),
            "05000101610000000401020100000001010000000200"
        ),
        (
            .alterConfigs(
                [ConfigReplacement(resource: .topic("a"), values: [("n", "v")])], validateOnly: true),
            "06000102016101016e01017601"
        ),
        (
            .incrementalAlterConfigs(
                [
                    ConfigAlteration(
                        resource: .broker(1), changes: [("n", .append, "v"), ("m", .delete, nil)])
                ],
                validateOnly: false), "07000104013102016e02010176016d010000"
        ),
        (
            .registerBroker(
                NewBroker(
                    id: 3, clusterID: "c", incarnation: topic,
                    endpoints: [.init(name: "P", host: "h", port: 9092, securityProtocol: 2)], rack: "r",
                    directories: [topic], features: [.init(name: "f", min: 1, max: 3)], startsFenced: true,
                    stoppedCleanly: false, epoch: 258)),
            "08000000000301630102030405060708090a0b0c0d0e0f10010150016823840002010172"
                + "010102030405060708090a0b0c0d0e0f10010166000100030100010000000000000102"
        ),
        (.fenceBroker(3, epoch: 258), "0900000000030000000000000102"),
        (.unfenceBroker(3, epoch: 258), "0a00000000030000000000000102"),
        (.startBrokerShutdown(3, epoch: 258), "0b00000000030000000000000102"),
        (.unregisterBroker(3), "0c0000000003"),
        (
            .failDirectories(3, epoch: 258, directories: [topic]),
            "0d00000000030000000000000102010102030405060708090a0b0c0d0e0f10"
        ),
        (
            .setDirectories(3, epoch: 258, [.init(partition: key, directory: topic)]),
            "0e00000000030000000000000102010102030405060708090a0b0c0d0e0f100000000501"
                + "02030405060708090a0b0c0d0e0f10"
        ),
        (.allocateProducerIDs(3, epoch: 258), "0f00000000030000000000000102"),
        (
            .alterPartitions(
                3, epoch: 258,
                [
                    PartitionProposal(
                        partition: key, leaderEpoch: 7, partitionEpoch: 9, isr: [(1, 258), (2, -1)],
                        recovery: .recovering)
                ]),
            "1000000000030000000000000102010102030405060708090a0b0c0d0e0f100000000500"
                + "000007000000090200000001000000000000010200000002ffffffffffffffff01"
        ),
        (.setFeature(name: "f", level: 3), "110001660003"),
    ]

    /// Nothing, the largest, the smallest, and text in many scripts.
    static let awkward: [MetadataCommand] = [
        .formatCluster(clusterID: "", features: []),
        .formatCluster(clusterID: "\u{0}日本🚀", features: [("", .min), ("é", .max)]),
        .createTopics([], validateOnly: false),
        .createTopics(
            [
                NewTopic(name: ""), NewTopic(name: "ß", partitionCount: .max, replicationFactor: .min),
                NewTopic(
                    name: String(repeating: "x", count: 300), partitionCount: .min, replicationFactor: .max,
                    assignments: [(.max, []), (.min, [BrokerID(.max), BrokerID(.min)])],
                    configs: [("", nil), ("", ""), ("a", String(repeating: "é", count: 20_000))]),
            ], validateOnly: true),
        .autoCreateTopics([]), .autoCreateTopics(["", "", "🚀"]),
        .deleteTopics([]), .deleteTopics([.name(""), .id(.zero), .id(other), .name("a")]),
        .createPartitions(
            [
                NewPartitions(topic: "", count: .min),
                NewPartitions(topic: "a", count: .max, assignments: []),
                NewPartitions(topic: "b", count: 0, assignments: [[], [BrokerID(.min)], []]),
            ], validateOnly: true),
        .alterConfigs([], validateOnly: false),
        .alterConfigs(
            ConfigResource.Kind.allCases.map { ConfigReplacement(resource: .init($0, ""), values: []) },
            validateOnly: true),
        .incrementalAlterConfigs([], validateOnly: true),
        .incrementalAlterConfigs(
            [
                ConfigAlteration(resource: .brokerDefault, changes: []),
                ConfigAlteration(
                    resource: .topic("ä"),
                    changes: [
                        ("", .set, ""), ("b", .delete, "x"), ("c", .append, nil), ("d", .subtract, "y"),
                    ]),
            ], validateOnly: false),
        .registerBroker(
            NewBroker(
                id: BrokerID(.max), clusterID: "", incarnation: .zero, endpoints: [], directories: [],
                startsFenced: false, stoppedCleanly: true)),
        .registerBroker(
            NewBroker(
                id: BrokerID(.min), clusterID: "日本", incarnation: other,
                endpoints: [
                    .init(name: "", host: "", port: 0, securityProtocol: .min),
                    .init(name: "Ä", host: "::1", port: .max, securityProtocol: .max),
                ], rack: "", directories: [other, .zero, other],
                features: [.init(name: "", min: .max, max: .min)], startsFenced: false, stoppedCleanly: false,
                epoch: .min)),
        .fenceBroker(BrokerID(.min), epoch: .max), .unfenceBroker(BrokerID(.max), epoch: .min),
        .startBrokerShutdown(.none, epoch: -1), .unregisterBroker(BrokerID(.min)),
        .failDirectories(1, epoch: .max, directories: []), .setDirectories(1, epoch: .min, []),
        .setDirectories(1, epoch: 0, [.init(partition: lastKey, directory: .zero)]),
        .allocateProducerIDs(.none, epoch: .max), .alterPartitions(0, epoch: 0, []),
        .alterPartitions(
            BrokerID(.max), epoch: .min,
            [
                PartitionProposal(
                    partition: lastKey, leaderEpoch: LeaderEpoch(.max), partitionEpoch: .min, isr: []),
                PartitionProposal(
                    partition: key, leaderEpoch: LeaderEpoch(.min), partitionEpoch: .max,
                    isr: [(BrokerID(.max), .min), (BrokerID(.min), .max)], recovery: .recovering),
            ]),
        .setFeature(name: "", level: .min), .setFeature(name: "🚀", level: .max),
    ]

    static let all = golden.map(\.command) + awkward
}
